/** Every effectful step of a migration in its order, as the numbered operations of the plan. */

import { byCodeUnit } from "../kube.ts";
import type { OperationName, Step } from "../operations.ts";
import type { Phase } from "../phases.ts";
import { nameOf, type Plan, type Workload } from "../plan.ts";
import type { Settings } from "../settings.ts";
import { stepsFor } from "../workers.ts";

type Link = Omit<NonNullable<Plan["links"]>[number], "operation">;

const once = (phase: Phase, name: OperationName, sentence: string): Step => ({ phase, name, sentence });

const minutes = (seconds: number): string =>
  seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;

const pods = (count: number): string => (count === 1 ? "1 pod" : `${count} pods`);

/** What comes before the workers of a queue that must run empty first. */
const drained = (w: Workload, settings: Settings): string => {
  const queue = settings.queues.find((q) => q.workload === nameOf(w) && q.policy === "drained");
  return queue && w.class === "queue-worker"
    ? `Queue ${queue.queue} runs empty, waited for up to ${minutes(settings.policy.drainSecondsMax)}, its publishers elsewhere. Then `
    : "";
};

const stepSize = (w: Workload, settings: Settings): number =>
  stepsFor(w.replicas, settings.queues.find((q) => q.workload === nameOf(w))?.stepShare ?? 1)[0]?.target ?? 0;

const moving = (w: Workload, settings: Settings): Step | undefined => {
  const subject = nameOf(w);
  const common = { phase: "move-workloads", subject } as const;
  switch (w.move) {
    case "start-on-target":
      return {
        ...common,
        name: "start-core",
        sentence: `${w.kind} ${subject} starts on the target${w.kind === "DaemonSet" ? ", a pod on each node" : ` with ${pods(w.replicas)}`}; the source's go on.`,
      };
    case "half-and-half":
      return {
        ...common,
        name: "shift",
        sentence: `${w.kind} ${subject}: the target up to ${w.half} of ${w.replicas}, Ready and compared, then the source down as far as its demand allows.`,
      };
    case "stop-then-start":
      return {
        ...common,
        name: "hand-over",
        sentence: `${drained(w, settings)}${w.kind} ${subject} stops on the source, is proved gone, and starts on the target with ${pods(w.replicas)}: a pause of at most ${minutes(w.pauseSecondsMax ?? 0)}.`,
      };
    case "copy-with-pause":
      return {
        ...common,
        name: "copy",
        sentence: `${w.kind} ${subject} stops on the source, Velero snapshots its ${w.copy?.claims.length === 1 ? "volume" : `${w.copy?.claims.length ?? 0} volumes`} and restores them on the target, and it starts there once the copy is proved: away for at most ${minutes(w.pauseSecondsMax ?? 0)}, else it goes back.`,
      };
    case "hand-over-controller":
      return {
        ...common,
        name: "hand-over",
        sentence: `${w.kind} ${subject} (${w.controller?.product ?? "a controller"}) starts on the target with an identity of its own${w.controller?.way === "owned" ? " and without the right to delete; the source's stops, the target owns in the ledger, and may then what the source's could" : ", and runs beside the source's, each on its own cluster's things"}.`,
      };
    case "shift-workers":
      return {
        ...common,
        name: "shift-workers",
        sentence: `${w.kind} ${subject}: its ${pods(w.replicas)} change sides ${stepSize(w, settings)} at a time; those of the target consume before those of the source stop. Autoscalers of it are pinned meanwhile.`,
      };
    case "shift-group":
      return {
        ...common,
        name: "shift-group",
        sentence: `${w.kind} ${subject}: its ${w.replicas === 1 ? "member" : `${w.replicas} members`} get to the target by their group's policy, each move watched until the group has settled.`,
      };
    case "hand-over-schedule":
      return {
        ...common,
        name: "hand-over",
        sentence: `CronJob ${subject} is suspended on the source, proved idle, and resumed on the target, between two ticks.`,
      };
    case "keep-on-source":
    case "none":
      return undefined;
  }
};

const inOrder = (workloads: readonly Workload[]): readonly Workload[] =>
  [...workloads].sort((a, b) => (a.wave ?? 0) - (b.wave ?? 0) || byCodeUnit(nameOf(a), nameOf(b)));

const linking = (links: readonly Link[], on: "source" | "target"): Step[] =>
  links
    .filter((l) => l.on === on)
    .map((l) => ({
      phase: "move-workloads" as const,
      name: "link-service" as const,
      subject: l.service,
      sentence: `Service ${l.service} of the ${on} leads to ${l.workload} on the ${on === "target" ? "source, where it stays" : "target, once it was handed over"}.`,
    }));

const traffic = (workloads: readonly Workload[], settings: Settings): Step[] => {
  const halves = workloads.filter((w) => w.move === "half-and-half");
  const { zone, parent } = settings.dns;
  return [
    ...halves.map((w) => ({
      phase: "cut-traffic" as const,
      name: "raise-target" as const,
      subject: nameOf(w),
      sentence: `${nameOf(w)} goes up to ${w.replicas} on the target.`,
    })),
    once(
      "cut-traffic",
      "carry-records",
      `What others changed in the old zone of ${zone} since it was copied is set in the new one as well.`,
    ),
    once("cut-traffic", "delegate-zone", `${parent} delegates ${zone} to the name servers of the new zone.`),
    once(
      "cut-traffic",
      "repoint-old-zone",
      `The old zone of ${zone} names the new servers and sends stragglers to the target.`,
    ),
    ...halves.map((w) => ({
      phase: "cut-traffic" as const,
      name: "lower-source" as const,
      subject: nameOf(w),
      sentence: `${nameOf(w)} goes down to ${w.floor} on the source, able to come back.`,
    })),
  ];
};

const before = ({ source, target, dns, pipelines }: Settings): readonly Step[] => [
  once(
    "preflight",
    "lower-ttls",
    `TTLs of ${dns.zone} and its delegation go from ${dns.ttlSeconds} s and ${dns.recordTtlSeconds} s down to ${dns.loweredTtlSeconds} s.`,
  ),
  once(
    "build-target",
    "ensure-cluster",
    `Cluster ${target.name} (Kubernetes ${target.kubernetesVersion}) is adopted or created.`,
  ),
  once(
    "build-target",
    "create-zone",
    `A second zone ${dns.zone} is created, with every name and no delegation.`,
  ),
  once(
    "build-target",
    "install-bundle",
    "Velero, monitoring, ingress and Repot's load generator are installed.",
  ),
  once(
    "build-target",
    "install-probes",
    "Probes on both clusters try every outside destination of the source, every five minutes until the thaw.",
  ),
  once(
    "build-target",
    "warm-target",
    `${target.name} gets its nodes, images and load-balancer capacity early.`,
  ),
  once("build-target", "run-e2e-suite", "The end-to-end suite runs against the target."),
  once(
    "freeze",
    "pause-pipelines",
    `Pipelines are paused: ${pipelines.length === 0 ? "none is known" : pipelines.map((p) => p.name).join(", ")}.`,
  ),
  once(
    "freeze",
    "install-freeze-policy",
    "Both clusters refuse changes to workloads by everybody but Repot, controllers and break-glass.",
  ),
  once("freeze", "floor-autoscalers", "Autoscalers may grow their workloads, not shrink them."),
  once("freeze", "take-snapshot", `Velero takes a backup of ${source.name}.`),
];

const restoring = (links: readonly Link[], { target }: Settings): readonly Step[] => {
  const led = links.filter((l) => l.on === "target").map((l) => l.service);
  return [
    once(
      "move-workloads",
      "restore-workloads",
      `Everything is restored on ${target.name} with no pods and schedules suspended.`,
    ),
    once("move-workloads", "complete-restore", "What Velero left out is created from the snapshot."),
    once(
      "move-workloads",
      "restore-hooks",
      "Webhooks and aggregated APIs come after the wave that holds what answers for them; on the way back they go first.",
    ),
    once(
      "move-workloads",
      "fill-zone",
      "Each public host gets a record in the new zone that leads to the target's load balancer.",
    ),
    once(
      "move-workloads",
      "carry-drift",
      "What break-glass changes on the source after the snapshot is set on the target as well.",
    ),
    once(
      "move-workloads",
      "link-services",
      `Services that lead to the other cluster: ${led.length === 0 ? "none" : led.join(", ")}.`,
    ),
    ...linking(links, "target"),
  ];
};

const after = (moved: readonly Workload[], { source, target, dns, policy }: Settings): readonly Step[] => [
  once(
    "thaw",
    "stop-load",
    `Repot's own load on ${source.name} stops, and the probes of both clusters: nothing there has to answer any more.`,
  ),
  once(
    "thaw",
    "lift-freeze",
    `${target.name} takes changes again; ${source.name} refuses them and says where things are now.`,
  ),
  once("thaw", "resume-pipelines", `Pipelines are resumed against ${target.name}.`),
  once("thaw", "restore-autoscalers", "Autoscalers get their own ranges back."),
  once(
    "thaw",
    "carry-back",
    "Only in a rollback after thaw: what pipelines changed on the target is carried back, each listed.",
  ),
  once(
    "decommission",
    "final-snapshot",
    `Velero takes the last backup of ${source.name}, at least ${Math.round(policy.bakeSeconds / 3600)} hours after thaw.`,
  ),
  ...moved.map((w) => ({
    phase: "decommission" as const,
    name: "retire-source" as const,
    subject: nameOf(w),
    sentence: `${nameOf(w)} is removed from the source.`,
  })),
  once(
    "decommission",
    "restore-ttls",
    `TTLs of ${dns.zone} go back to ${dns.ttlSeconds} s and ${dns.recordTtlSeconds} s.`,
  ),
];

/** All steps, in the order in which the journal has them. */
export const stepsOf = (
  workloads: readonly Workload[],
  links: readonly Link[],
  settings: Settings,
): readonly Step[] => {
  const ordered = inOrder(workloads);
  const moved = ordered.filter((w) => w.wave !== null);
  return [
    ...before(settings),
    ...restoring(links, settings),
    ...moved.flatMap((w) => moving(w, settings) ?? []),
    ...linking(links, "source"),
    ...traffic(ordered, settings),
    ...after(moved, settings),
  ];
};
