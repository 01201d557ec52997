/** The contract of Route 53: zones, changes that are in sync later, order and pages of its lists; and the adapter over it. */

import {
  CreateHostedZoneCommand,
  DeleteHostedZoneCommand,
  GetChangeCommand,
  GetHostedZoneCommand,
  ListHostedZonesByNameCommand,
  ListResourceRecordSetsCommand,
} from "@aws-sdk/client-route-53";
import { describe, expect, it } from "vitest";
import { makeRoute53, type RecordChange, sameRecord } from "../../adapters/route53.ts";
import type { RecordSet } from "../../domain/effects.ts";
import type { AwsClients } from "../../functions/step.ts";
import { addressTo, aliasTo, HOST, SOURCE_LB, TARGET_LB, ZONE } from "./dns-bench.ts";
import { bench, RECORDS, send, set, weighted } from "./route53-bench.ts";

describe("Route 53 refuses", () => {
  it.each([
    ["a zone that isn't there", new GetHostedZoneCommand({ Id: "ZNONE" }), "NoSuchHostedZone", 404],
    [
      "records of a zone that isn't there",
      new ListResourceRecordSetsCommand({ HostedZoneId: "ZNONE" }),
      "NoSuchHostedZone",
      404,
    ],
    ["a change that isn't there", new GetChangeCommand({ Id: "CNONE" }), "NoSuchChange", 404],
    [
      "a zone at the top level",
      new CreateHostedZoneCommand({ Name: "example", CallerReference: "r" }),
      "InvalidDomainName",
      400,
    ],
    [
      "a caller reference that was used",
      new CreateHostedZoneCommand({ Name: ZONE, CallerReference: "before-the-run" }),
      "HostedZoneAlreadyExists",
      409,
    ],
    [
      "a start type without a name",
      new ListResourceRecordSetsCommand({ HostedZoneId: "CHILD", StartRecordType: "A" }),
      "InvalidInput",
      400,
    ],
  ] as const)("%s", async (_title, command, name, httpStatusCode) => {
    const { asStep, dns } = bench();
    const input = command.input as { HostedZoneId?: string };
    if (input.HostedZoneId === "CHILD") input.HostedZoneId = dns.child.id;
    const refused = asStep((aws) => aws.route53.send(command as GetHostedZoneCommand));
    await expect(refused).rejects.toMatchObject({ name, $metadata: { httpStatusCode } });
  });

  it("deleting a zone that isn't empty", async () => {
    const { asStep, dns } = bench();
    const refused = asStep((aws) => aws.route53.send(new DeleteHostedZoneCommand({ Id: dns.child.id })));
    await expect(refused).rejects.toMatchObject({
      name: "HostedZoneNotEmpty",
      message:
        "The specified hosted zone contains non-required resource record sets  and so cannot be deleted.",
    });
  });

  it("a second change of a zone while it works on the first; another zone is free", async () => {
    const { asStep, dns, clock } = bench();
    const change = set("UPSERT", `x.${ZONE}`, "A", "192.0.2.9");
    await asStep(async (aws) => {
      const other = await aws.route53.send(
        new CreateHostedZoneCommand({ Name: ZONE, CallerReference: "mine" }),
      );
      await send(aws, dns.child.id, change);
      await expect(send(aws, dns.child.id, change)).rejects.toMatchObject({
        name: "PriorRequestNotComplete",
      });
      await send(aws, other.HostedZone?.Id ?? "", change);
      await clock.sleep(2_000);
      await send(aws, dns.child.id, change);
    });
  });

  it("more than fifty requests at once, and refills ten a second", async () => {
    const { asStep, dns, clock } = bench();
    const get = (aws: AwsClients) => aws.route53.send(new GetHostedZoneCommand({ Id: dns.child.id }));
    const burst = async (aws: AwsClients, count: number) => {
      const results = await Promise.allSettled(Array.from({ length: count }, () => get(aws)));
      const refused = results.flatMap((r) => (r.status === "rejected" ? [(r.reason as Error).name] : []));
      return refused;
    };
    await asStep(async (aws) => {
      const first = await burst(aws, 80);
      expect(first.length).toBeGreaterThan(25);
      expect(new Set(first)).toEqual(new Set(["Throttling"]));
      await clock.sleep(10_000);
      expect(await burst(aws, 50)).toEqual([]);
    });
  });
});

describe("a hosted zone", () => {
  it("is created with four servers, a SOA and an NS set of two days; the same reference is the same zone", async () => {
    const { asStep, dns } = bench();
    await asStep(async (aws) => {
      const route53 = makeRoute53(aws.route53);
      const zone = await route53.createZone({
        name: "Shop.Platform.example",
        callerReference: "m-1",
        comment: "ours",
      });
      expect(zone.already).toBe(false);
      expect(zone.nameServers).toHaveLength(4);
      expect(new Set([...zone.nameServers, ...dns.child.nameServers]).size).toBe(8);
      const records = await route53.listRecords(zone.id);
      expect(records.map((r) => [r.name, r.type, r.ttlSeconds])).toEqual([
        [`${ZONE}.`, "NS", 172_800],
        [`${ZONE}.`, "SOA", 900],
      ]);
      const again = await route53.createZone({ name: ZONE, callerReference: "m-1" });
      expect([again.already, again.id]).toEqual([true, zone.id]);
      expect((await route53.zonesByName(ZONE)).map((z) => z.callerReference).sort()).toEqual([
        "before-the-run",
        "m-1",
      ]);
    });
  });

  it("answers REFUSED until it is in sync, and again once it is deleted", async () => {
    const { asStep, dns, clock } = bench();
    const served = (server: string) => dns.zones.view(server, ZONE)?.zone.id;
    await asStep(async (aws) => {
      const route53 = makeRoute53(aws.route53);
      const zone = await route53.createZone({ name: ZONE, callerReference: "m-1" });
      expect(zone.nameServers.map(served)).toEqual([undefined, undefined, undefined, undefined]);
      await clock.sleep(60_000);
      expect(zone.nameServers.map(served)).toEqual(Array(4).fill(zone.id));
      expect(await route53.deleteZone(zone.id)).toBe(true);
      expect(await route53.deleteZone(zone.id)).toBe(false);
      expect(await route53.zone(zone.id)).toBeUndefined();
      await clock.sleep(60_000);
      expect(zone.nameServers.map(served)).toEqual([undefined, undefined, undefined, undefined]);
    });
  });

  it("a list by name goes on with the zones that follow: only equal names are ours", async () => {
    const { asStep } = bench();
    await asStep(async (aws) => {
      const { HostedZones } = await aws.route53.send(
        new ListHostedZonesByNameCommand({ DNSName: "platform.example" }),
      );
      expect(HostedZones?.map((z) => z.Name)).toEqual(["platform.example.", `${ZONE}.`]);
      expect((await makeRoute53(aws.route53).zonesByName("platform.example")).map((z) => z.name)).toEqual([
        "platform.example.",
      ]);
      expect(await makeRoute53(aws.route53).zonesByName("nothing.example")).toEqual([]);
    });
  });

  it("a zone and the one below it come from one list, also where others lie between them", async () => {
    const { asStep, clock } = bench();
    await asStep(async (aws) => {
      const route53 = makeRoute53(aws.route53);
      const names = async () => {
        const { parents, below } = await route53.zonesByNames("platform.example", ZONE);
        return [parents.map((z) => z.name), below.map((z) => z.callerReference)];
      };
      const found = [["platform.example."], ["before-the-run"]];
      expect(await names()).toEqual(found);
      for (let i = 0; i < 110; i += 1) {
        await route53.createZone({ name: `a${i}.platform.example`, callerReference: `other-${i}` });
        // Five requests a second is all that an account has.
        await clock.sleep(250);
      }
      expect(await names()).toEqual(found);
      expect(await route53.zonesByNames("nothing.example", "below.nothing.example")).toEqual({
        parents: [],
        below: [],
      });
    });
  });
});

describe("a change", () => {
  it("is PENDING until each server has it, at a moment of its own, 20 to 60 s later", async () => {
    const { asStep, dns, clock } = bench();
    const began = clock.now();
    const has = (server: string) => dns.zones.view(server, ZONE)?.byName.get(`x.${ZONE}.`) !== undefined;
    await asStep(async (aws) => {
      const route53 = makeRoute53(aws.route53);
      const { changeId } = await route53.change(dns.child.id, [
        { action: "CREATE", record: addressTo("192.0.2.9", 60, `x.${ZONE}.`) },
      ]);
      const counts: number[] = [];
      while (!(await route53.insync(changeId))) {
        counts.push(dns.child.nameServers.filter(has).length);
        await clock.sleep(1_000);
      }
      expect(counts[0]).toBe(0);
      expect(new Set(counts).size).toBeGreaterThan(2);
      expect(dns.child.nameServers.every(has)).toBe(true);
      expect(clock.now() - began).toBeGreaterThanOrEqual(20_000);
      expect(clock.now() - began).toBeLessThan(63_000);
      // The API has it at once: a list is no proof that anybody is served.
      expect((await route53.recordsOf(dns.child.id, `x.${ZONE}`, "A")).length).toBe(1);
    });
  });

  it("comes later where the fault says so", async () => {
    const { asStep, dns, clock } = bench();
    dns.delaySync(600);
    await asStep(async (aws) => {
      const route53 = makeRoute53(aws.route53);
      const { changeId } = await route53.change(dns.child.id, [
        { action: "CREATE", record: addressTo("192.0.2.9", 60, `x.${ZONE}.`) },
      ]);
      await clock.sleep(600_000);
      expect(await route53.insync(changeId)).toBe(false);
      await clock.sleep(61_000);
      expect(await route53.insync(changeId)).toBe(true);
    });
  });

  it("DELETE and CREATE of one set in one batch replace it; a DELETE is a compare-and-swap", async () => {
    const { asStep, dns, clock } = bench();
    await asStep(async (aws) => {
      const route53 = makeRoute53(aws.route53);
      const old = aliasTo(SOURCE_LB);
      const fresh = aliasTo(TARGET_LB);
      const swap: RecordChange[] = [
        { action: "DELETE", record: old },
        { action: "CREATE", record: fresh },
      ];
      await route53.change(dns.child.id, swap);
      const [now] = await route53.recordsOf(dns.child.id, HOST, "A");
      expect(now && sameRecord(now, fresh)).toBe(true);
      await clock.sleep(2_000);
      await expect(route53.change(dns.child.id, swap)).rejects.toMatchObject({ name: "Invalid" });
    });
  });
});

describe("the list of records", () => {
  const many: readonly RecordSet[] = [
    ...RECORDS,
    weighted("green", 0, "192.0.2.4"),
    ...Array.from({ length: 700 }, (_, i) => addressTo("192.0.2.1", 300, `n${i}.${ZONE}.`)),
  ];

  it("comes in Route 53's order, in pages, with the next name and type and octal escapes", async () => {
    const { asStep, dns } = bench(many);
    await asStep(async (aws) => {
      const list = (input: object) =>
        aws.route53.send(new ListResourceRecordSetsCommand({ HostedZoneId: dns.child.id, ...input }));
      const first = await list({});
      expect(first.ResourceRecordSets).toHaveLength(300);
      expect(first.IsTruncated).toBe(true);
      expect(first.ResourceRecordSets?.slice(0, 4).map((r) => `${r.Name} ${r.Type}`)).toEqual([
        `${ZONE}. NS`,
        `${ZONE}. SOA`,
        `api.${ZONE}. A`,
        `\\052.dev.${ZONE}. A`,
      ]);
      const second = await list({
        StartRecordName: first.NextRecordName,
        StartRecordType: first.NextRecordType,
      });
      expect(second.ResourceRecordSets?.[0]?.Name).toBe(first.NextRecordName);
      const within = await list({ StartRecordName: `w.${ZONE}`, StartRecordType: "A", MaxItems: 1 });
      expect(within.ResourceRecordSets?.[0]?.SetIdentifier).toBe("blue");
      expect(within.NextRecordIdentifier).toBe("green");
    });
  });

  it("is read whole by the adapter, names unescaped, nothing twice", async () => {
    const { asStep, dns } = bench(many);
    const records = await asStep((aws) => makeRoute53(aws.route53).listRecords(dns.child.id));
    expect(records).toHaveLength(many.length + 2);
    expect(new Set(records.map((r) => `${r.name} ${r.type} ${r.setIdentifier}`)).size).toBe(records.length);
    expect(records.find((r) => r.name === `*.dev.${ZONE}.`)).toEqual({
      name: `*.dev.${ZONE}.`,
      type: "A",
      ttlSeconds: 300,
      values: ["192.0.2.2"],
    });
    const www = records.find((r) => r.name === `${HOST}.`);
    expect(www && sameRecord(www, aliasTo(SOURCE_LB))).toBe(true);
  });

  it("finds all weighted sets of a name, and none of its neighbours", async () => {
    const { asStep, dns } = bench(many);
    const route53 = (aws: AwsClients) => makeRoute53(aws.route53);
    const sets = await asStep((aws) => route53(aws).recordsOf(dns.child.id, `W.${ZONE}`, "A"));
    expect(sets.map((r) => [r.setIdentifier, r.weight])).toEqual([
      ["blue", 1],
      ["green", 0],
    ]);
    expect(await asStep((aws) => route53(aws).recordsOf(dns.child.id, `w.${ZONE}`, "AAAA"))).toEqual([]);
  });
});

describe("the adapter's errors", () => {
  it.each([
    ["throttled", "before", "Throttled"],
    ["conflict", "before", "Conflict"],
    ["server-error", "before", "Transient"],
    ["answer-lost", "after", "AnswerLost"],
  ] as const)("%s becomes the domain's %s", async (kind, moment, name) => {
    const { asStep, dns } = bench(RECORDS, (call) =>
      call.mutating && call.moment === moment ? { kind } : undefined,
    );
    const record = addressTo("192.0.2.9", 60, `x.${ZONE}.`);
    const changed = asStep((aws) =>
      makeRoute53(aws.route53).change(dns.child.id, [{ action: "CREATE", record }]),
    );
    await expect(changed).rejects.toMatchObject({ name });
    expect(dns.zones.records(dns.child.id).some((r) => r.name === record.name)).toBe(moment === "after");
  });
});
