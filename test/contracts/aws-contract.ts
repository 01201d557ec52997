/**
 * What Repot expects of AWS, a case each, once: the simulated services pass it in test/contracts/aws.test.ts, a server that others wrote
 * (moto) in test/infra/moto.test.ts. A case that moto can't be asked says why, and where AWS documents the answer.
 */

import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { makeBucket } from "../../adapters/bucket.ts";
import { makeEks } from "../../adapters/eks.ts";
import { makeRoute53, type RecordChange, type Route53 } from "../../adapters/route53.ts";
import { readSlackApp } from "../../adapters/secrets.ts";
import { whoAmI } from "../../adapters/sts.ts";
import { Throttled } from "../../domain/errors.ts";
import { type Case, refusal } from "./aws-case.ts";
import { NETWORK_CASES } from "./aws-network-cases.ts";
import { RUNNING_CASES } from "./aws-running-cases.ts";

export const SLACK_APP = {
  appId: "A1",
  teamId: "T1",
  channelId: "C1",
  signingSecret: "0123456789abcdef",
  botToken: "xoxb-1",
} as const;

const s3: readonly Case[] = [
  {
    service: "s3",
    title: "a new object is created once; the same again is the lost answer of our own success",
    source: "moto",
    run: async ({ s3: client }, { bucket }) => {
      const memory = makeBucket(client, bucket);
      const first = await memory.putNew("a/once.json", { x: 1 });
      const again = await memory.putNew("a/once.json", { x: 1 });
      return [first.already, again.already, first.etag === again.etag];
    },
    expected: [false, true, true],
  },
  {
    service: "s3",
    title: "another content under the same key is refused",
    source: "moto",
    run: async ({ s3: client }, { bucket }) => {
      const memory = makeBucket(client, bucket);
      await memory.putNew("a/taken.json", { x: 1 });
      return [
        await refusal(() => memory.putNew("a/taken.json", { x: 2 })),
        (await memory.getJson("a/taken.json"))?.value,
      ];
    },
    expected: ["Conflict", { x: 1 }],
  },
  {
    service: "s3",
    title: "If-None-Match on a key that is taken is 412 PreconditionFailed",
    source: "moto",
    run: async ({ s3: client }, { bucket }) => {
      const put = (Body: string) =>
        client.send(new PutObjectCommand({ Bucket: bucket, Key: "b/one", Body, IfNoneMatch: "*" }));
      await put("1");
      return refusal(() => put("2"));
    },
    expected: "PreconditionFailed",
  },
  {
    service: "s3",
    title: "what was read may be replaced, once: the second writer's tag is old",
    source: "moto",
    run: async ({ s3: client }, { bucket }) => {
      const memory = makeBucket(client, bucket);
      const { etag } = await memory.putNew("a/lock.json", { by: "first" });
      const fresh = await memory.replaceIf("a/lock.json", { by: "second" }, etag);
      const late = await refusal(() => memory.replaceIf("a/lock.json", { by: "third" }, etag));
      return [fresh.etag !== etag, late, (await memory.getJson("a/lock.json"))?.value];
    },
    expected: [true, "Conflict", { by: "second" }],
  },
  {
    service: "s3",
    title: "replacing what isn't there is refused",
    source: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html",
    unlike: "moto takes If-Match on a key that isn't there for a success",
    run: async ({ s3: client }, { bucket }) =>
      refusal(() =>
        client.send(new PutObjectCommand({ Bucket: bucket, Key: "b/none", Body: "1", IfMatch: '"0"' })),
      ),
    expected: "NoSuchKey",
  },
  {
    service: "s3",
    title: "a key that isn't there reads as undefined where listing is allowed",
    source: "moto",
    run: ({ s3: client }, { bucket }) => makeBucket(client, bucket).getJson("nothing.json"),
    expected: undefined,
  },
  {
    service: "s3",
    title: "the errors of GET and HEAD have different names",
    source: "moto",
    run: async ({ s3: client }, { bucket }) => {
      const at = { Bucket: bucket, Key: "nothing" };
      return [
        await refusal(() => client.send(new GetObjectCommand(at))),
        await refusal(() => client.send(new HeadObjectCommand(at))),
      ];
    },
    expected: ["NoSuchKey", "NotFound"],
  },
  {
    service: "s3",
    title: "a list has every key with the prefix, in the order of bytes, over more than one page",
    source: "moto",
    run: async ({ s3: client }, { bucket }) => {
      const memory = makeBucket(client, bucket);
      const names = Array.from({ length: 1_005 }, (_, i) => `many/${String(i).padStart(4, "0")}.json`);
      for (let from = 0; from < names.length; from += 50)
        await Promise.all(names.slice(from, from + 50).map((name) => memory.putNew(name, {})));
      await memory.putNew("many-others/x.json", {});
      const listed = await memory.listKeys("many/");
      return [listed.length, listed[0], listed.at(-1)];
    },
    expected: [1_005, "many/0000.json", "many/1004.json"],
  },
];

const ZONE = "contract.example.org";
const ASKED_MAX = 5_000;

/** Who asks so often is throttled, and asks again. */
const unlessThrottled = (error: unknown): false => {
  if (error instanceof Throttled) return false;
  throw error;
};

/** One change at a time for a zone: the next is made when every server has this one. */
const changed = async (api: Route53, zoneId: string, changes: readonly RecordChange[]): Promise<void> => {
  const { changeId } = await api.change(zoneId, changes, "c");
  for (let asked = 0; asked < ASKED_MAX; asked += 1)
    if (await api.insync(changeId).catch(unlessThrottled)) return;
  throw new Error(`The change ${changeId} is not in sync after ${ASKED_MAX} questions.`);
};

const route53: readonly Case[] = [
  {
    service: "route53",
    title: "a new zone has four name servers, an NS and an SOA",
    source: "moto",
    run: async ({ route53: client }) => {
      const api = makeRoute53(client);
      const { id, already, nameServers } = await api.createZone({ name: ZONE, callerReference: "c-1" });
      return [already, nameServers.length, (await api.listRecords(id)).map((r) => r.type)];
    },
    expected: [false, 4, ["NS", "SOA"]],
  },
  {
    service: "route53",
    title: "a zone is created once for a caller reference",
    source: "https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateHostedZone.html",
    unlike: "moto makes another zone for a caller reference that was used",
    run: async ({ route53: client }) => {
      const api = makeRoute53(client);
      const first = await api.createZone({ name: `once.${ZONE}`, callerReference: "c-once" });
      const again = await api.createZone({ name: `once.${ZONE}`, callerReference: "c-once" });
      return [first.already, again.already, first.id === again.id];
    },
    expected: [false, true, true],
  },
  {
    service: "route53",
    title: "its apex NS has the TTL that Route 53 gives: two days",
    source: "moto",
    run: async ({ route53: client }) => {
      const api = makeRoute53(client);
      const { id } = await api.createZone({ name: `ttl.${ZONE}`, callerReference: "c-ttl" });
      return (await api.recordsOf(id, `ttl.${ZONE}`, "NS"))[0]?.ttlSeconds;
    },
    expected: 172_800,
  },
  {
    service: "route53",
    title: "an UPSERT creates and replaces; a DELETE needs the record as it is",
    source: "moto",
    run: async ({ route53: client }) => {
      const api = makeRoute53(client);
      const { id } = await api.createZone({ name: `up.${ZONE}`, callerReference: "c-up" });
      const record = (ttlSeconds: number) => ({
        name: `www.up.${ZONE}.`,
        type: "A",
        ttlSeconds,
        values: ["192.0.2.1"],
      });
      await changed(api, id, [{ action: "UPSERT", record: record(300) }]);
      await changed(api, id, [{ action: "UPSERT", record: record(60) }]);
      const after = await api.recordsOf(id, `www.up.${ZONE}`, "A");
      await changed(api, id, [{ action: "DELETE", record: record(60) }]);
      return [after.map((r) => r.ttlSeconds), (await api.recordsOf(id, `www.up.${ZONE}`, "A")).length];
    },
    expected: [[60], 0],
  },
  {
    service: "route53",
    title: "a zone with records of others isn't deleted; an empty one is; one that is gone is no error",
    source: "moto",
    run: async ({ route53: client }) => {
      const api = makeRoute53(client);
      const { id } = await api.createZone({ name: `del.${ZONE}`, callerReference: "c-del" });
      const record = { name: `www.del.${ZONE}.`, type: "A", ttlSeconds: 60, values: ["192.0.2.1"] };
      await changed(api, id, [{ action: "UPSERT", record }]);
      const full = await refusal(() => api.deleteZone(id));
      await changed(api, id, [{ action: "DELETE", record }]);
      return [full.startsWith("accepted"), await api.deleteZone(id), await api.deleteZone(id)];
    },
    expected: [false, true, false],
  },
  {
    service: "route53",
    title: "weighted records of one name are told apart by their identifiers",
    source: "moto",
    run: async ({ route53: client }) => {
      const api = makeRoute53(client);
      const { id } = await api.createZone({ name: `w.${ZONE}`, callerReference: "c-w" });
      const record = (setIdentifier: string, weight: number) => ({
        name: `www.w.${ZONE}.`,
        type: "A",
        ttlSeconds: 60,
        values: ["192.0.2.1"],
        setIdentifier,
        weight,
      });
      await api.change(id, [
        { action: "UPSERT", record: record("blue", 1) },
        { action: "UPSERT", record: record("green", 3) },
      ]);
      const found = await api.recordsOf(id, `www.w.${ZONE}`, "A");
      return found.map((r) => [r.setIdentifier, r.weight]);
    },
    expected: [
      ["blue", 1],
      ["green", 3],
    ],
  },
  {
    service: "route53",
    title: "a change is PENDING until every server has it",
    source: "https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetChange.html",
    unlike: "moto says INSYNC at once",
    run: async ({ route53: client }) => {
      const api = makeRoute53(client);
      const { id } = await api.createZone({ name: `sync.${ZONE}`, callerReference: "c-sync" });
      const record = { name: `a.sync.${ZONE}.`, type: "A", ttlSeconds: 60, values: ["192.0.2.1"] };
      const { changeId } = await api.change(id, [{ action: "UPSERT", record }]);
      return api.insync(changeId);
    },
    expected: false,
  },
  {
    service: "route53",
    title: "a zone that isn't there is undefined",
    source: "moto",
    run: ({ route53: client }) => makeRoute53(client).zone("ZNONE0000000"),
    expected: undefined,
  },
];

const eks: readonly Case[] = [
  {
    service: "eks",
    title: "a cluster that isn't there is undefined, and deleting it no error",
    source: "moto",
    run: async ({ eks: client }, { cluster }) => [
      await makeEks(client).describe(cluster),
      await makeEks(client).remove(cluster),
    ],
    expected: [undefined, false],
  },
  {
    service: "eks",
    title: "a cluster is created with its version and role, and can be described by its name",
    source: "moto",
    run: async ({ eks: client }, { cluster }) => {
      const api = makeEks(client);
      const roleArn = "arn:aws:iam::111122223333:role/eks";
      await api.create({
        name: cluster,
        version: "1.34",
        clientToken: "t-1",
        roleArn,
        subnetIds: ["subnet-a", "subnet-b"],
      });
      const found = await api.describe(cluster);
      return [found?.name, found?.version, found?.roleArn];
    },
    expected: ["target", "1.34", "arn:aws:iam::111122223333:role/eks"],
  },
];

const others: readonly Case[] = [
  {
    service: "sts",
    title: "we are told our account and who we are",
    source: "moto",
    run: async ({ sts }) => {
      const { account, arn } = await whoAmI(sts);
      return [/^\d{12}$/.test(account), /^arn:aws:(sts|iam)::\d{12}:/.test(arn)];
    },
    expected: [true, true],
  },
  {
    service: "secrets",
    title: "the Slack app's secret is read as it was stored",
    source: "moto",
    run: async ({ secrets }, { secret }) => (await readSlackApp(secrets, secret)).channelId,
    expected: "C1",
  },
  {
    service: "secrets",
    title: "a secret that isn't there is NotFound",
    source: "moto",
    run: ({ secrets }) => refusal(() => readSlackApp(secrets, "no-such-secret")),
    expected: "NotFound",
  },
];

/** Services that Repot calls and that no counterpart here answers; README says so. */
export const UNVERIFIED: Readonly<Record<string, string>> = {
  ssm: "moto has no change calendars; held to the API reference in test/contracts/ssm.test.ts",
};

/** What of the others no counterpart here can show; README says so. */
export const PARTLY: Readonly<Record<string, string>> = {
  elb: "moto calls every target healthy; what a balancer says of one that is new or sick is the API reference's",
  logs: "moto counts no flow: what a query answers about records is the documentation's",
  sfn: "moto's executions run nothing; held against recorded histories instead (repot conformance)",
  sqs: "the poller behind the queue is Lambda's own, and no server here has it",
};

export const CASES: readonly Case[] = [
  ...s3,
  ...route53,
  ...eks,
  ...others,
  ...NETWORK_CASES,
  ...RUNNING_CASES,
];
