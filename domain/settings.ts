/**
 * repot.yaml: what the manifests can't know. Every key has a default or is an assumption that the plan lists; an unknown key is refused.
 * All times are seconds, all rates are per second, unless the name says otherwise.
 */

import * as z from "zod";

const seconds = z.number().nonnegative().max(31_536_000);
const count = z.number().int().nonnegative().max(1_000_000);

const NodePool = z.strictObject({
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
});

const ClusterSettings = z.strictObject({
  name: z.string(),
  kubernetesVersion: z.string().regex(/^1\.\d+$/),
  nodePools: z.array(NodePool).min(1),
  /** Addresses that third parties see. */
  egressAddresses: z.array(z.string()).min(1),
});

const Host = z.strictObject({
  host: z.string(),
  /** `namespace/service` that answers for it; from the manifests where absent. */
  service: z.string().optional(),
});

const HostLoad = z.strictObject({
  host: z.string(),
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

export const SettingsSchema = z.strictObject({
  platform: z.string(),
  source: ClusterSettings,
  target: ClusterSettings,
  dns: z.strictObject({
    zone: z.string(),
    parent: z.string(),
    /** What the zone and its delegation have now. */
    ttlSeconds: seconds.default(172_800),
    recordTtlSeconds: seconds.default(300),
    /** What Repot lowers them to before the cut. */
    loweredTtlSeconds: seconds.default(60),
    hosts: z.array(Host).default([]),
  }),
  load: z.array(HostLoad).default([]),
  capacity: z.array(Capacity).default([]),
  datastores: z.array(Datastore).default([]),
  thirdParties: z.array(ThirdParty).default([]),
  groups: z.array(KafkaGroup).default([]),
  queues: z.array(Queue).default([]),
  pipelines: z.array(Pipeline).default([]),
  decisions: z.record(z.string(), z.enum(["keep-on-source", "copy-with-pause", "rebuild"])).default({}),
  window: Window,
  approvals: z.strictObject({
    approvers: z.array(Approver).min(1),
    quorum: z.number().int().min(1).max(20).default(1),
    /** Decommission takes two people. */
    decommissionQuorum: z.number().int().min(1).max(20).default(2),
    expiresAfterSeconds: seconds.default(14_400),
  }),
  gates: z.strictObject({
    /** Samples below which a gate is unknown. */
    samplesMin: count.default(100),
    /** Older than this is unknown. */
    staleAfterSeconds: seconds.default(180),
    errorShareMaxAboveSource: z.number().min(0).max(1).default(0.005),
    p99RatioMax: z.number().min(1).default(1.5),
    /** How long a gate that holds is asked again before the run gives up. */
    holdSecondsMax: seconds.default(1_800),
    pollSeconds: z.number().min(1).max(3_600).default(30),
  }),
  policy: z.strictObject({
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
  }),
});
export type Settings = z.infer<typeof SettingsSchema>;
