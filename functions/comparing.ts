/**
 * One workload on both sides. Its pods are judged always; its answers as soon as requests can reach it on the target and everything that it
 * calls stands there. Before that, errors would be the gap's and not the workload's, and no requests would say nothing: neither is a pass.
 */

import { gapsOf } from "../domain/chains.ts";
import { compareSides } from "../domain/comparison.ts";
import { comparePods, type SidePods } from "../domain/comparison-pods.ts";
import { conditionOf, isGoing, isReadyPod } from "../domain/conditions.ts";
import type { Verdict } from "../domain/gates.ts";
import type { KubeObject } from "../domain/kube.ts";
import type { Side } from "../domain/phases.ts";
import { nameOf } from "../domain/plan.ts";
import { at, isLoose } from "../domain/pods.ts";
import { aroundWorkload, hostsLeadingToEach } from "../domain/queries.ts";
import { measureSide } from "./measuring.ts";
import { orUnknown } from "./objects.ts";
import { type Item, kubernetesOf, type SlimPlan } from "./run.ts";
import type { Context } from "./step.ts";
import { judge } from "./verdicts.ts";
import { podsOf, refOfItem, statusOf } from "./workload.ts";

/** What a comparison may read. */
export const COMPARISON_NEEDS = {
  metrics: ["query"],
  kubernetes: {
    source: ["get daemonsets", "get deployments", "get statefulsets", "list pods"],
    target: [
      "get daemonsets",
      "get deployments",
      "get statefulsets",
      "list daemonsets",
      "list deployments",
      "list statefulsets",
      "list pods",
    ],
  },
} as const;

/** The kubelet waits up to 300 s before it starts again what crashes: between two crashes such a pod is Ready for a while. */
export const RESTARTS_SECONDS = 600;

/** Ready for less than this is not steady yet; restarted within it is not healthy yet. */
const STEADY_SECONDS = 30;

/** @param whole Whether the target must be complete by now: then what can't be judged holds. */
export const compareItem = async (
  context: Context,
  plan: SlimPlan,
  item: Item,
  whole: boolean,
): Promise<readonly Verdict[]> => {
  const source = await standingOn(context, item, "source");
  const target = await standingOn(context, item, "target");
  const pods = [
    podsVerdict(context, item, target),
    ...comparePods(
      `${item.namespace}/${item.name}`,
      sidePods(context, plan, item, source),
      sidePods(context, plan, item, target),
      RESTARTS_SECONDS,
    ),
  ];
  const name = `${item.namespace}/${item.name}`;
  if (!hostsLeadingToEach(plan).has(name)) return pods;
  const gap = gapsOf(plan, await standing(context, plan, name))(name);
  if (gap === undefined) return [...pods, ...(await answers(context, plan, item))];
  return whole ? [...pods, notComplete(context, name, gap)] : pods;
};

/** A workload on one side with its pods; none where it isn't there. */
type Standing = {
  readonly side: Side;
  readonly object: KubeObject | undefined;
  readonly pods: readonly KubeObject[];
};

const standingOn = async (context: Context, item: Item, side: Side): Promise<Standing> => {
  const cluster = kubernetesOf(context, side);
  const object = await cluster.find(refOfItem(item));
  return { side, object, pods: object ? await podsOf(cluster, object) : [] };
};

const podsVerdict = (context: Context, item: Item, { object, pods }: Standing): Verdict => {
  const name = `${item.namespace}/${item.name}`;
  const status = object && statusOf(object);
  const wanted = item.kind === "DaemonSet" ? (status?.scheduled ?? 0) : (status?.wanted ?? 0);
  const now = context.now().getTime();
  const crashing = pods.filter(isCrashing);
  const steady = pods.filter((p) => isSteady(p, now));
  // None wanted is nothing to judge: that is never a pass.
  const passes = crashing.length > 0 ? false : wanted > 0 && steady.length >= wanted ? true : undefined;
  return judge(context, passes, {
    check: "workload/pods",
    subject: name,
    sentence:
      crashing.length > 0
        ? `${crashing.length} of ${pods.length} pods of ${name} crash on the target: ${crashing[0]?.metadata.name}.`
        : `${steady.length} of ${wanted} pods of ${name} have been Ready on the target for ${STEADY_SECONDS} s without a restart.`,
    remedy: `kubectl --context target -n ${item.namespace} get pods, then logs --previous of the one that restarts`,
    value: steady.length,
    threshold: `${wanted} pods, Ready and not restarted for ${STEADY_SECONDS} s`,
    samples: pods.length,
    source: `Pods of ${item.kind} ${name}`,
  });
};

/** The pods of one side; none where the workload isn't there or was scaled away. */
const sidePods = (context: Context, plan: SlimPlan, item: Item, { side, pods: all }: Standing): SidePods => {
  // A pod that is on its way out is neither ready nor unready.
  const pods = all.filter((p) => !isGoing(p));
  const now = context.now().getTime();
  return {
    cluster: plan.settings[side].name,
    pods: pods.length,
    ready: pods.filter(isReadyPod).length,
    restarted: pods.filter((p) => restartedWithin(p, RESTARTS_SECONDS, now)).length,
    observedAt: context.now().toISOString(),
    source: `Pods of ${item.kind} ${item.namespace}/${item.name}`,
  };
};

const statuses = (pod: KubeObject): readonly Readonly<Record<string, unknown>>[] => {
  const found = at(pod, "status", "containerStatuses");
  return Array.isArray(found) ? found.filter(isLoose) : [];
};

export const isCrashing = (pod: KubeObject): boolean =>
  statuses(pod).some((c) =>
    ["CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull", "CreateContainerConfigError"].includes(
      String(at(c, "state", "waiting", "reason")),
    ),
  );

const since = (value: unknown, now: number): number =>
  typeof value === "string" ? (now - Date.parse(value)) / 1_000 : Number.NaN;

export const restartedWithin = (pod: KubeObject, seconds: number, now: number): boolean =>
  statuses(pod).some((c) => since(at(c, "lastState", "terminated", "finishedAt"), now) < seconds);

const isSteady = (pod: KubeObject, now: number): boolean =>
  isReadyPod(pod) &&
  !restartedWithin(pod, STEADY_SECONDS, now) &&
  !(since(conditionOf(pod, "Ready")?.lastTransitionTime, now) < STEADY_SECONDS);

/** Of the workloads on the ways through one, those that have a ready pod on the target. The other namespaces of a large cluster aren't read. */
const standing = async (context: Context, plan: SlimPlan, name: string): Promise<ReadonlySet<string>> => {
  const around = aroundWorkload(plan, name);
  const target = kubernetesOf(context, "target");
  const ready = new Set<string>();
  for (const [namespace, kinds] of kindsByNamespace(plan, around))
    for (const kind of kinds)
      for (const object of (await orUnknown(() =>
        target.list({ apiVersion: "apps/v1", kind }, { namespace }),
      )) ?? [])
        if (statusOf(object).ready > 0) ready.add(`${namespace}/${object.metadata.name}`);
  return ready;
};

const STANDING_KINDS = ["Deployment", "StatefulSet", "DaemonSet"];

const kindsByNamespace = (
  { workloads }: SlimPlan,
  names: ReadonlySet<string>,
): ReadonlyMap<string, ReadonlySet<string>> => {
  const kinds = new Map<string, Set<string>>();
  for (const w of workloads)
    if (names.has(nameOf(w)) && STANDING_KINDS.includes(w.kind))
      kinds.set(w.namespace, (kinds.get(w.namespace) ?? new Set()).add(w.kind));
  return kinds;
};

export const notComplete = (context: Context, name: string, gap: string): Verdict =>
  judge(context, undefined, {
    check: "workload/answers",
    subject: name,
    sentence: `The answers of ${name} on the target can't be judged: ${gap}.`,
    remedy:
      "Bring up what is missing on the target; nothing is cut before every workload's answers were compared.",
    value: null,
    threshold: "a whole chain from a public host",
    samples: 0,
    source: "the plan's call graph and the target's ready pods",
  });

const answers = async (context: Context, plan: SlimPlan, item: Item): Promise<readonly Verdict[]> => {
  const name = `${item.namespace}/${item.name}`;
  const [source, target] = await Promise.all([
    measureSide(context, plan, item, "source"),
    measureSide(context, plan, item, "target"),
  ]);
  // The synthetic load gives the target its samples before any client is there: too few for small differences, which the cut's own gates look for.
  const verdicts = compareSides(name, source, target, plan.settings.gates, { provisional: true });
  // Clients ask one host more than the other, the synthetic load asks all alike: what several hosts lead to answers another mix by right.
  // The mix of each host's own entry is compared, and after the cut everything is, under the clients' load.
  return hostsLeadingTo(plan, name) > 1
    ? verdicts.filter((v) => v.check !== "comparison/status-mix")
    : verdicts;
};

/** How many public hosts have a workload somewhere behind them. */
export const hostsLeadingTo = (plan: Pick<SlimPlan, "workloads" | "hosts">, name: string): number =>
  hostsLeadingToEach(plan).get(name) ?? 0;
