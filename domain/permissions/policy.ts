/** The IAM policy of a function, out of its `needs` and nothing else, with what every function needs to be one. */

import { byCodeUnit } from "../kube.ts";
import type { Needs } from "../needs.ts";
import { GRANTS, type Grant, type ResourceKind, WITHOUT_IAM } from "./actions.ts";
import { type Entry, entryOf, type RecordScope, recordScopeOf } from "./entries.ts";
import { arn, functionArn, functionName, type Place, secretArn } from "./place.ts";

export type Statement = {
  readonly Sid: string;
  readonly Effect: "Allow" | "Deny";
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
};
export type Policy = { readonly Version: "2012-10-17"; readonly Statement: readonly Statement[] };

/** A function as far as its rights go. */
export type Declared = { readonly name: string; readonly needs: Needs };

/** What reaches the private network: API servers, metrics, name servers and hosts, with the egress address that partners know. */
const PRIVATE = ["kubernetes", "metrics", "dns", "probes", "kafka", "rabbitmq"] as const;
export const isInVpc = ({ needs }: Declared): boolean => PRIVATE.some((service) => service in needs);

/** All types of Route 53: what `any` stands for. */
const RECORD_TYPES = "A AAAA CAA CNAME DS HTTPS MX NAPTR NS PTR SOA SPF SRV SSHFP SVCB TLSA TXT".split(" ");

const sorted = (texts: Iterable<string>): readonly string[] => [...new Set(texts)].sort(byCodeUnit);

const sidOf = (...words: readonly string[]): string =>
  words.map((w) => w.charAt(0).toUpperCase() + w.slice(1).replace(/[^A-Za-z0-9]/g, "")).join("");

/** ARNs of a kind of resource; never a bare star but for what AWS gives no resource level. */
const arnsOf = (place: Place, kind: ResourceKind, entries: readonly Entry[]): readonly string[] => {
  const bucket = `arn:${place.partition}:s3:::${place.bucket}`;
  switch (kind) {
    case "object":
      return sorted(entries.flatMap(({ about }) => about.map((p) => `${bucket}/${p}`))).concat(
        entries.some(({ about }) => about.length === 0) ? [`${bucket}/*`] : [],
      );
    case "bucket":
      return [bucket];
    case "hosted-zone":
      return [`arn:${place.partition}:route53:::hostedzone/*`];
    case "cluster":
      return sorted(
        [place.clusters.source, place.clusters.target]
          .filter((name) => name !== undefined)
          .map((name) => arn(place, "eks", `cluster/${name}`)),
      );
    case "execution":
      return [
        arn(place, "states", `execution:${place.prefix}-*:*`),
        arn(place, "states", `execution:${place.prefix}-*/*`),
      ];
    case "machine":
      return [arn(place, "states", `stateMachine:${place.prefix}-*`)];
    case "log-group":
      return place.flowLogGroups.map((group) => arn(place, "logs", `log-group:${group}:*`));
    case "secret":
      return [secretArn(place, "slack")];
    case "queue":
      return [arn(place, "sqs", `${place.prefix}-*`)];
    case "work-queue":
      return (place.workQueues ?? []).map((name) => arn(place, "sqs", name));
    case "schedule":
      return [arn(place, "scheduler", `schedule/${place.prefix}/*`)];
    case "calendar":
      return (place.changeCalendars ?? []).map((name) =>
        name.startsWith("arn:") ? name : arn(place, "ssm", `document/${name}`),
      );
    case "everything":
      return ["*"];
    case "nobody-asks":
      return [];
  }
};

/**
 * Names lower case and without the last dot, as IAM normalises them. `ForAllValues` is true where a key is absent, so `Null` asks for it to be there.
 */
export const recordConditions = (
  zones: readonly string[],
  scopes: readonly RecordScope[],
): NonNullable<Statement["Condition"]> => {
  const key = (what: string) => `route53:ChangeResourceRecordSets${what}`;
  const names = sorted(
    scopes.flatMap((s) => s.names).flatMap((n) => zones.map((zone) => (n === "apex" ? zone : `*.${zone}`))),
  );
  const types = sorted(scopes.flatMap((s) => (s.types.includes("any") ? RECORD_TYPES : s.types)));
  return {
    "ForAllValues:StringLike": { [key("NormalizedRecordNames")]: names },
    "ForAllValues:StringEquals": {
      [key("Actions")]: sorted(scopes.flatMap((s) => s.actions)),
      [key("RecordTypes")]: types,
    },
    Null: {
      [key("Actions")]: "false",
      [key("NormalizedRecordNames")]: "false",
      [key("RecordTypes")]: "false",
    },
  };
};

/** What a change may be about where an entry doesn't say it: everything in the platform's zones, and nothing outside of them. */
const WHOLE_ZONE: RecordScope = {
  actions: ["CREATE", "DELETE", "UPSERT"],
  types: ["any"],
  names: ["apex", "below"],
};

const conditionOf = (
  place: Place,
  service: string,
  action: string,
  entries: readonly Entry[],
): Statement["Condition"] => {
  if (service !== "route53" || action !== "ChangeResourceRecordSets") return undefined;
  const scopes = entries.flatMap((entry) => recordScopeOf(entry) ?? WHOLE_ZONE);
  return recordConditions(place.zones, scopes);
};

const grantOf = (step: string, service: string, action: string): Grant => {
  const grant = GRANTS[service]?.[action];
  if (!grant)
    throw new Error(
      `${step} declares ${service}:${action}, which has no policy: add it to domain/permissions/actions.ts.`,
    );
  return grant;
};

type Want = { readonly grant: Grant; readonly action: string; readonly entries: readonly Entry[] };

const wantsOf = ({ name, needs }: Declared, service: string): readonly Want[] => {
  const texts = (needs as Readonly<Record<string, unknown>>)[service];
  const entries = (Array.isArray(texts) ? (texts as readonly string[]) : []).map(entryOf);
  return sorted(entries.map((e) => e.action)).map((action) => ({
    grant: grantOf(name, service, action),
    action,
    entries: entries.filter((e) => e.action === action),
  }));
};

/** One statement for the actions of a service that share resources and conditions. */
const statementsOf = (place: Place, declared: Declared, service: string): readonly Statement[] => {
  const groups = new Map<string, Statement>();
  for (const { grant, action, entries } of wantsOf(declared, service)) {
    const resources = arnsOf(place, grant.on, entries);
    if (resources.length === 0) continue;
    const condition = conditionOf(place, service, action, entries);
    const key = JSON.stringify([resources, condition]);
    const before = groups.get(key);
    groups.set(key, {
      Sid: before?.Sid ?? sidOf(service, action),
      Effect: "Allow",
      Action: sorted([...(before?.Action ?? []), `${grant.iam}:${action}`]),
      Resource: resources,
      ...(condition ? { Condition: condition } : {}),
    });
  }
  return [...groups.values()];
};

/** What a call to one service takes from another. */
const implied = (place: Place, { needs }: Declared): readonly Statement[] => {
  const actions = (needs.s3 ?? []).map((text) => entryOf(text).action);
  const uses = [
    ...(actions.includes("GetObject") ? ["kms:Decrypt"] : []),
    ...(actions.includes("PutObject") ? ["kms:GenerateDataKey"] : []),
  ];
  const viaS3 = { StringEquals: { "kms:ViaService": `s3.${place.region}.amazonaws.com` } };
  const key: readonly Statement[] =
    uses.length === 0
      ? []
      : [
          {
            Sid: "KeyOfTheBucket",
            Effect: "Allow",
            Action: uses,
            Resource: [place.keyArn],
            Condition: viaS3,
          },
        ];
  const creates = needs.eks?.includes("CreateCluster") && place.clusterRoleArn !== undefined;
  return creates && place.clusterRoleArn
    ? [
        ...key,
        {
          Sid: "RoleOfTheCluster",
          Effect: "Allow",
          Action: ["iam:PassRole"],
          Resource: [place.clusterRoleArn],
          Condition: { StringEquals: { "iam:PassedToService": "eks.amazonaws.com" } },
        },
      ]
    : key;
};

const INTERFACES = [
  "AssignPrivateIpAddresses",
  "CreateNetworkInterface",
  "DeleteNetworkInterface",
  "UnassignPrivateIpAddresses",
];

/**
 * What Lambda itself does in the function's name: its log lines, and in a VPC its network interfaces, which its own code is denied
 * (`lambda:SourceFunctionArn` is there for calls of the code alone).
 */
export const baselineOf = (place: Place, declared: Declared): readonly Statement[] => {
  const logs: Statement = {
    Sid: "OwnLogLines",
    Effect: "Allow",
    Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
    Resource: [arn(place, "logs", `log-group:/aws/lambda/${functionName(place, declared.name)}:*`)],
  };
  if (!isInVpc(declared)) return [logs];
  const actions = INTERFACES.map((action) => `ec2:${action}`);
  const describing = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"];
  const own = { ArnEquals: { "lambda:SourceFunctionArn": [functionArn(place, declared.name)] } };
  return [
    logs,
    { Sid: "InterfacesInTheVpc", Effect: "Allow", Action: actions, Resource: [arn(place, "ec2", "*/*")] },
    { Sid: "ListsOfInterfaces", Effect: "Allow", Action: describing, Resource: ["*"] },
    { Sid: "NotByItsOwnCode", Effect: "Deny", Action: actions, Resource: ["*"], Condition: own },
  ];
};

/** To find a cluster's endpoint and certificate authority; what its token is worth there is the cluster's RBAC. */
const wayIn = (place: Place, { needs }: Declared): readonly Statement[] => {
  const names = (["source", "target"] as const)
    .filter((side) => needs.kubernetes?.[side])
    .flatMap((side) => place.clusters[side] ?? []);
  if (names.length === 0) return [];
  return [
    {
      Sid: "WhereTheClustersAre",
      Effect: "Allow",
      Action: ["eks:DescribeCluster"],
      Resource: sorted(names).map((name) => arn(place, "eks", `cluster/${name}`)),
    },
  ];
};

/** To log in at the brokers: what Repot may do there is the broker's to say. */
const logins = (place: Place, { needs }: Declared): readonly Statement[] => {
  const of = (["kafka", "rabbitmq"] as const).filter((service) => needs[service] !== undefined);
  if (of.length === 0) return [];
  return [
    {
      Sid: "LoginsAtBrokers",
      Effect: "Allow",
      Action: ["secretsmanager:GetSecretValue"],
      Resource: of.map((service) => secretArn(place, service)),
    },
  ];
};

const merged = (statements: readonly Statement[]): readonly Statement[] => {
  const covers = (s: Statement, other: Statement) =>
    s !== other &&
    s.Condition === undefined &&
    s.Effect === other.Effect &&
    other.Action.every((a) => s.Action.includes(a)) &&
    other.Resource.every((r) => s.Resource.includes(r));
  // Of two that are equal the first stays.
  return statements.filter(
    (other, at) => !statements.some((s, before) => covers(s, other) && !(covers(other, s) && at < before)),
  );
};

/** The policy that `needs` amounts to, without the baseline. @throws Error for an action that no policy is known for. */
export const policyOf = (place: Place, declared: Declared): Policy => {
  const services = Object.keys(declared.needs).filter((service) => !(service in WITHOUT_IAM));
  const statements = sorted(services).flatMap((service) => statementsOf(place, declared, service));
  return {
    Version: "2012-10-17",
    Statement: merged([
      ...statements,
      ...implied(place, declared),
      ...wayIn(place, declared),
      ...logins(place, declared),
    ]),
  };
};

/** Lambda alone may take the role, and only for this account's function of this name. */
export const trustOf = (place: Place, service: string, sourceArn: string) => ({
  Version: "2012-10-17" as const,
  Statement: [
    {
      Effect: "Allow" as const,
      Principal: { Service: [service] },
      Action: ["sts:AssumeRole"],
      Condition: {
        StringEquals: { "aws:SourceAccount": place.account },
        ArnLike: { "aws:SourceArn": sourceArn },
      },
    },
  ],
});
