/** The contract of Route 53's change batches: what it refuses, in its own words, and that a refused batch changes nothing. */

import type { Change } from "@aws-sdk/client-route-53";
import { describe, expect, it } from "vitest";
import { makeRoute53, type RecordChange } from "../../adapters/route53.ts";
import { ZONE } from "./dns-bench.ts";
import { bench, send, set, weighted } from "./route53-bench.ts";

describe("Route 53 refuses a batch in its own words, and then changes nothing", () => {
  const cases: readonly (readonly [
    title: string,
    changes: readonly Change[],
    name: string,
    message: string,
  ])[] = [
    [
      "creating what exists",
      [set("CREATE", `API.${ZONE}`, "A", "192.0.2.9")],
      "InvalidChangeBatch",
      `[Tried to create resource record set [name='api.${ZONE}.', type='A'] but it already exists]`,
    ],
    [
      "deleting what isn't there",
      [set("DELETE", `nothing.${ZONE}`, "A", "192.0.2.9")],
      "InvalidChangeBatch",
      `[Tried to delete resource record set [name='nothing.${ZONE}.', type='A'] but it was not found]`,
    ],
    [
      "deleting with another value",
      [set("DELETE", `api.${ZONE}`, "A", "192.0.2.9")],
      "InvalidChangeBatch",
      `[Tried to delete resource record set [name='api.${ZONE}.', type='A'] but the values provided do not match the current values]`,
    ],
    [
      "a CNAME at the apex",
      [set("UPSERT", ZONE, "CNAME", "elsewhere.example.")],
      "InvalidChangeBatch",
      `[RRSet of type CNAME with DNS name ${ZONE}. is not permitted at apex in zone ${ZONE}.]`,
    ],
    [
      "a CNAME beside others",
      [set("UPSERT", `api.${ZONE}`, "CNAME", "elsewhere.example.")],
      "InvalidChangeBatch",
      `[RRSet of type CNAME with DNS name api.${ZONE}. is not permitted as it conflicts with other records with the same DNS name in zone ${ZONE}.]`,
    ],
    [
      "another type beside a CNAME",
      [set("CREATE", `docs.${ZONE}`, "TXT", '"owner"')],
      "InvalidChangeBatch",
      `[RRSet of type TXT with DNS name docs.${ZONE}. is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone ${ZONE}.]`,
    ],
    [
      "simple beside weighted",
      [set("CREATE", `w.${ZONE}`, "A", "192.0.2.9")],
      "InvalidChangeBatch",
      `[RRSet with DNS name w.${ZONE}., type A, SetIdentifier null cannot be created as other RRSets exist with the same name and type]`,
    ],
    [
      "weighted beside simple",
      [
        {
          Action: "CREATE",
          ResourceRecordSet: {
            ...set("CREATE", `api.${ZONE}`, "A", "192.0.2.9").ResourceRecordSet,
            SetIdentifier: "green",
            Weight: 1,
          } as never,
        },
      ],
      "InvalidChangeBatch",
      `[RRSet with DNS name api.${ZONE}., type A, SetIdentifier green cannot be created as a non-weighted set exists with the same name and type]`,
    ],
    [
      "a name outside the zone",
      [set("CREATE", "www.elsewhere.example", "A", "192.0.2.9")],
      "InvalidChangeBatch",
      `[RRSet with DNS name www.elsewhere.example. is not permitted in zone ${ZONE}.]`,
    ],
    [
      "one set twice",
      [set("UPSERT", `x.${ZONE}`, "A", "192.0.2.9"), set("UPSERT", `x.${ZONE}`, "A", "192.0.2.8")],
      "InvalidChangeBatch",
      `[The request contains an invalid set of changes for a resource record set 'A x.${ZONE}.']`,
    ],
    [
      "an address that is none",
      [set("UPSERT", `x.${ZONE}`, "A", "192.0.2.999")],
      "InvalidChangeBatch",
      "ARRDATAIllegalIPv4Address",
    ],
    [
      "a text without quotes",
      [set("UPSERT", `x.${ZONE}`, "TXT", "owner")],
      "InvalidChangeBatch",
      "enclosed in quotation marks",
    ],
    [
      "two CNAMEs in one set",
      [set("UPSERT", `x.${ZONE}`, "CNAME", "a.example.", "b.example.")],
      "InvalidChangeBatch",
      "can only have one resource record",
    ],
    [
      "more than 1,000 records, each UPSERT counted twice",
      Array.from({ length: 501 }, (_, i) => set("UPSERT", `n${i}.${ZONE}`, "A", "192.0.2.9")),
      "InvalidChangeBatch",
      "[Number of records limit of 1000 exceeded.]",
    ],
    ["no changes", [], "InvalidInput", "Missing field 'Changes'"],
    [
      "neither alias nor values",
      [{ Action: "UPSERT", ResourceRecordSet: { Name: `x.${ZONE}`, Type: "A", TTL: 60 } }],
      "InvalidInput",
      `Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found none in Change with [Action=UPSERT, Name=x.${ZONE}, Type=A, SetIdentifier=null]`,
    ],
    [
      "a weight without an identifier",
      [
        {
          Action: "UPSERT",
          ResourceRecordSet: {
            ...set("UPSERT", `x.${ZONE}`, "A", "192.0.2.9").ResourceRecordSet,
            Weight: 1,
          } as never,
        },
      ],
      "InvalidInput",
      "Missing field 'SetIdentifier'",
    ],
    [
      "one bad change among good ones",
      [set("UPSERT", `good.${ZONE}`, "A", "192.0.2.9"), set("CREATE", `api.${ZONE}`, "A", "192.0.2.9")],
      "InvalidChangeBatch",
      "already exists",
    ],
  ];
  it.each(cases)("%s", async (_title, changes, name, message) => {
    const { asStep, dns } = bench();
    const before = dns.zones.records(dns.child.id);
    const refused = asStep((aws) => send(aws, dns.child.id, ...changes));
    await expect(refused).rejects.toMatchObject({
      name,
      message: expect.stringContaining(message),
      $metadata: { httpStatusCode: 400 },
    });
    expect(dns.zones.records(dns.child.id)).toBe(before);
  });

  it("deleting the zone's own SOA or NS, with the apex as it is", async () => {
    const { asStep, dns } = bench();
    const apex = dns.zones.records(dns.child.id).filter((r) => r.name === `${ZONE}.`);
    const changes: RecordChange[] = apex.map((record) => ({ action: "DELETE", record }));
    const refused = asStep((aws) => makeRoute53(aws.route53).change(dns.child.id, changes));
    await expect(refused).rejects.toMatchObject({
      name: "Invalid",
      message: expect.stringMatching(
        /exactly one SOA record\..*at least one NS record for the zone itself\./,
      ),
    });
  });

  it("weighted sets of different TTLs", async () => {
    const { asStep, dns } = bench();
    const record = weighted("green", 1, "192.0.2.4", `w.${ZONE}.`, 300);
    const refused = asStep((aws) =>
      makeRoute53(aws.route53).change(dns.child.id, [{ action: "CREATE", record }]),
    );
    await expect(refused).rejects.toMatchObject({
      message: expect.stringContaining("must contain the same TTL"),
    });
  });
});
