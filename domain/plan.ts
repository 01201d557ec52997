/**
 * The plan: everything that a migration will do, decided before it starts. People read it, approve the SHA-256 of the file's bytes,
 * and the state machines do what it says and nothing else.
 */

import * as z from "zod";
import { ControllerSchema } from "./controllers.ts";
import { GroupPlanSchema } from "./kafka-policy.ts";
import { PHASES } from "./phases.ts";
import { SettingsSchema } from "./settings/schema.ts";

export const CLASSES = [
  "cloud-controller",
  "cron",
  "core",
  "stateful",
  "group-member",
  "queue-worker",
  "singleton",
  "stateless",
  "blocked",
] as const;
export type WorkloadClass = (typeof CLASSES)[number];

/** How a workload gets to the target. */
export const MOVES = [
  /** Started in full on the target before anything else; the source's stays until decommission (core, DaemonSets, rebuilt state). */
  "start-on-target",
  /** The target up to its half, then the source down to its half; at the cut 100 % and the floor (stateless). */
  "half-and-half",
  /** Stopped on the source, proved gone, started on the target; costs a pause. */
  "stop-then-start",
  /** Members of a consumer group: by its policy, one by one or all at once, never more nor fewer than its bounds. */
  "shift-group",
  /** Stopped on the source, its volumes copied by Velero and verified, started on the target; costs a pause that people approve. */
  "copy-with-pause",
  /** CronJobs: restored suspended, suspended on the source, proved idle, resumed on the target, between two ticks. */
  "hand-over-schedule",
  /** Controllers that know their own things: started on the target with an identity of its own; what is shared passes in the ledger. */
  "hand-over-controller",
  /** Consumers of one queue: some more on the target, consuming, then as many fewer on the source, until all are there. */
  "shift-workers",
  /** Stays on the source for good; the target reaches it through a Service. */
  "keep-on-source",
  /** Nothing is done: no safe way was found, or a decision is open. */
  "none",
] as const;
export type Move = (typeof MOVES)[number];

export const DECISIONS = ["keep-on-source", "copy-with-pause", "rebuild"] as const;
export type Decision = (typeof DECISIONS)[number];

/** Why a class was chosen: an object, a field of it, and what stands there (never a secret's value). */
export const ClassEvidenceSchema = z.object({
  object: z.string(),
  field: z.string(),
  sentence: z.string(),
  /** True where it is a conclusion of ours and not a fact that somebody wrote down. */
  inferred: z.boolean().optional(),
});

export const WorkloadSchema = z.object({
  namespace: z.string(),
  name: z.string(),
  kind: z.enum(["Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "ReplicaSet", "Pod"]),
  apiVersion: z.string(),
  class: z.enum(CLASSES),
  evidence: z.array(ClassEvidenceSchema),
  move: z.enum(MOVES),
  /** What `stateful` was decided to do; absent where it needs none or where it is still open. */
  decision: z.enum(DECISIONS).optional(),
  /** Decisions that make sense for it; only for `stateful`. */
  offered: z.array(z.enum(DECISIONS)).optional(),
  /** What acts outside of its cluster, and how two of it get along; only for `cloud-controller`. */
  controller: ControllerSchema.optional(),
  /** Produces to Kafka: moves like any stateless workload, but is watched for duplicate transactional ids. */
  producer: z.boolean().optional(),
  /** `namespace/name` of the brokers that a group member reads from, where these run in the clusters. */
  broker: z.string().optional(),
  /** Makes requests itself, as a client of the platform does (Locust, k6 …): nobody's answer depends on it. */
  loadGenerator: z.boolean().optional(),
  /** Pods at the time of the plan: spec.replicas, 1 where absent (the API's default). Zero for CronJobs. */
  replicas: z.number().int().nonnegative(),
  /** ceil(N/2), at least 1: capacity that each side has between the shift and the cut. */
  half: z.number().int().nonnegative(),
  /** What stays on the source after the cut, able to come back. */
  floor: z.number().int().nonnegative(),
  /** False where its pods can't finish what they hold when stopped (grace shorter than the withdrawal of endpoints): then the source's pods stay until nobody uses them. */
  drains: z.boolean(),
  /** From the probes: how long a pod takes to be Ready at least, and how long Repot waits for it. */
  readySecondsExpected: z.number().nonnegative(),
  readyDeadlineSeconds: z.number().positive(),
  /** The stated pause of `stop-then-start` and the approved one of `copy-with-pause`, null where there is none. */
  pauseSecondsMax: z.number().nonnegative().nullable(),
  /** What `copy-with-pause` copies, and how long a start of it takes at most. */
  copy: z.object({ claims: z.array(z.string()).min(1), startSeconds: z.number().nonnegative() }).optional(),
  /** Services that select its pods, `namespace/name`. */
  services: z.array(z.string()),
  /** Services that it calls, `namespace/name`, with where the manifests say so. */
  calls: z.array(z.object({ service: z.string(), field: z.string() })),
  /** Public hosts that end at it. */
  hosts: z.array(z.string()),
  /** Who else writes spec.replicas: `HorizontalPodAutoscaler shop/cart` or `ScaledObject …`. */
  autoscaler: z.string().optional(),
  /** Which wave it moves in; wave 0 is core. Null where it doesn't move. */
  wave: z.number().int().nonnegative().nullable(),
  /** The plan's operation that moves it. */
  operation: z.string().nullable(),
});
export type Workload = z.infer<typeof WorkloadSchema>;

export const OperationSchema = z.object({
  /** Four digits and a name: `0042-shift:shop/cart`. The digits give the order of the journal. */
  id: z.string(),
  phase: z.enum(PHASES),
  /** What will happen, to what, as a person reads it in the preview. */
  sentence: z.string(),
});
export type Operation = z.infer<typeof OperationSchema>;

/** A field in which the target will differ from the source, and why. */
export const ChangeSchema = z.object({
  object: z.string(),
  field: z.string(),
  from: z.json(),
  to: z.json(),
  why: z.string(),
});

/** What plan.json is made of. Put together where it is asked for: deployed functions trust what was stored under its hash, and needn't carry it. */
export const planSchema = () =>
  z.object({
    format: z.literal(1),
    platform: z.string(),
    /** Names the migration in the bucket, in ownership annotations and on every log line. */
    migration: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/),
    /** repot.yaml with every default filled in: zones, nodes, gates, window, approvers, load … */
    settings: SettingsSchema,
    workloads: z.array(WorkloadSchema),
    /** Public names: each host, and the Service that answers for it in either cluster. */
    hosts: z.array(z.object({ host: z.string(), namespace: z.string(), service: z.string() })),
    operations: z.array(OperationSchema),
    changes: z.array(ChangeSchema),
    /**
     * Services that lead to the other cluster for a while: on the target, to what stays on the source; on the source, to an exclusive
     * workload that was handed over and that others still call there.
     */
    links: z
      .array(
        z.object({
          /** `namespace/name`. */
          service: z.string(),
          /** The cluster whose Service is changed. */
          on: z.enum(["source", "target"]),
          workload: z.string(),
          operation: z.string(),
        }),
      )
      .optional(),
    /** Consumer groups whose members move by `shift-group`: the policy of each, and what it costs. */
    groups: z.array(GroupPlanSchema).optional(),
    /** What stands in neither the manifests nor repot.yaml. A rehearsal accepts these, a real start refuses them. */
    assumptions: z.array(z.string()),
    /** Decisions that a person has to make before a start, one line each. */
    open: z.array(
      z.object({ workload: z.string(), question: z.string(), offered: z.array(z.enum(DECISIONS)) }),
    ),
    /** What Repot can't do on this platform, one line each. */
    limits: z.array(z.string()),
    price: z.object({
      stateTransitions: z.number().int().nonnegative(),
      doubleRunningHours: z.number().nonnegative(),
      freezeMinutes: z.number().nonnegative(),
    }),
    /** The source's objects, sorted, with every secret masked: what the target is compared with, and the rehearsal's world. */
    objects: z.array(z.record(z.string(), z.json())),
  });
export type Plan = z.infer<ReturnType<typeof planSchema>>;

/** `namespace/name`, the NAME of flags and messages. */
export const nameOf = (w: Pick<Workload, "namespace" | "name">): string => `${w.namespace}/${w.name}`;
