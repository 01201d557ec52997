/** Nodes and cluster while workloads move: conditions, pods that find no place, quotas, addresses left. Pure; one verdict for each question. */

import { type Condition, conditionOf, conditionsOf, isEndedPod, isGoing, isReadyPod } from "../conditions.ts";
import type { Verdict } from "../gates.ts";
import { byCodeUnit, type KubeObject } from "../kube.ts";
import { counted, judging, type Observed, seen, some } from "./judging.ts";

/** What one cluster shows. */
export type Health = {
  readonly cluster: string;
  readonly nodes: readonly KubeObject[];
  readonly pods: readonly KubeObject[];
  /** Deployments, whose conditions say that their pods are refused. */
  readonly deployments: readonly KubeObject[];
};

export type HealthLimits = {
  readonly nowMs: number;
  /** Until a new node is there, and its pods run. */
  readonly nodeSeconds: number;
};

const API = "the Kubernetes API";

/** A kubelet that misses one report isn't lost; its condition turns after 40 s by itself. */
const NODE_PATIENCE_SECONDS = 30;

const ageSeconds = ({ lastTransitionTime: since }: Condition, nowMs: number): number =>
  since === undefined ? Number.POSITIVE_INFINITY : (nowMs - Date.parse(since)) / 1_000;

const PRESSURES = new Set(["MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"]);

/** What is wrong with a node, in a few words; undefined where nothing is. */
const troubleOf = (node: KubeObject, nowMs: number): string | undefined => {
  for (const condition of conditionsOf(node)) {
    const { type, status } = condition;
    if (ageSeconds(condition, nowMs) < NODE_PATIENCE_SECONDS) continue;
    if (type === "Ready" && status !== "True") return `${node.metadata.name} (not ready)`;
    if (PRESSURES.has(type) && status === "True") return `${node.metadata.name} (${type})`;
  }
  return undefined;
};

/** cluster/nodes: every node is ready and under no pressure. */
export const judgeNodes = (health: Health, { nowMs }: HealthLimits): Verdict => {
  const say = judging(new Date(nowMs).toISOString())("cluster/nodes", health.cluster);
  const ill = health.nodes.flatMap((n) => troubleOf(n, nowMs) ?? []).sort(byCodeUnit);
  const evidence = [
    seen(
      "nodes that aren't ready, or under pressure",
      some(ill),
      "none",
      `${API}: nodes`,
      health.nodes.length,
    ),
  ];
  if (health.nodes.length === 0)
    return say.unknown(`${health.cluster} shows no node.`, "Look at the cluster's nodes.", evidence);
  return ill.length === 0
    ? say.pass(
        `${counted(health.nodes.length, "node")} of ${health.cluster} ${health.nodes.length === 1 ? "is" : "are"} ready and under no pressure.`,
        evidence,
      )
    : say.fail(
        `${health.cluster} has ${counted(ill.length, "node")} in trouble: ${some(ill)}.`,
        `kubectl describe node; nothing more is moved until ${health.cluster} is well.`,
        evidence,
      );
};

const isOver = (pod: KubeObject): boolean => isEndedPod(pod) || isGoing(pod);

/**
 * cluster/nodes-lost: a node that was there and is gone has taken its pods with it; until every pod stands again, nothing more is moved.
 * @param before Names of the nodes that were there at the last look, and of those that were missed then.
 */
export const judgeLostNodes = (
  health: Health,
  before: readonly string[],
  { nowMs }: HealthLimits,
): { readonly verdict: Verdict; readonly lost: readonly string[] } => {
  const say = judging(new Date(nowMs).toISOString())("cluster/nodes-lost", health.cluster);
  const there = new Set(health.nodes.map((n) => n.metadata.name));
  const gone = before.filter((name) => !there.has(name));
  const waiting = health.pods.filter((p) => !isOver(p) && !isReadyPod(p)).length;
  const evidence = [
    seen(
      "nodes that are gone",
      some(gone),
      "none, or every pod ready",
      `${API}: nodes`,
      Math.max(1, before.length),
    ),
    seen(
      "pods that aren't ready",
      waiting,
      "0 after a node has gone",
      `${API}: pods`,
      Math.max(1, health.pods.length),
    ),
  ];
  if (gone.length === 0)
    return { verdict: say.pass(`No node of ${health.cluster} has gone.`, evidence), lost: [] };
  if (waiting === 0)
    return {
      verdict: say.pass(
        `${some(gone)} of ${health.cluster} ${gone.length === 1 ? "is" : "are"} gone, and every pod stands elsewhere.`,
        evidence,
      ),
      lost: [],
    };
  return {
    verdict: say.unknown(
      `${some(gone)} of ${health.cluster} ${gone.length === 1 ? "is" : "are"} gone, and ${counted(waiting, "pod")} ${waiting === 1 ? "isn't" : "aren't"} ready again yet.`,
      "Wait until the pods stand on other nodes; find out what took the node.",
      evidence,
    ),
    lost: gone,
  };
};

/** cluster/unschedulable: no pod waits for a place for longer than a new node takes. */
export const judgeScheduling = (health: Health, { nowMs, nodeSeconds }: HealthLimits): Verdict => {
  const say = judging(new Date(nowMs).toISOString())("cluster/unschedulable", health.cluster);
  const waiting = health.pods.flatMap((pod) => {
    const condition = conditionOf(pod, "PodScheduled");
    return condition?.status === "False" && condition.reason === "Unschedulable" && !isOver(pod)
      ? [{ pod, age: ageSeconds(condition, nowMs), why: condition.message }]
      : [];
  });
  const late = waiting.filter((w) => w.age > nodeSeconds);
  const evidence = [
    seen(
      `pods without a node for more than ${nodeSeconds} s`,
      late.length,
      "0",
      `${API}: pods`,
      Math.max(1, health.pods.length),
    ),
    seen(
      "pods without a node",
      waiting.length,
      "taken by the next node",
      `${API}: pods`,
      Math.max(1, health.pods.length),
    ),
  ];
  const [first] = late;
  return first === undefined
    ? say.pass(
        `Every pod of ${health.cluster} has a node, or has waited for one for less than ${nodeSeconds} s.`,
        evidence,
      )
    : say.fail(
        `${counted(late.length, "pod")} of ${health.cluster} ${late.length === 1 ? "finds" : "find"} no node: ${first.pod.metadata.namespace}/${first.pod.metadata.name}: ${String(first.why ?? "no reason given")}.`,
        "Give the pool more nodes (nodesMax, the account's quota of instances), or look at the pod's selector, tolerations and requests.",
        evidence,
      );
};

/** cluster/refused-pods: no quota and no webhook refuses a workload its pods. */
export const judgeRefusals = (health: Health, { nowMs }: HealthLimits): Verdict => {
  const say = judging(new Date(nowMs).toISOString())("cluster/refused-pods", health.cluster);
  const refused = health.deployments
    .flatMap((d) => {
      const condition = conditionOf(d, "ReplicaFailure");
      return condition?.status === "True"
        ? [{ name: `${d.metadata.namespace}/${d.metadata.name}`, why: String(condition.message) }]
        : [];
    })
    .sort((a, b) => byCodeUnit(a.name, b.name));
  const evidence = [
    seen(
      "Deployments whose pods are refused",
      some(refused.map((r) => r.name)),
      "none",
      `${API}: deployments`,
      Math.max(1, health.deployments.length),
    ),
  ];
  const [first] = refused;
  if (first === undefined) return say.pass(`${health.cluster} refuses no pod.`, evidence);
  const quota = /exceeded quota/.test(first.why);
  return say.fail(
    `${health.cluster} refuses pods of ${some(refused.map((r) => r.name))}: ${first.why}.`,
    quota
      ? "Raise the ResourceQuota of the namespace: both fleets stand at once for a while."
      : "Look at the admission of pods: quota, webhooks, policies.",
    evidence,
  );
};

/** cluster/addresses: the subnets have an address for every pod that is still to come. */
export const judgeAddresses = (
  subject: string,
  free: Observed<number>,
  toCome: number,
  { nowMs }: HealthLimits,
): Verdict => {
  const say = judging(new Date(nowMs).toISOString())("cluster/addresses", subject);
  const source = "ec2:DescribeSubnets";
  if (!("value" in free)) return say.unanswered(free.missing, source);
  const evidence = [
    seen(
      "free addresses in the subnets",
      free.value,
      `at least ${toCome}, the pods that are still to come`,
      source,
    ),
  ];
  return free.value >= toCome
    ? say.pass(
        `The subnets of ${subject} have ${free.value} free addresses; ${toCome} pods are still to come.`,
        evidence,
      )
    : say.fail(
        `The subnets of ${subject} have ${free.value} free addresses, and ${toCome} pods are still to come.`,
        "Add subnets, or lower WARM_ENI_TARGET, which hoards whole interfaces.",
        evidence,
      );
};
