/** Who consumes what, from the settings and from the plan's classes, and which broker inside the clusters holds it. */

import { productOfImage } from "../../domain/classes/images.ts";
import { byCodeUnit } from "../../domain/kube.ts";
import type { Side } from "../../domain/phases.ts";
import { nameOf, type Plan, type Workload } from "../../domain/plan.ts";
import type { Consumer, QueueKind } from "./queues.ts";

/** What a group or a queue carries where nobody says. */
const DEFAULT_MESSAGES_PER_SECOND = { kafka: 50, rabbitmq: 20, sqs: 20 } as const;
const DEFAULT_PARTITIONS = 12;

/** The groups and queues of the settings, and every group member or queue worker of the plan that they don't name. */
export const consumersOf = (plan: Plan): readonly Consumer[] => {
  const workloads = new Map<string, Workload>(plan.workloads.map((w) => [nameOf(w), w]));
  const common = (workload: string) => ({
    workload,
    replicas: workloads.get(workload)?.replicas ?? 1,
    pauseSeconds: workloads.get(workload)?.pauseSecondsMax ?? 0,
  });
  const groups = plan.settings.groups.map(
    (g): Consumer => ({
      ...common(g.workload),
      name: g.group,
      kind: "kafka",
      topic: g.topic,
      messagesPerSecond: g.messagesPerSecond,
      membersMax: g.partitions,
    }),
  );
  const queues = plan.settings.queues.map(
    (q): Consumer => ({
      ...common(q.workload),
      name: q.queue,
      kind: q.kind,
      topic: q.queue,
      messagesPerSecond: q.messagesPerSecond,
      membersMax: Number.POSITIVE_INFINITY,
      hands: { ...q, graceSeconds: graceOf(q.workload, plan) },
    }),
  );
  const named = new Set([...groups, ...queues].map((c) => c.workload));
  const inferred = plan.workloads.flatMap((w): readonly Consumer[] => {
    if (named.has(nameOf(w)) || (w.class !== "group-member" && w.class !== "queue-worker")) return [];
    const kind: QueueKind = w.class === "group-member" ? "kafka" : "rabbitmq";
    const messagesPerSecond = DEFAULT_MESSAGES_PER_SECOND[kind];
    const membersMax = kind === "kafka" ? DEFAULT_PARTITIONS : Number.POSITIVE_INFINITY;
    return [{ ...common(nameOf(w)), name: nameOf(w), kind, topic: nameOf(w), messagesPerSecond, membersMax }];
  });
  return [...groups, ...queues, ...inferred].sort((a, b) =>
    byCodeUnit(`${a.kind}/${a.name}`, `${b.kind}/${b.name}`),
  );
};

export type Broker = {
  readonly workload: string;
  /** Where the messages are while it isn't rebuilt. */
  readonly side: Side;
  /** It starts empty on the target: a person decided that what it holds is worth nothing. */
  readonly rebuilt: boolean;
  /** Its log is gone with its pods: no claim holds it. */
  readonly volatile: boolean;
};

const PRODUCTS: { readonly [K in QueueKind]: RegExp } = {
  kafka: /^Kafka$/,
  rabbitmq: /^RabbitMQ$/,
  sqs: /^$/,
};

/** The broker among what a consumer calls; undefined where it runs outside of the clusters, and so loses nothing by a move. */
export const brokerOf = (consumer: Pick<Consumer, "kind" | "workload">, plan: Plan): Broker | undefined => {
  const member = plan.workloads.find((w) => nameOf(w) === consumer.workload);
  const called = new Set(member?.calls.map((c) => c.service));
  const broker = plan.workloads.find(
    (w) =>
      nameOf(w) === member?.broker ||
      (w.services.some((s) => called.has(s)) &&
        imagesOf(w, plan).some((image) =>
          PRODUCTS[consumer.kind].test(productOfImage(image)?.product ?? ""),
        )),
  );
  if (!broker) return undefined;
  return {
    workload: nameOf(broker),
    side: "source",
    rebuilt: broker.decision === "rebuild" || broker.move === "start-on-target",
    volatile: !hasClaim(broker, plan),
  };
};

/** The grace period of a workload's pods, by its manifest. */
const graceOf = (workload: string, plan: Plan): number => {
  const found = plan.workloads.find((w) => nameOf(w) === workload);
  return (found && specOf(found, plan)?.template?.spec?.terminationGracePeriodSeconds) ?? 30;
};

type PodTemplate = {
  readonly terminationGracePeriodSeconds?: number;
  readonly containers?: readonly { readonly image?: string }[];
  readonly volumes?: readonly { readonly persistentVolumeClaim?: unknown }[];
};

const specOf = (w: Workload, plan: Plan) => {
  const object = plan.objects.find((o) => {
    const meta = o["metadata"] as { readonly namespace?: string; readonly name?: string } | undefined;
    return o["kind"] === w.kind && meta?.name === w.name && (meta?.namespace ?? "default") === w.namespace;
  });
  return object?.["spec"] as
    | {
        readonly template?: { readonly spec?: PodTemplate };
        readonly volumeClaimTemplates?: readonly unknown[];
      }
    | undefined;
};

const imagesOf = (w: Workload, plan: Plan): readonly string[] =>
  (specOf(w, plan)?.template?.spec?.containers ?? []).flatMap((c) => c.image ?? []);

const hasClaim = (w: Workload, plan: Plan): boolean => {
  const spec = specOf(w, plan);
  const volumes = spec?.template?.spec?.volumes ?? [];
  return (
    (spec?.volumeClaimTemplates?.length ?? 0) > 0 ||
    volumes.some((v) => v.persistentVolumeClaim !== undefined)
  );
};
