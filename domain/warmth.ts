/**
 * Capacity ahead of demand: how much room the plan's workloads take in full, placeholders of exactly that shape that make nodes come up,
 * and whether everything fits on the nodes that are Ready.
 */

import { ours, SYSTEM_NAMESPACE } from "./bundle.ts";
import { canonicalLine, sha256 } from "./canonical.ts";
import { holds, isEndedPod } from "./conditions.ts";
import { byCodeUnit, type Json, type KubeObject } from "./kube.ts";
import { nameOf, type Workload } from "./plan.ts";
import { at, isLoose, templateOf, workloadKindOf } from "./pods.ts";
import { parseQuantity } from "./quantity.ts";
import { meetsExpression } from "./selectors.ts";

/** Where a pod may run: copied from the workload as it is. */
type Placement = { readonly nodeSelector?: Json; readonly tolerations?: Json; readonly nodeAffinity?: Json };

export type Demand = {
  readonly pods: number;
  readonly cpuMilli: number;
  readonly memoryBytes: number;
  readonly placement: Placement;
};

const SYSTEM = "kube-system";
export const PLACEHOLDER_LABEL = "repot.dev/placeholder";
const PAUSE_IMAGE = "registry.k8s.io/pause:3.10";

/** Requests of a pod: all containers together, or the largest init container where that is more. */
const requestOf = (spec: unknown, resource: "cpu" | "memory"): number => {
  const of = (container: unknown): number => {
    const text =
      at(container, "resources", "requests", resource) ?? at(container, "resources", "limits", resource);
    return typeof text === "string" || typeof text === "number" ? (parseQuantity(text) ?? 0) : 0;
  };
  const lists = (field: string): readonly unknown[] => {
    const found = at(spec, field);
    return Array.isArray(found) ? found : [];
  };
  const init = lists("initContainers");
  const sidecars = init
    .filter((c) => at(c, "restartPolicy") === "Always")
    .reduce<number>((sum, c) => sum + of(c), 0);
  const main = lists("containers").reduce<number>((sum, c) => sum + of(c), sidecars);
  return Math.max(main, ...init.map((c) => of(c) + (at(c, "restartPolicy") === "Always" ? 0 : sidecars)));
};

const placementOf = (spec: unknown): Placement => {
  const pick = (name: string, value: unknown) => (value === undefined ? {} : { [name]: value as Json });
  return {
    ...pick("nodeSelector", at(spec, "nodeSelector")),
    ...pick("tolerations", at(spec, "tolerations")),
    ...pick("nodeAffinity", at(spec, "affinity", "nodeAffinity")),
  };
};

/** What moves to the target and takes room there, as many pods as it has in full; equal shapes together, largest first. */
export const demandsOf = (
  workloads: readonly Pick<Workload, "namespace" | "name" | "kind" | "move" | "replicas">[],
  objects: readonly KubeObject[],
): readonly Demand[] => {
  const moving = new Map(
    workloads
      .filter(
        (w) => w.move !== "keep-on-source" && w.move !== "none" && w.namespace !== SYSTEM && w.replicas > 0,
      )
      .map((w) => [`${w.kind}|${nameOf(w)}`, w]),
  );
  const shapes = new Map<string, Demand>();
  for (const object of objects) {
    const kind = workloadKindOf(object);
    const workload = moving.get(
      `${object.kind}|${object.metadata.namespace ?? "default"}/${object.metadata.name}`,
    );
    if (!kind || !workload || kind === "DaemonSet" || kind === "CronJob") continue;
    const { spec } = templateOf(object, kind);
    const shape = {
      cpuMilli: Math.ceil(requestOf(spec, "cpu") * 1_000),
      memoryBytes: Math.ceil(requestOf(spec, "memory")),
      placement: placementOf(spec),
    };
    const key = canonicalLine(shape);
    shapes.set(key, { ...shape, pods: (shapes.get(key)?.pods ?? 0) + workload.replicas });
  }
  return [...shapes]
    .sort(([a, x], [b, y]) => y.cpuMilli - x.cpuMilli || y.memoryBytes - x.memoryBytes || byCodeUnit(a, b))
    .map(([, demand]) => demand);
};

/** Pods that do nothing and take the room of one shape, so that nodes come up before they are needed. */
export const placeholderOf = (migration: string, demand: Demand): KubeObject => {
  const { pods, ...shape } = demand;
  const name = `warm-${sha256(canonicalLine(shape)).slice(0, 12)}`;
  const { nodeAffinity, ...where } = demand.placement;
  const labels = { "app.kubernetes.io/name": name, [PLACEHOLDER_LABEL]: "true" };
  return ours(migration, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: SYSTEM_NAMESPACE, labels },
    spec: {
      replicas: pods,
      selector: { matchLabels: { "app.kubernetes.io/name": name } },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 0,
          ...where,
          ...(nodeAffinity === undefined ? {} : { affinity: { nodeAffinity } }),
          containers: [
            {
              name: "pause",
              image: PAUSE_IMAGE,
              resources: { requests: { cpu: `${demand.cpuMilli}m`, memory: String(demand.memoryBytes) } },
            },
          ],
        },
      },
    },
  });
};

type Room = { readonly node: KubeObject; cpuMilli: number; memoryBytes: number; pods: number };

const isReady = (node: KubeObject): boolean =>
  holds(node, "Ready") && at(node, "spec", "unschedulable") !== true;

const numberOf = (value: unknown): number =>
  typeof value === "string" || typeof value === "number" ? (parseQuantity(value) ?? 0) : 0;

/** Free room on each Ready node; placeholders count as free, since they make way. */
const roomsOf = (nodes: readonly KubeObject[], pods: readonly KubeObject[]): readonly Room[] => {
  const rooms = new Map<string, Room>(
    nodes.filter(isReady).map((node) => [
      node.metadata.name,
      {
        node,
        cpuMilli: numberOf(at(node, "status", "allocatable", "cpu")) * 1_000,
        memoryBytes: numberOf(at(node, "status", "allocatable", "memory")),
        pods: numberOf(at(node, "status", "allocatable", "pods")),
      },
    ]),
  );
  for (const pod of pods) {
    const room = rooms.get(String(at(pod, "spec", "nodeName") ?? ""));
    if (!room || isEndedPod(pod) || pod.metadata.labels?.[PLACEHOLDER_LABEL] !== undefined) continue;
    room.cpuMilli -= requestOf(pod["spec"], "cpu") * 1_000;
    room.memoryBytes -= requestOf(pod["spec"], "memory");
    room.pods -= 1;
  }
  return [...rooms.values()].sort((a, b) => byCodeUnit(a.node.metadata.name, b.node.metadata.name));
};

const tolerated = (taint: unknown, tolerations: unknown): boolean => {
  if (!isLoose(taint) || taint["effect"] === "PreferNoSchedule") return true;
  return (Array.isArray(tolerations) ? tolerations : []).some((t) => {
    if (!isLoose(t)) return false;
    if (t["effect"] !== undefined && t["effect"] !== "" && t["effect"] !== taint["effect"]) return false;
    if (t["operator"] === "Exists")
      return t["key"] === undefined || t["key"] === "" || t["key"] === taint["key"];
    return t["key"] === taint["key"] && (t["value"] ?? "") === (taint["value"] ?? "");
  });
};

const meets = (expression: unknown, labels: Readonly<Record<string, string>>): boolean =>
  !isLoose(expression) || meetsExpression(labels, expression);

const mayRunOn = (node: KubeObject, { nodeSelector, tolerations, nodeAffinity }: Placement): boolean => {
  const labels = node.metadata.labels ?? {};
  const taints = at(node, "spec", "taints");
  if (isLoose(nodeSelector) && !Object.entries(nodeSelector).every(([key, value]) => labels[key] === value))
    return false;
  if (Array.isArray(taints) && !taints.every((taint) => tolerated(taint, tolerations))) return false;
  const terms = at(nodeAffinity, "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms");
  if (!Array.isArray(terms)) return true;
  return terms.some((term) => {
    const expressions = at(term, "matchExpressions");
    return (Array.isArray(expressions) ? expressions : []).every((e) => meets(e, labels));
  });
};

export type Fit = { readonly wanted: number; readonly placed: number; readonly nodes: number };

/** Places every pod, largest first, on the first node that has room. Topology and anti-affinity aren't looked at: they only spread. */
export const fitOf = (
  demands: readonly Demand[],
  nodes: readonly KubeObject[],
  pods: readonly KubeObject[],
): Fit => {
  const rooms = roomsOf(nodes, pods);
  let placed = 0;
  let wanted = 0;
  for (const demand of demands) {
    const possible = rooms.filter((room) => mayRunOn(room.node, demand.placement));
    for (let pod = 0; pod < demand.pods; pod += 1) {
      wanted += 1;
      const room = possible.find(
        (r) => r.pods >= 1 && r.cpuMilli >= demand.cpuMilli && r.memoryBytes >= demand.memoryBytes,
      );
      if (!room) continue;
      room.cpuMilli -= demand.cpuMilli;
      room.memoryBytes -= demand.memoryBytes;
      room.pods -= 1;
      placed += 1;
    }
  }
  return { wanted, placed, nodes: rooms.length };
};

/** Keep a node where it is: Karpenter and Auto Mode honour the first, the cluster-autoscaler the second. */
export const KEEP_NODE = [
  "karpenter.sh/do-not-disrupt",
  "cluster-autoscaler.kubernetes.io/scale-down-disabled",
] as const;
