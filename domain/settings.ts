/**
 * repot.yaml: what the manifests can't know. Every key has a default or is an assumption that the plan lists; an unknown key is refused.
 * All times are seconds, all rates are per second, unless the name says otherwise. A workload is named `namespace/name`, or by its name
 * alone where that is unique.
 */

import { isNode, isScalar, LineCounter, parseDocument } from "yaml";
import * as z from "zod";
import { BadInput } from "./errors.ts";

const seconds = z.number().nonnegative().max(31_536_000);
const count = z.number().int().nonnegative().max(1_000_000);
const dnsName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, {
    message: "is no DNS name in lower case",
  });
/** A public name; a first label `*` stands for every name below. */
const hostName = z
  .string()
  .max(253)
  .regex(/^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$/, {
    message: "is no host name in lower case",
  });

const NodePool = z
  .strictObject({
    name: z.string(),
    /** Labels of its nodes, beside kubernetes.io/os, arch, hostname and topology zone. */
    labels: z.record(z.string(), z.string()).default({}),
    taints: z
      .array(
        z.strictObject({
          key: z.string(),
          value: z.string().default(""),
          effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]),
        }),
      )
      .default([]),
    cpuPerNode: z.number().positive().default(16),
    memoryGibPerNode: z.number().positive().default(64),
    nodesMin: count.default(2),
    nodesMax: count.default(100),
    /** From asking for a node to a node that is Ready. */
    startSeconds: seconds.default(60),
    os: z.enum(["linux", "windows"]).default("linux"),
    arch: z.enum(["amd64", "arm64"]).default("amd64"),
  })
  .refine((pool) => pool.nodesMin <= pool.nodesMax, { message: "nodesMin is above nodesMax" });

const ClusterSettings = z.strictObject({
  name: z.string(),
  kubernetesVersion: z.string().regex(/^1\.\d+$/),
  nodePools: z.array(NodePool).min(1),
  /** Addresses that third parties see. */
  egressAddresses: z.array(z.string()).min(1),
  /** The IAM role and the subnets (in the source's VPC) of an EKS cluster that Repot has to create; not needed where it exists. */
  roleArn: z.string().optional(),
  subnetIds: z.array(z.string()).optional(),
});

const Host = z.strictObject({
  host: hostName,
  /** `namespace/service` that answers for it; from the manifests where absent. */
  service: z.string().optional(),
});

const HostLoad = z.strictObject({
  host: hostName,
  /** Mean over a day. */
  requestsPerSecond: z.number().nonnegative().max(1_000_000),
  /** Peak over mean; 1 is flat. */
  peakFactor: z.number().min(1).max(10).default(1.6),
  /** Hour of the day, in the window's time zone, at which the peak stands. */
  peakHour: z.number().min(0).max(24).default(15),
  /** Normal answers of the application, shares that sum to 1. */
  statuses: z
    .record(z.string().regex(/^[1-5]\d\d$/), z.number().min(0).max(1))
    .default({ "200": 0.999, "500": 0.001 }),
  /** Share of clients that hold connections open and ask DNS again only when those end. */
  longLivedShare: z.number().min(0).max(1).default(0.05),
});

const Capacity = z.strictObject({
  /** `namespace/name` of a workload, or `*` for all others. */
  workload: z.string(),
  /** What one ready pod carries before requests fail. */
  requestsPerSecondPerPod: z.number().positive(),
  /** Its own time for a request at low load. */
  serviceMs: z.number().positive().default(12),
});

const Datastore = z.strictObject({
  name: z.string(),
  /** Host as the manifests name it. */
  host: z.string(),
  connectionsMax: count,
  /** Connections that one pod of a workload holds. */
  connectionsPerPod: z.record(z.string(), count),
});

const ThirdParty = z.strictObject({
  name: z.string(),
  host: z.string(),
  /** Source addresses its firewall lets in; empty means everybody. */
  allows: z.array(z.string()).default([]),
  /** Workloads that call it, `namespace/name`; read from the manifests where absent. */
  calledBy: z.array(z.string()).default([]),
});

const KafkaGroup = z.strictObject({
  group: z.string(),
  topic: z.string(),
  /** `namespace/name` of the workload whose pods are the members. */
  workload: z.string(),
  partitions: count.default(12),
  messagesPerSecond: z.number().nonnegative().default(50),
  /** Where set, members are static: their ids are `${prefix}-${ordinal}`. */
  staticIdPrefix: z.string().optional(),
});

const Queue = z.strictObject({
  queue: z.string(),
  kind: z.enum(["rabbitmq", "sqs"]),
  workload: z.string(),
  messagesPerSecond: z.number().nonnegative().default(20),
});

const Pipeline = z.strictObject({
  name: z.string(),
  /** Who it is to the Kubernetes API: a user, a group or a service account. */
  user: z.string(),
  groups: z.array(z.string()).default([]),
  /** Workloads it deploys, `namespace/name`. */
  deploys: z.array(z.string()),
  /** Mean deploys a day. */
  deploysPerDay: z.number().nonnegative().max(1_000).default(2),
});

const Approver = z.strictObject({
  person: z.string(),
  role: z.string(),
  /** How long this person takes in a rehearsal. */ answersAfterSeconds: seconds.default(240),
});

const Window = z.strictObject({
  timeZone: z.string(),
  /** 1 is Monday, 7 is Sunday. Empty means every day. */
  weekdays: z.array(z.number().int().min(1).max(7)).default([]),
  /** Local time, `HH:MM`. */
  start: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/),
  end: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/),
  /** Days (`YYYY-MM-DD`) on which the window is to open; where given, only those. */
  days: z.array(z.string().regex(/^\d{4}-\d\d-\d\d$/)).default([]),
});

const Dns = z.strictObject({
  /** The zone that is delegated anew at the cut; every public host lies in it. */
  zone: dnsName,
  /** The zone that delegates it. */
  parent: dnsName,
  /** What the zone and its delegation have now. */
  ttlSeconds: seconds.default(172_800),
  recordTtlSeconds: seconds.default(300),
  /** What Repot lowers them to before the cut. */
  loweredTtlSeconds: seconds.default(60),
  /** Public names beside those of Ingresses and routes. */
  hosts: z.array(Host).default([]),
});

const Approvals = z.strictObject({
  approvers: z.array(Approver).min(1),
  quorum: z.number().int().min(1).max(20).default(1),
  /** Decommission takes two people. */
  decommissionQuorum: z.number().int().min(1).max(20).default(2),
  expiresAfterSeconds: seconds.default(14_400),
});

const Gates = z.strictObject({
  /** Samples below which a gate is unknown. */
  samplesMin: count.default(100),
  /** Older than this is unknown. */
  staleAfterSeconds: seconds.default(180),
  errorShareMaxAboveSource: z.number().min(0).max(1).default(0.005),
  p99RatioMax: z.number().min(1).default(1.5),
  /** Share of answers that aren't 5xx that users are promised; not judged where absent. */
  successShareMin: z.number().min(0).max(1).optional(),
  /** How long a gate that holds is asked again before the run gives up. */
  holdSecondsMax: seconds.default(1_800),
  pollSeconds: z.number().min(1).max(3_600).default(30),
});

const Policy = z.strictObject({
  /** Source capacity after the half: measured demand times this. */
  headroom: z.number().min(1).max(10).default(1.3),
  floorReplicas: count.default(1),
  readyDeadlineSeconds: seconds.default(1_200),
  pollSeconds: z.number().min(1).max(3_600).default(15),
  /** Applications that move at the same time. */
  concurrency: z.number().int().min(1).max(100).default(5),
  applicationsPerWave: z.number().int().min(1).max(1_000).default(50),
  /** Between thaw and decommission. */
  bakeSeconds: seconds.default(172_800),
  /** Connections to datastores, both fleets together, as a share of the limit. */
  connectionShareMax: z.number().min(0).max(1).default(0.8),
  /** New and open connections below this share of the demand count as nobody. */
  stragglerShareMax: z.number().min(0).max(1).default(0.001),
  drainSecondsMax: seconds.default(7_200),
});

/** How a person corrects a class that manifests can't show. */
const Correction = z.enum(["core", "stateful", "group-member", "queue-worker", "singleton", "stateless"]);

export const SettingsSchema = z.strictObject({
  platform: z.string().min(1).max(63),
  source: ClusterSettings,
  target: ClusterSettings,
  dns: Dns,
  load: z.array(HostLoad).default([]),
  capacity: z.array(Capacity).default([]),
  datastores: z.array(Datastore).default([]),
  thirdParties: z.array(ThirdParty).default([]),
  groups: z.array(KafkaGroup).default([]),
  queues: z.array(Queue).default([]),
  pipelines: z.array(Pipeline).default([]),
  decisions: z.record(z.string(), z.enum(["keep-on-source", "copy-with-pause", "rebuild"])).default({}),
  window: Window,
  approvals: Approvals,
  gates: Gates,
  policy: Policy,
  /** Corrections of classes, by workload: a person's word goes before what manifests let us guess. */
  classes: z.record(z.string(), Correction).optional(),
});
export type Settings = z.infer<typeof SettingsSchema>;

/** repot.yaml as people write it: any part of the settings, nothing else. */
export const SettingsFileSchema = z.strictObject({
  ...SettingsSchema.partial().shape,
  source: ClusterSettings.partial().optional(),
  target: ClusterSettings.partial().optional(),
  dns: Dns.partial().optional(),
  window: Window.partial().optional(),
  approvals: Approvals.partial().optional(),
  gates: Gates.partial().optional(),
  policy: Policy.partial().optional(),
});
export type SettingsFile = z.input<typeof SettingsFileSchema>;

/** What a repot.yaml says, and where: for messages about what turns out wrong later. */
export type GivenSettings = {
  readonly fileName: string;
  readonly given: SettingsFile;
  /** `repot.yaml, line 12` for a path of keys and indexes; the nearest line where the path ends early. */
  readonly where: (path: readonly (string | number)[]) => string;
};

const SETTINGS_CHARS_MAX = 2_000_000;

/**
 * Reads repot.yaml. Nothing is filled in here: that is the plan's business, which lists what it assumed.
 * @throws BadInput naming the line of broken YAML, an unknown key or a wrong value.
 */
export const readSettings = (text: string, fileName: string): GivenSettings => {
  if (text.length > SETTINGS_CHARS_MAX || text.includes("\u0000"))
    throw new BadInput(`${fileName} is not a settings file: it is binary or larger than 2 MB.`);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: "silent" });
  const where = (path: readonly (string | number)[]): string =>
    `${fileName}, line ${lineOf(document, lines, path)}`;
  const broken = document.errors[0];
  if (broken)
    throw new BadInput(
      `${fileName}, line ${lines.linePos(broken.pos[0]).line}: this is not YAML: ${broken.message.split("\n")[0] ?? ""}`,
    );
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch (cause) {
    throw new BadInput(
      `${fileName}: it expands its YAML aliases more than 100 times. Write the values out.`,
      { cause },
    );
  }
  const result = SettingsFileSchema.safeParse(value);
  const issue = result.error?.issues[0];
  if (issue) throw new BadInput(sentenceOf(issue, where));
  return { fileName, given: value as SettingsFile, where };
};

type Document = ReturnType<typeof parseDocument>;

/** The line of a key (the pair's own line, not its value's), or of the nearest thing above it. */
const lineOf = (document: Document, lines: LineCounter, path: readonly (string | number)[]): number => {
  for (let length = path.length; length > 0; length -= 1) {
    const parent: unknown =
      length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    const items = isNode(parent) && "items" in parent ? (parent.items as readonly unknown[]) : [];
    for (const [index, item] of items.entries()) {
      const node: unknown = typeof key === "number" ? (index === key ? item : undefined) : keyNode(item, key);
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    }
  }
  return 1;
};

const keyNode = (pair: unknown, key: string | undefined): unknown => {
  const node = (pair as { readonly key?: unknown } | null)?.key;
  return isScalar(node) && String(node.value) === key ? node : undefined;
};

/** What is wrong, in words; a schema's own message ("is no host name …") goes on from the field's name. */
const sentenceOf = (issue: z.core.$ZodIssue, where: GivenSettings["where"]): string => {
  const path = issue.path.filter((p): p is string | number => typeof p !== "symbol");
  const name = path.map((p, i) => (typeof p === "number" ? `[${p}]` : `${i === 0 ? "" : "."}${p}`)).join("");
  if (issue.code === "unrecognized_keys") {
    const key = issue.keys[0] ?? "";
    const subject = name === "" ? "there is" : `${name} has`;
    return `${where([...path, key])}: ${subject} no setting called ${JSON.stringify(key)}. docs/reference/repot-yaml.md lists them all.`;
  }
  if (issue.code === "invalid_value")
    return `${where(path)}: ${name} must be one of ${issue.values.map(String).join(", ")}.`;
  const message = issue.message.startsWith("is ")
    ? issue.message
    : issue.message.replace(/^Invalid input: /, "is wrong: ");
  return `${where(path)}: ${name === "" ? "the file" : name} ${message}.`;
};
