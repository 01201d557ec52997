/** What Repot can't do on a platform, or does at a price that people should know before they approve: one line each. */

import type { Classified } from "../classes/classify.ts";
import type { Inventory } from "../inventory.ts";
import { byCodeUnit } from "../kube.ts";
import { nameOf, type Workload } from "../plan.ts";
import { at } from "../pods.ts";

type Link = { readonly service: string; readonly on: "source" | "target"; readonly workload: string };
type Links = readonly Link[];

/** Moves that stop on the source before they start on the target. */
const STOPS_FIRST: ReadonlySet<Workload["move"]> = new Set(["stop-then-start", "copy-with-pause"]);

const callersOf = (workloads: readonly Workload[], w: Workload): readonly string[] =>
  workloads
    .filter((c) => c.calls.some((call) => w.services.includes(call.service)) && nameOf(c) !== nameOf(w))
    .map(nameOf);

/**
 * Services whose callers are in the other cluster for a while: of what stays on the source, and of exclusive workloads that others call
 * while the source still serves.
 */
export const linksOf = (workloads: readonly Workload[]): Links =>
  workloads
    .flatMap((w): readonly Link[] => {
      if (w.move === "keep-on-source")
        return w.services.map((service) => ({ service, on: "target", workload: nameOf(w) }));
      const serves = STOPS_FIRST.has(w.move) && (callersOf(workloads, w).length > 0 || w.hosts.length > 0);
      return serves ? w.services.map((service) => ({ service, on: "source", workload: nameOf(w) })) : [];
    })
    .sort((a, b) => byCodeUnit(`${a.service} ${a.on}`, `${b.service} ${b.on}`));

const pauses = (workloads: readonly Workload[]): string[] =>
  workloads
    .filter((w) => STOPS_FIRST.has(w.move))
    .map((w) => {
      const callers = callersOf(workloads, w);
      const seen = [...callers, ...w.hosts.map((h) => `the clients of ${h}`)];
      const why =
        w.move === "copy-with-pause"
          ? "its volumes are copied meanwhile, and on the way back once more"
          : "it stops first, since two of it must not run";
      const pause = `${nameOf(w)} (${w.class}) pauses for at most ${w.pauseSecondsMax ?? 0} s when it is handed over: ${why}`;
      return seen.length === 0
        ? `${pause}.`
        : `${pause}; ${seen.join(", ")} ${seen.length === 1 ? "gets" : "get"} no answer from it meanwhile.`;
    });

const BROKERS = /Kafka|RabbitMQ|NATS|ActiveMQ|Pulsar|MQTT/;

const rebuilt = (classified: readonly Classified[], workloads: readonly Workload[]): string[] => {
  const brokers = new Set(
    classified.filter((c) => BROKERS.test(c.store?.product ?? "")).map((c) => c.subject.running.id),
  );
  return workloads
    .filter((w) => w.decision === "rebuild" && w.move === "start-on-target")
    .flatMap((w) => {
      const consumers = workloads.filter(
        (c) =>
          brokers.has(nameOf(w)) &&
          (c.class === "group-member" || c.class === "queue-worker") &&
          c.calls.some((call) => w.services.includes(call.service)),
      );
      return [
        `${nameOf(w)} starts empty on the target: what it holds on the source stays there and goes with it. That was decided (rebuild).`,
        ...consumers.map(
          (c) =>
            `Messages that ${nameOf(c)} hasn't read from ${nameOf(w)} on the source when it is handed over, and those that follow until the cut, are never read.`,
        ),
      ];
    });
};

const scratch = (classified: readonly Classified[]): string[] =>
  classified
    .filter((c) => c.class === "stateless" && c.subject.running.replicas > 0)
    .flatMap(({ subject: { running } }) => {
      const temporary = new Set(
        (running.template.spec.volumes ?? []).filter((v) => v.hostPath).map((v) => v.name),
      );
      const mount = running.template.spec.containers
        .flatMap((container) => container.volumeMounts ?? [])
        .find((m) => temporary.has(m.name) && m.readOnly !== true);
      return mount
        ? [`${running.id} writes to its node at ${mount.mountPath}: what stands there is not carried over.`]
        : [];
    });

const others = (workloads: readonly Workload[], inventory: Inventory): string[] => [
  ...workloads
    .filter((w) => w.loadGenerator === true && w.move === "half-and-half")
    .map(
      (w) =>
        `${nameOf(w)} makes requests itself: between its shift and the end it runs on both sides, each against its own cluster, so stores kept on the source get its load twice.`,
    ),
  ...workloads
    .filter((w) => w.kind === "Job" && w.move === "none")
    .map(
      (w) =>
        `Job ${nameOf(w)} is restored suspended and never runs on the target; what still runs of it ends on the source.`,
    ),
  ...workloads
    .filter(
      (w) =>
        w.replicas === 0 &&
        w.kind !== "CronJob" &&
        w.kind !== "Job" &&
        w.move === "none" &&
        w.class !== "blocked",
    )
    .map((w) => `${nameOf(w)} has no pods: it is restored as it is, and nothing of it is started.`),
  ...workloads
    .filter((w) => !w.drains && w.services.length > 0)
    .map(
      (w) =>
        `${nameOf(w)} is killed before load balancers know that it goes (terminationGracePeriodSeconds too short): its source pods stay until nobody uses them.`,
    ),
  ...inventory.services
    .filter((s) => s.type === "NodePort")
    .map(
      (s) =>
        `Service ${s.id} has node ports: clients that use a node's address reach the source until it is retired.`,
    ),
  ...inventory
    .ofKind("PersistentVolumeClaim")
    .filter((o) => at(o, "spec", "storageClassName") === undefined)
    .map(
      (o) =>
        `PersistentVolumeClaim ${o.metadata.namespace}/${o.metadata.name} names no storage class: the target's default is used.`,
    ),
];

/** References that look like a Service of the platform but can't reach it. */
const unreachable = (classified: readonly Classified[], inventory: Inventory): string[] => {
  const byName = new Map<string, string[]>();
  for (const s of inventory.services) byName.set(s.name, [...(byName.get(s.name) ?? []), s.id]);
  const lines = new Map<string, string[]>();
  for (const { subject } of classified)
    for (const { kind, value } of subject.settings) {
      const host = kind === "env" ? /^(?:[a-z]+:\/\/)?([a-z][a-z0-9-]*):\d+/.exec(value)?.[1] : undefined;
      const elsewhere = host === undefined ? undefined : byName.get(host);
      if (!elsewhere || elsewhere.includes(`${subject.running.namespace}/${host}`)) continue;
      const key = `${host} of namespace ${subject.running.namespace}`;
      lines.set(key, [...(lines.get(key) ?? []), subject.running.name]);
    }
  return [...lines].map(([key, names]) => {
    const [first] = key.split(" ");
    const count = new Set(names).size;
    return `${count === 1 ? names[0] : `${count} workloads`} ${count === 1 ? "names" : "name"} Service ${key}, which isn't there (${(byName.get(first ?? "") ?? []).join(", ")} is): taken for no call.`;
  });
};

/** @returns the lines, sorted within their kinds. */
export const limitsOf = (
  classified: readonly Classified[],
  workloads: readonly Workload[],
  inventory: Inventory,
): readonly string[] => [
  ...workloads
    .filter((w) => w.class === "blocked")
    .map((w) => `${w.kind} ${nameOf(w)} is blocked: ${w.evidence[0]?.sentence ?? "no safe way was found."}`),
  ...pauses(workloads),
  ...rebuilt(classified, workloads),
  ...others(workloads, inventory),
  ...scratch(classified),
  ...unreachable(classified, inventory),
];
