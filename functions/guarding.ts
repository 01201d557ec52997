/** What the guard measures: the answers and pods of every workload on both sides, the platform as a whole, nodes and cluster. */

import { makeNetwork } from "../adapters/network.ts";
import { gapsOf } from "../domain/chains.ts";
import {
  type Health,
  judgeAddresses,
  judgeLostNodes,
  judgeNodes,
  judgeRefusals,
  judgeScheduling,
} from "../domain/checks/health.ts";
import { compareSides, type SideMeasured } from "../domain/comparison.ts";
import { comparePods, type SidePods } from "../domain/comparison-pods.ts";
import { isGoing, isReadyPod } from "../domain/conditions.ts";
import type { Verdict } from "../domain/gates.ts";
import { zAmong } from "../domain/intervals.ts";
import type { KubeObject } from "../domain/kube.ts";
import type { Side } from "../domain/phases.ts";
import { nameOf, type Workload } from "../domain/plan.ts";
import { hostsLeadingToEach } from "../domain/queries.ts";
import { type Pair, together } from "../domain/whole-platform.ts";
import { asking } from "./check.ts";
import { isCrashing, notComplete, RESTARTS_SECONDS, restartedWithin } from "./comparing.ts";
import type { Guard } from "./guard.ts";
import { measureAll } from "./measuring-all.ts";
import { freeAddresses } from "./network.ts";
import { orUnknown } from "./objects.ts";
import { kubernetesOf, type SlimPlan } from "./run.ts";
import type { Context } from "./step.ts";
import { judge } from "./verdicts.ts";
import { matcherOf, statusOf } from "./workload.ts";

/** What one side's API shows, listed once. */
export type Seen = Health & { readonly workloads: ReadonlyMap<string, KubeObject> };

const KINDS = ["Deployment", "StatefulSet", "DaemonSet"] as const;

/** What a plan has no workload of isn't listed; Deployments are, whatever stands there: those that get no pods say so. */
const kindsOn = ({ workloads }: SlimPlan): readonly string[] =>
  KINDS.filter((kind) => kind === "Deployment" || workloads.some((w) => w.kind === kind));

export const seeSide = async (context: Context, plan: SlimPlan, side: Side): Promise<Seen> => {
  const cluster = kubernetesOf(context, side);
  const workloads = new Map<string, KubeObject>();
  const deployments: KubeObject[] = [];
  for (const kind of kindsOn(plan))
    for (const object of (await orUnknown(() => cluster.list({ apiVersion: "apps/v1", kind }))) ?? []) {
      workloads.set(`${object.metadata.namespace}/${object.metadata.name}`, object);
      if (kind === "Deployment") deployments.push(object);
    }
  return {
    cluster: plan.settings[side].name,
    nodes: await cluster.list({ apiVersion: "v1", kind: "Node" }),
    pods: await cluster.list({ apiVersion: "v1", kind: "Pod" }),
    deployments,
    workloads,
  };
};

/** @param before What the last look has seen: the target's nodes, and the VPC that the source goes out of, which is a cluster's for life. */
export const judgeClusters = async (
  context: Context,
  plan: SlimPlan,
  seen: { readonly [S in Side]: Seen },
  { nodes: before, vpc: known }: Pick<Guard, "nodes" | "vpc">,
): Promise<{ readonly verdicts: readonly Verdict[] } & Pick<Guard, "nodes" | "vpc">> => {
  const limitsOf = (side: Side) => ({
    nowMs: context.now().getTime(),
    nodeSeconds: Math.max(...plan.settings[side].nodePools.map((p) => p.startSeconds)) + MARGIN_SECONDS,
  });
  const limits = limitsOf("target");
  const own = new Set(plan.workloads.map((w) => w.namespace));
  const moved = { ...seen.target, pods: seen.target.pods.filter((p) => own.has(p.metadata.namespace ?? "")) };
  const lost = judgeLostNodes(moved, before, limits);
  const wanted = plan.workloads
    .filter((w) => w.move !== "keep-on-source" && w.move !== "none")
    .reduce((sum, w) => sum + w.replicas, 0);
  const network = makeNetwork(context.aws.ec2, context.aws.elb);
  const places = await asking(() => freeAddresses(network, plan, known));
  const free = "value" in places ? { value: places.value.free } : places;
  const vpc = "value" in places ? places.value.vpc : known;
  return {
    verdicts: [
      judgeNodes(seen.target, limits),
      judgeNodes(seen.source, limitsOf("source")),
      lost.verdict,
      judgeScheduling(seen.target, limits),
      judgeScheduling(seen.source, limitsOf("source")),
      judgeRefusals(seen.target, limits),
      judgeAddresses(seen.target.cluster, free, Math.max(0, wanted - moved.pods.length), limits),
    ],
    nodes: [...seen.target.nodes.map((n) => n.metadata.name), ...lost.lost].sort(),
    ...(vpc === undefined ? {} : { vpc }),
  };
};

/** What a pod may wait beyond the start of a node: images, and one missed round of the scheduler. */
const MARGIN_SECONDS = 180;

export type Compared = {
  readonly verdicts: readonly Verdict[];
  /** The platform as one; none before two entries can be compared. */
  readonly whole: readonly Verdict[];
  /** Workloads that have been compared, now or before. */
  readonly compared: readonly string[];
  /** What the source's clients got, by workload: only where the source was measured. */
  readonly baseline: Readonly<Record<string, SideMeasured>>;
};

/**
 * Compares every workload whose chain is whole and that has had requests on the target. One that could be compared before has to be comparable
 * now; one that never was is waited for by its own gate.
 * @param baseline What stood before the delegation; undefined before it, when the source is measured itself.
 */
export const compareAll = async (
  context: Context,
  plan: SlimPlan,
  seen: { readonly [S in Side]: Seen },
  known: readonly string[],
  baseline: Readonly<Record<string, SideMeasured>> | undefined,
): Promise<Compared> => {
  const leading = hostsLeadingToEach(plan);
  const ready = new Set([...seen.target.workloads].filter(([, o]) => statusOf(o).ready > 0).map(([n]) => n));
  const gapOf = gapsOf(plan, ready);
  const target = await measureAll(context, plan, "target");
  const measured = baseline ? undefined : await measureAll(context, plan, "source");
  const source = (name: string) => measured?.(name) ?? baseline?.[name];
  const was = new Set(known);
  const names = plan.workloads.map(nameOf).filter((n) => leading.has(n) && (ready.has(n) || was.has(n)));
  const { samplesMin } = plan.settings.gates;
  const judged = names.flatMap((name) => {
    const [here, there] = [source(name), target(name)];
    if (!here) return [];
    const gap = gapOf(name);
    const tells = gap === undefined && hasSamples(here, samplesMin) && hasSamples(there, samplesMin);
    return tells || was.has(name) ? [{ name, here, there, gap }] : [];
  });
  const options = { provisional: true, z: zAmong(judged.length * FIGURES) };
  const { gates } = plan.settings;
  const verdicts = judged.flatMap(({ name, here, there, gap }) =>
    gap === undefined
      ? compareSides(name, here, there, gates, options).filter(
          // Clients ask one host more than the other: what several hosts lead to answers another mix by right.
          (v) => v.check !== "comparison/status-mix" || leading.get(name) === 1,
        )
      : [notComplete(context, name, gap)],
  );
  return {
    verdicts: [...verdicts, ...plan.workloads.flatMap((w) => podVerdicts(context, w, seen))],
    whole: wholePlatform(
      plan,
      judged.filter((one) => one.gap === undefined),
      options,
    ),
    compared: [...new Set([...known, ...judged.map((j) => j.name)])].sort(),
    baseline: measured
      ? Object.fromEntries(
          plan.workloads
            .map(nameOf)
            .filter((n) => leading.has(n))
            .map((n) => [n, measured(n)]),
        )
      : {},
  };
};

/** Errors, two quantiles, the mix of answers, the objective. */
const FIGURES = 5;

const hasSamples = ({ requests }: SideMeasured, samplesMin: number): boolean =>
  !("missing" in requests) && !requests.stale && requests.value >= Math.max(1, samplesMin);

/** Everything that clients enter by, as one. */
const wholePlatform = (
  plan: SlimPlan,
  judged: readonly { readonly name: string; readonly here: SideMeasured; readonly there: SideMeasured }[],
  options: { readonly provisional: boolean; readonly z: number },
): readonly Verdict[] => {
  const entries = new Set(plan.hosts.map((h) => `${h.namespace}/${h.service}`));
  const isEntry = new Set(plan.workloads.filter((w) => w.services.some((s) => entries.has(s))).map(nameOf));
  const pairs: Pair[] = judged
    .filter((j) => isEntry.has(j.name))
    .map((j) => ({ source: j.here, target: j.there }));
  const whole = together(pairs);
  if (!whole || pairs.length < 2) return [];
  const plain = judged.every((j) => !isEntry.has(j.name) || hostsLeadingToEach(plan).get(j.name) === 1);
  return compareSides(
    `${plan.platform} as a whole`,
    whole.source,
    whole.target,
    plan.settings.gates,
    options,
  ).filter((v) => plain || v.check !== "comparison/status-mix");
};

/** Restarts of both sides, and pods that crash on the target; nothing where the target has none. */
export const podVerdicts = (
  context: Context,
  workload: Workload,
  seen: { readonly [S in Side]: Seen },
): readonly Verdict[] => {
  const name = nameOf(workload);
  const pods = { source: podsIn(seen.source, name), target: podsIn(seen.target, name) };
  if (pods.target.length === 0) return [];
  const now = context.now().getTime();
  const sideOf = (side: Side): SidePods => ({
    cluster: seen[side].cluster,
    pods: pods[side].length,
    ready: pods[side].filter(isReadyPod).length,
    restarted: pods[side].filter((p) => restartedWithin(p, RESTARTS_SECONDS, now)).length,
    observedAt: context.now().toISOString(),
    source: `Pods of ${workload.kind} ${name}`,
  });
  const crashing = pods.target.filter(isCrashing);
  return [
    judge(context, crashing.length === 0, {
      check: "workload/crashes",
      subject: name,
      sentence:
        crashing.length === 0
          ? `No pod of ${name} crashes on the target.`
          : `${crashing.length} of ${pods.target.length} pods of ${name} crash on the target: ${crashing[0]?.metadata.name}.`,
      remedy: `kubectl --context target -n ${workload.namespace} logs --previous ${crashing[0]?.metadata.name ?? ""}`,
      value: crashing.length,
      threshold: "0 pods that crash",
      samples: pods.target.length,
      source: `Pods of ${workload.kind} ${name}`,
    }),
    // Pods that start now aren't ready yet by right: their own gate waits for them.
    ...comparePods(name, sideOf("source"), sideOf("target"), RESTARTS_SECONDS).filter(
      (v) => v.check === "comparison/restarts",
    ),
  ];
};

const podsIn = (seen: Seen, name: string): readonly KubeObject[] => {
  const object = seen.workloads.get(name);
  if (!object) return [];
  const matches = matcherOf(object);
  return (byNamespace(seen).get(object.metadata.namespace ?? "") ?? []).filter(
    (p) => !isGoing(p) && matches(p),
  );
};

const indexes = new WeakMap<Seen, ReadonlyMap<string, readonly KubeObject[]>>();

const byNamespace = (seen: Seen): ReadonlyMap<string, readonly KubeObject[]> => {
  const before = indexes.get(seen);
  if (before) return before;
  const index = new Map<string, KubeObject[]>();
  for (const pod of seen.pods) {
    const own = index.get(pod.metadata.namespace ?? "") ?? [];
    own.push(pod);
    index.set(pod.metadata.namespace ?? "", own);
  }
  indexes.set(seen, index);
  return index;
};
