/** Preflight's judgement of what keeps data: connections of both fleets against each datastore's limit at every step, consumer groups, queues, transactional ids. */

import { peakDemands, podsForDemand } from "../capacity.ts";
import type { Verdict } from "../gates.ts";
import { byCodeUnit } from "../kube.ts";
import { nameOf, type Plan, type Workload } from "../plan.ts";
import type { Settings } from "../settings.ts";
import { stepsFor } from "../workers.ts";
import { counted, judging, type Observed, seen, some } from "./judging.ts";

type SlimPlan = Omit<Plan, "objects">;
type Datastore = Settings["datastores"][number];

/** Pods that hold connections, by side, at one step of the migration. */
type Pods = { readonly source: number; readonly target: number };

/** The steps at which the number of pods is greatest; each is an upper bound of what the machines do. */
export const STEPS = ["before", "while shifting", "shifted", "at the cut", "after the cut"] as const;
export type StepOfFleet = (typeof STEPS)[number];

/** What the source keeps once the target has its half: what the demand needs; everything, where pods can't drain. */
const keptBySource = (plan: SlimPlan, w: Workload): number =>
  w.drains
    ? Math.min(w.replicas, Math.max(w.half, podsForDemand(plan, w, demandsOf(plan).get(nameOf(w)) ?? 0)))
    : w.replicas;

const demands = new WeakMap<SlimPlan, ReadonlyMap<string, number>>();

/** Worked out once for a plan: it walks the calls of every host. */
const demandsOf = (plan: SlimPlan): ReadonlyMap<string, number> => {
  const known = demands.get(plan) ?? peakDemands(plan);
  demands.set(plan, known);
  return known;
};

/** Workers that change sides at once. */
const stepOf = (plan: SlimPlan, w: Workload): number =>
  stepsFor(w.replicas, plan.settings.queues.find((q) => q.workload === nameOf(w))?.stepShare ?? 1)[0]
    ?.target ?? 0;

/** Pods of one workload at a step. A CronJob counts as one pod: its job may run at any of them. */
export const podsAt = (plan: SlimPlan, w: Workload, step: StepOfFleet): Pods => {
  const pods = w.kind === "CronJob" ? 1 : w.replicas;
  switch (w.move) {
    case "half-and-half": {
      const kept = keptBySource(plan, w);
      const steps: { readonly [S in StepOfFleet]: Pods } = {
        before: { source: pods, target: 0 },
        "while shifting": { source: pods, target: w.half },
        shifted: { source: kept, target: w.half },
        "at the cut": { source: kept, target: pods },
        "after the cut": { source: w.drains ? w.floor : kept, target: pods },
      };
      return steps[step];
    }
    case "start-on-target":
      return step === "before" ? { source: pods, target: 0 } : { source: pods, target: pods };
    // Stopped here before it is started there: never two.
    case "shift-group":
      // One more than there are at most, and only while it moves.
      return step === "while shifting"
        ? { source: pods, target: 1 }
        : step === "before"
          ? { source: pods, target: 0 }
          : { source: 0, target: pods };
    case "hand-over-controller":
      return step === "before" ? { source: pods, target: 0 } : { source: pods, target: pods };
    case "copy-with-pause":
    case "stop-then-start":
    case "hand-over-schedule":
      return step === "before" || step === "while shifting"
        ? { source: pods, target: 0 }
        : { source: 0, target: pods };
    // A step more than all of them while they shift.
    case "shift-workers":
      if (step === "before") return { source: pods, target: 0 };
      return step === "while shifting"
        ? { source: pods, target: stepOf(plan, w) }
        : { source: 0, target: pods };
    case "keep-on-source":
    case "none":
      return { source: pods, target: 0 };
  }
};

/** Connections at a step: while shifting, only as many workloads as the policy lets move at once stand at their double. */
export const connectionsAt = (
  plan: SlimPlan,
  store: Datastore,
  step: StepOfFleet,
  sides: readonly (keyof Pods)[],
): number => {
  const each = plan.workloads.flatMap((w) => {
    const perPod = store.connectionsPerPod[nameOf(w)] ?? 0;
    const at = (s: StepOfFleet) => sides.reduce((sum, side) => sum + podsAt(plan, w, s)[side], 0) * perPod;
    return perPod === 0 ? [] : [{ at }];
  });
  if (step !== "while shifting") return each.reduce((sum, w) => sum + w.at(step), 0);
  const settled = each.map((w) => Math.max(w.at("before"), w.at("shifted")));
  const excess = each
    .map((w, i) => Math.max(0, w.at("while shifting") - (settled[i] ?? 0)))
    .sort((a, b) => b - a);
  return [...settled, ...excess.slice(0, plan.settings.policy.concurrency)].reduce((sum, n) => sum + n, 0);
};

/** The workload of the plan that a datastore's host leads to, where it runs in the cluster itself. */
const workloadBehind = (plan: SlimPlan, host: string): Workload | undefined => {
  const [name = "", namespace] = (host.split(":")[0] ?? "").split(".");
  const matches = (service: string) =>
    namespace === undefined ? service.endsWith(`/${name}`) : service === `${namespace}/${name}`;
  return plan.workloads.find((w) => w.services.some(matches));
};

/** What the metrics base counts now on the source for a datastore. */
export type ConnectionsSeen = { readonly datastore: string; readonly now: Observed<number> };

/** data/connections, one for each datastore. */
export const judgeConnections = (
  plan: SlimPlan,
  measured: readonly ConnectionsSeen[],
  at: string,
): readonly Verdict[] => {
  const stores = [...plan.settings.datastores].sort((a, b) => byCodeUnit(a.name, b.name));
  if (stores.length === 0)
    return [
      judging(at)("data/connections", plan.platform).pass(
        "repot.yaml names no datastore with a connection limit; watch those that have one at the cut, when both fleets stand.",
        [seen("datastores with a limit", 0, "source and target within 80 % of each limit", "repot.yaml")],
      ),
    ];
  return stores.map((store) =>
    judgeStore(plan, store, measured.find((m) => m.datastore === store.name)?.now, at),
  );
};

const judgeStore = (
  plan: SlimPlan,
  store: Datastore,
  now: Observed<number> | undefined,
  at: string,
): Verdict => {
  const say = judging(at)("data/connections", store.name);
  const source = "the plan's pods at each step, and the source's metrics now";
  const strangers = Object.keys(store.connectionsPerPod).filter(
    (name) => !plan.workloads.some((w) => nameOf(w) === name),
  );
  if (strangers.length > 0)
    return say.unknown(
      `${store.name} counts connections of ${some(strangers.sort(byCodeUnit))}, which the plan doesn't know: its budget can't be computed.`,
      "Correct datastores.connectionsPerPod in repot.yaml; names are namespace/name.",
      [seen("workloads that the plan doesn't know", strangers.length, "0", "repot.yaml")],
    );
  if (now === undefined || !("value" in now))
    return say.unanswered(now?.missing ?? `Nothing measures ${store.name}.`, "datastore_connections");
  const behind = workloadBehind(plan, store.host);
  const alone = behind !== undefined && behind.move !== "keep-on-source" && behind.move !== "none";
  const limit = Math.floor(store.connectionsMax * plan.settings.policy.connectionShareMax);
  const sides = alone
    ? (["source", "target"] as const).map((side) => [side] as const)
    : [["source", "target"] as const];
  const computed = (step: StepOfFleet) => Math.max(...sides.map((s) => connectionsAt(plan, store, step, s)));
  // What others hold (people, jobs, other clusters) stays through every step.
  const others = Math.max(0, now.value - computed("before"));
  const steps = STEPS.map((step) => ({ step, connections: computed(step) + others }));
  const threshold = `at most ${limit} (${Math.round(plan.settings.policy.connectionShareMax * 100)} % of ${store.connectionsMax})`;
  const evidence = [
    seen(
      "connections measured on the source now",
      now.value,
      "what the plan computes",
      "datastore_connections",
    ),
    ...steps.map(({ step, connections }) => seen(`connections ${step}`, connections, threshold, source)),
  ];
  const worst = steps.reduce((a, b) => (b.connections > a.connections ? b : a));
  if (worst.connections <= limit)
    return say.pass(
      `${store.name} never holds more than ${worst.connections} connections (${worst.step}), ${threshold}.`,
      evidence,
    );
  return say.fail(
    `${store.name} would hold ${worst.connections} connections ${worst.step}, ${threshold}.`,
    "Raise the datastore's limit, make the pods' pools smaller, put a connection pooler before it, or move its callers in smaller waves (policy.concurrency).",
    evidence,
  );
};

export type LagSeen = { readonly name: string; readonly now: Observed<number> };

/** data/group-lag and data/static-ids: the consumer groups that repot.yaml names. */
export const judgeGroups = (plan: SlimPlan, lags: readonly LagSeen[], at: string): readonly Verdict[] => {
  const groups = [...plan.settings.groups].sort((a, b) => byCodeUnit(a.group, b.group));
  const members = plan.workloads.filter((w) => w.class === "group-member");
  const unnamed = members.filter((w) => !groups.some((g) => g.workload === nameOf(w))).map(nameOf);
  const say = judging(at)("data/groups", plan.platform);
  const evidence = [
    seen(
      "consumer workloads whose group repot.yaml names",
      members.length - unnamed.length,
      `all ${members.length}`,
      "the plan and repot.yaml",
    ),
  ];
  const named =
    members.length === 0 && groups.length === 0
      ? say.pass("The plan has no member of a consumer group.", evidence)
      : unnamed.length > 0
        ? say.pass(
            `${some(unnamed)} ${unnamed.length === 1 ? "is a consumer" : "are consumers"} without a group in repot.yaml: stopped, then started, with the plan's pause; watch the lag by hand.`,
            evidence,
          )
        : say.pass(
            `Every consumer workload has its group in repot.yaml (${counted(members.length, "workload")}).`,
            evidence,
          );
  return [
    named,
    ...judgeStaticIds(plan, at),
    ...groups.map((g) => judgeLag("data/group-lag", "kafka_consumergroup_lag", g.group, lags, at)),
  ];
};

const judgeStaticIds = (plan: SlimPlan, at: string): readonly Verdict[] => {
  const prefixes = new Map<string, string[]>();
  for (const g of plan.settings.groups)
    if (g.staticIdPrefix !== undefined)
      prefixes.set(`${g.group}/${g.staticIdPrefix}`, [
        ...(prefixes.get(`${g.group}/${g.staticIdPrefix}`) ?? []),
        g.workload,
      ]);
  if (prefixes.size === 0) return [];
  const clashes = [...prefixes].filter(([, workloads]) => workloads.length > 1).map(([prefix]) => prefix);
  // Two members of one id fence each other: exactly one side may have it at a time.
  const doubled = plan.settings.groups.flatMap((g) =>
    g.staticIdPrefix === undefined
      ? []
      : plan.workloads
          .filter(
            (w) => nameOf(w) === g.workload && (w.move === "half-and-half" || w.move === "start-on-target"),
          )
          .map(nameOf),
  );
  const say = judging(at)("data/static-ids", plan.platform);
  const evidence = [
    seen(
      "static ids that two pods would use",
      clashes.length + doubled.length,
      "0",
      "the plan and repot.yaml",
      prefixes.size,
    ),
  ];
  return [
    clashes.length + doubled.length === 0
      ? say.pass(
          "Each static member id is used by one workload, which is stopped before it starts again.",
          evidence,
        )
      : say.fail(
          `${some([...clashes, ...doubled].sort(byCodeUnit))}: two pods would use one group.instance.id, and the newcomer fences the other.`,
          "Give each workload its own staticIdPrefix, and let it move by stopping first.",
          evidence,
        ),
  ];
};

/** A lag or depth that can't be read now can't be waited for later. */
const judgeLag = (
  check: string,
  metric: string,
  name: string,
  lags: readonly LagSeen[],
  at: string,
): Verdict => {
  const say = judging(at)(check, name);
  const now = lags.find((l) => l.name === name)?.now;
  if (now === undefined || !("value" in now))
    return say.unanswered(now?.missing ?? `Nothing measures ${name}.`, metric);
  return say.pass(`${name} has ${counted(Math.round(now.value), "message")} waiting now.`, [
    seen("messages that wait", now.value, "a value", metric),
  ]);
};

/** data/queue-depth: the queues that repot.yaml names. */
export const judgeQueues = (plan: SlimPlan, depths: readonly LagSeen[], at: string): readonly Verdict[] =>
  plan.settings.queues
    .map((q) => q.queue)
    .sort(byCodeUnit)
    .map((queue) => judgeLag("data/queue-depth", "queue_messages", queue, depths, at));
