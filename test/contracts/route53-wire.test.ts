/** Route 53 on the wire: what the client sends for our commands, and that its answers have the shape of the simulated ones. */

import {
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  GetHostedZoneCommand,
  ListResourceRecordSetsCommand,
  Route53Client,
} from "@aws-sdk/client-route-53";
import { describe, expect, it } from "vitest";
import { makeRoute53, type RecordChange } from "../../adapters/route53.ts";
import { aliasTo, HOST, SOURCE_LB, TARGET_LB, ZONE } from "./dns-bench.ts";
import { onWire, type WireRequest } from "./harness.ts";
import { bench, set, weighted } from "./route53-bench.ts";

describe("Route 53 on the wire", () => {
  it("serialises a batch, and its answer has the fields of the simulated one", async () => {
    const sent: WireRequest[] = [];
    const body = `<?xml version="1.0"?><ChangeResourceRecordSetsResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ChangeInfo><Id>/change/C1</Id><Status>PENDING</Status><SubmittedAt>2026-03-03T02:00:00Z</SubmittedAt><Comment>why</Comment></ChangeInfo></ChangeResourceRecordSetsResponse>`;
    const records: RecordChange[] = [
      {
        action: "UPSERT",
        record: { ...aliasTo(TARGET_LB), alias: { hostedZoneId: "Z1", dnsName: TARGET_LB } },
      },
      { action: "CREATE", record: weighted("green", 5, "192.0.2.4") },
    ];
    const change = makeRoute53(new Route53Client(onWire(sent, { body }))).change(
      "/hostedzone/Z9",
      records,
      "why",
    );
    expect(await change).toEqual({ changeId: "C1" });
    expect(sent[0]).toMatchObject({ method: "POST", path: "/2013-04-01/hostedzone/Z9/rrset" });
    for (const part of [
      `<Action>UPSERT</Action>`,
      `<Name>${HOST}.</Name><Type>A</Type>`,
      `<AliasTarget><HostedZoneId>Z1</HostedZoneId><DNSName>${TARGET_LB}</DNSName><EvaluateTargetHealth>false</EvaluateTargetHealth></AliasTarget>`,
      `<SetIdentifier>green</SetIdentifier><Weight>5</Weight>`,
      `<Comment>why</Comment>`,
    ])
      expect(sent[0]?.body).toContain(part);
    const { asStep, dns } = bench();
    const command = () =>
      new ChangeResourceRecordSetsCommand({
        HostedZoneId: dns.child.id,
        ChangeBatch: { Comment: "why", Changes: [set("UPSERT", `x.${ZONE}`, "A", "192.0.2.9")] },
      });
    const real = await new Route53Client(onWire([], { body })).send(command());
    const simulated = await asStep((aws) => aws.route53.send(command()));
    expect(Object.keys(simulated.ChangeInfo ?? {}).sort()).toEqual(Object.keys(real.ChangeInfo ?? {}).sort());
    expect(simulated.ChangeInfo?.SubmittedAt).toBeInstanceOf(Date);
  });

  it("a page of records from the wire equals the simulated page", async () => {
    const { asStep, dns } = bench([aliasTo(SOURCE_LB), weighted("blue", 1, "192.0.2.3")]);
    const ns = dns.child.nameServers;
    const values = (list: readonly string[]) =>
      list.map((v) => `<ResourceRecord><Value>${v}</Value></ResourceRecord>`).join("");
    const body = `<?xml version="1.0"?><ListResourceRecordSetsResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ResourceRecordSets><ResourceRecordSet><Name>${ZONE}.</Name><Type>NS</Type><TTL>172800</TTL><ResourceRecords>${values(ns.map((s) => `${s}.`))}</ResourceRecords></ResourceRecordSet><ResourceRecordSet><Name>${ZONE}.</Name><Type>SOA</Type><TTL>900</TTL><ResourceRecords>${values([`${ns[0]}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400`])}</ResourceRecords></ResourceRecordSet><ResourceRecordSet><Name>w.${ZONE}.</Name><Type>A</Type><SetIdentifier>blue</SetIdentifier><Weight>1</Weight><TTL>60</TTL><ResourceRecords>${values(["192.0.2.3"])}</ResourceRecords></ResourceRecordSet></ResourceRecordSets><IsTruncated>true</IsTruncated><NextRecordName>${HOST}.</NextRecordName><NextRecordType>A</NextRecordType><MaxItems>3</MaxItems></ListResourceRecordSetsResponse>`;
    const sent: WireRequest[] = [];
    const command = () => new ListResourceRecordSetsCommand({ HostedZoneId: dns.child.id, MaxItems: 3 });
    const { $metadata: _r, ...real } = await new Route53Client(onWire(sent, { body })).send(command());
    const { $metadata: _s, ...simulated } = await asStep((aws) => aws.route53.send(command()));
    expect(simulated).toEqual(real);
    expect(sent[0]).toMatchObject({
      path: `/2013-04-01/hostedzone/${dns.child.id}/rrset`,
      query: { maxitems: "3" },
    });
  });

  it.each([
    "InvalidChangeBatch",
    "PriorRequestNotComplete",
    "Throttling",
    "NoSuchHostedZone",
    "AccessDenied",
  ])("%s comes out of the client under that name", async (code) => {
    const body = `<?xml version="1.0"?><ErrorResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Error><Type>Sender</Type><Code>${code}</Code><Message>why</Message></Error><RequestId>r</RequestId></ErrorResponse>`;
    const client = new Route53Client(onWire([], { status: 400, body }));
    await expect(client.send(new GetHostedZoneCommand({ Id: "Z1" }))).rejects.toMatchObject({ name: code });
  });

  it("a zone is created and looked for as the service expects", async () => {
    const sent: WireRequest[] = [];
    const zone = `<HostedZone><Id>/hostedzone/Z1</Id><Name>${ZONE}.</Name><CallerReference>m-1</CallerReference><Config><Comment>ours</Comment><PrivateZone>false</PrivateZone></Config><ResourceRecordSetCount>2</ResourceRecordSetCount></HostedZone>`;
    const servers = `<DelegationSet><NameServers><NameServer>ns-1.awsdns-00.com</NameServer></NameServers></DelegationSet>`;
    const info = `<ChangeInfo><Id>/change/C1</Id><Status>PENDING</Status><SubmittedAt>2026-03-03T02:00:00Z</SubmittedAt></ChangeInfo>`;
    const body = `<?xml version="1.0"?><CreateHostedZoneResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/">${zone}${info}${servers}</CreateHostedZoneResponse>`;
    const command = () =>
      new CreateHostedZoneCommand({
        Name: `${ZONE}.`,
        CallerReference: "m-1",
        HostedZoneConfig: { Comment: "ours", PrivateZone: false },
      });
    const real = await new Route53Client(
      onWire(sent, { body, status: 201, headers: { location: "l" } }),
    ).send(command());
    const { asStep } = bench();
    const simulated = await asStep((aws) => aws.route53.send(command()));
    expect(Object.keys(simulated).sort()).toEqual(Object.keys(real).sort());
    expect({ ...simulated.HostedZone, Id: "" }).toEqual({ ...real.HostedZone, Id: "" });
    expect(sent[0]?.body).toContain(`<Name>${ZONE}.</Name>`);
    expect(sent[0]?.body).toContain("<CallerReference>m-1</CallerReference>");
  });
});
