/** How each workload gets to the target: its move, its halves, how long it takes to be Ready, and the pause of what stops first. */

import type { Classified } from "../classes/classify.ts";
import { type Controller, controllerOf } from "../controllers.ts";
import { callsOf } from "../graph.ts";
import type { Inventory } from "../inventory.ts";
import { refOf, sentenceOf } from "../kube.ts";
import type { Move, Plan, Workload } from "../plan.ts";
import { at } from "../pods.ts";
import { drains, graceSecondsOf, readinessOf, readyDeadlineSeconds, START_SECONDS_MAX } from "../probes.ts";
import type { Settings } from "../settings.ts";
import { claimNamesOf } from "../volume-copy.ts";
import type { Decided, Offer } from "./decisions.ts";

/** Calls that a step makes between two polls, and their retries. */
const CALLS_SECONDS = 30;

/** The controller that a workload is, by what was recognised in it. */
const controllerFor = (c: Classified): Controller | undefined => {
  const product = c.subject.recognised.find((r) => r.role === "cloud-controller")?.product;
  return c.class === "cloud-controller" && product !== undefined ? controllerOf(product) : undefined;
};

export const moveOf = (c: Classified, decided: Decided): Move => {
  const { running } = c.subject;
  if (running.replicas === 0 && running.kind !== "CronJob") return "none";
  switch (c.class) {
    case "core":
      return "start-on-target";
    case "cron":
      return "hand-over-schedule";
    case "stateful": {
      const decision = decided.get(running.id);
      if (decision === undefined) return "none";
      if (decision === "copy-with-pause") return decision;
      return decision === "rebuild" ? "start-on-target" : "keep-on-source";
    }
    case "cloud-controller":
      return controllerFor(c)?.way === "exclusive" ? "stop-then-start" : "hand-over-controller";
    case "queue-worker":
      return "shift-workers";
    case "group-member":
    case "singleton":
      return "stop-then-start";
    case "stateless":
      return "half-and-half";
    case "blocked":
      return "none";
  }
};

/** Who else writes a workload's replica count. */
export const autoscalersOf = (inventory: Inventory): ReadonlyMap<string, string> =>
  new Map(
    [...inventory.ofKind("HorizontalPodAutoscaler"), ...inventory.ofKind("ScaledObject")].map((o) => [
      `${o.metadata.namespace ?? "default"}/${String(at(o, "spec", "scaleTargetRef", "name"))}`,
      sentenceOf(refOf(o)),
    ]),
  );

/** Stop, proof, start, Ready: what nobody is there for, at most. A pod that is deleted may use its whole grace period. */
const pauseOf = (graceSeconds: number, expectedSeconds: number, settings: Settings): number =>
  graceSeconds + expectedSeconds + START_SECONDS_MAX + 2 * settings.policy.pollSeconds + CALLS_SECONDS;

/** From the intent to start it until it is Ready, at most. */
const startOf = (expectedSeconds: number, settings: Settings): number =>
  expectedSeconds + START_SECONDS_MAX + 2 * settings.policy.pollSeconds + CALLS_SECONDS;

/** The pause that a move costs: stated by us where nothing is copied, approved by people where volumes are. */
const pauseFor = (move: Move, c: Classified, expectedSeconds: number, settings: Settings): number | null => {
  const { id, template } = c.subject.running;
  switch (move) {
    case "stop-then-start":
      return pauseOf(graceSecondsOf(template.spec), expectedSeconds, settings);
    case "copy-with-pause":
      return settings.pauses[id] ?? settings.policy.pauseSecondsMax;
    default:
      return null;
  }
};

type Shared = {
  readonly inventory: Inventory;
  readonly settings: Settings;
  readonly hosts: Plan["hosts"];
  readonly decided: Decided;
  readonly offers: ReadonlyMap<string, Offer>;
  readonly autoscalers: ReadonlyMap<string, string>;
  /** Services of brokers that start empty on the target: their queues there are other ones. */
  readonly rebuiltBrokers: ReadonlySet<string>;
};

/** Consumers of both sides share a queue only where both sides mean the same one, and Repot knows which. */
const sharesQueue = (id: string, calls: Workload["calls"], { settings, rebuiltBrokers }: Shared): boolean =>
  settings.queues.some((q) => q.workload === id && q.policy === "shares") &&
  !calls.some((c) => rebuiltBrokers.has(c.service));

const hostsOf = (services: readonly string[], hosts: Plan["hosts"]): string[] => [
  ...new Set(hosts.filter((h) => services.includes(`${h.namespace}/${h.service}`)).map((h) => h.host)),
];

/** A workload of the plan; wave and operation are filled in later. */
export const workloadOf = (c: Classified, shared: Shared): Workload => {
  const { running } = c.subject;
  const { inventory, settings, decided, offers } = shared;
  const { spec } = running.template;
  const minReady = Number(at(running.object, "spec", "minReadySeconds") ?? 0);
  const ready = readinessOf(spec, minReady);
  const nodeSeconds = Math.max(...settings.target.nodePools.map((p) => p.startSeconds));
  const services = (inventory.servicesOf.get(running.id) ?? []).map((s) => s.id);
  const calls = callsOf(running, inventory, c.subject.settings).map((call) => ({ ...call }));
  const usual = moveOf(c, decided);
  const move =
    usual === "shift-workers" && !sharesQueue(running.id, calls, shared) ? "stop-then-start" : usual;
  const decision = decided.get(running.id);
  const offer = offers.get(running.id);
  const controller = controllerFor(c);
  const autoscaler = shared.autoscalers.get(running.id);
  return {
    namespace: running.namespace,
    name: running.name,
    kind: running.kind,
    apiVersion: running.object.apiVersion,
    class: c.class,
    evidence: c.evidence.map((e) => ({ ...e })),
    move,
    ...(decision === undefined ? {} : { decision }),
    ...(offer === undefined ? {} : { offered: [...offer.offered] }),
    ...(controller === undefined ? {} : { controller }),
    ...(c.producer ? { producer: true } : {}),
    ...(c.loadGenerator ? { loadGenerator: true } : {}),
    replicas: running.replicas,
    half: Math.ceil(running.replicas / 2),
    floor: Math.min(running.replicas, settings.policy.floorReplicas),
    drains: drains(spec),
    readySecondsExpected: ready.expectedSeconds,
    readyDeadlineSeconds: readyDeadlineSeconds(
      ready.latestSeconds,
      nodeSeconds,
      settings.policy.readyDeadlineSeconds,
    ),
    pauseSecondsMax: pauseFor(move, c, ready.expectedSeconds, settings),
    ...(move === "copy-with-pause"
      ? {
          copy: {
            claims: [...claimNamesOf(running.object, running.replicas)],
            startSeconds: startOf(ready.expectedSeconds, settings),
          },
        }
      : {}),
    services,
    calls,
    hosts: hostsOf(services, shared.hosts),
    ...(autoscaler === undefined ? {} : { autoscaler }),
    wave: null,
    operation: null,
  };
};
