/** Whether a pod may run on a node: selectors, affinity, taints, room. Pure. */

import type { KubeObject } from "../../../domain/kube.ts";
import { type Fields, fieldsAt, type Labels, labelsOf, listAt, quantity, selects, textAt } from "./fields.ts";

/** What a node offers, or what a pod asks for: CPU in thousandths, memory in bytes. */
export type Room = {
  readonly cpuMilli: number;
  readonly memoryBytes: number;
  readonly others: Readonly<Record<string, number>>;
};

export type Taint = { readonly key: string; readonly value: string; readonly effect: string };
export type NodeShape = { readonly name: string; readonly labels: Labels; readonly taints: readonly Taint[] };

const sum = (containers: readonly Fields[], name: string): number =>
  containers.reduce((total, c) => total + (quantity(askedBy(c)[name]) ?? 0), 0);

/** Requests, where absent the limits, as the API server defaults them. */
const askedBy = (container: Fields): Fields => ({
  ...fieldsAt(container, "resources", "limits"),
  ...fieldsAt(container, "resources", "requests"),
});

/** What a pod asks of its node: its containers together, or its largest init container where that is more. */
export const requestsOf = (spec: unknown): Room => {
  const containers = listAt(spec, "containers");
  const inits = listAt(spec, "initContainers");
  const sidecars = inits.filter((c) => c["restartPolicy"] === "Always");
  const of = (name: string) =>
    Math.max(sum([...containers, ...sidecars], name), ...inits.map((c) => quantity(askedBy(c)[name]) ?? 0));
  const others: Record<string, number> = {};
  for (const container of containers)
    for (const name of Object.keys(askedBy(container))) if (name.includes("/")) others[name] = of(name);
  return { cpuMilli: Math.round(of("cpu") * 1_000), memoryBytes: of("memory"), others };
};

/** Why a node won't do, in the scheduler's words; undefined where it will (room aside). */
export const mismatch = (pod: KubeObject, node: NodeShape): string | undefined => {
  const spec = fieldsAt(pod, "spec");
  for (const [key, value] of Object.entries(fieldsAt(spec, "nodeSelector")))
    if (node.labels[key] !== value) return "node(s) didn't match Pod's node affinity/selector";
  const os = textAt(spec, "os", "name");
  if (os !== undefined && node.labels["kubernetes.io/os"] !== os)
    return "node(s) didn't match Pod's node affinity/selector";
  if (!affine(spec, node)) return "node(s) didn't match Pod's node affinity/selector";
  const taint = untolerated(listAt(spec, "tolerations"), node.taints);
  return taint === undefined ? undefined : `node(s) had untolerated taint {${taint.key}: ${taint.value}}`;
};

/** Terms are alternatives; the expressions within one must all hold. */
const affine = (spec: Fields, node: NodeShape): boolean => {
  const required = "requiredDuringSchedulingIgnoredDuringExecution";
  const terms = listAt(spec, "affinity", "nodeAffinity", required, "nodeSelectorTerms");
  if (terms.length === 0) return true;
  return terms.some((term) => {
    const byField = listAt(term, "matchFields");
    const fieldsHold = selects({ matchExpressions: byField }, { "metadata.name": node.name });
    const expressions = listAt(term, "matchExpressions");
    if (expressions.length === 0 && byField.length === 0) return false;
    return fieldsHold && selects({ matchExpressions: expressions }, node.labels);
  });
};

const untolerated = (tolerations: readonly Fields[], taints: readonly Taint[]): Taint | undefined =>
  taints.find(
    (taint) => taint.effect !== "PreferNoSchedule" && !tolerations.some((t) => tolerates(t, taint)),
  );

const tolerates = (toleration: Fields, taint: Taint): boolean => {
  const effect = textAt(toleration, "effect");
  if (effect !== undefined && effect !== "" && effect !== taint.effect) return false;
  const key = textAt(toleration, "key") ?? "";
  if (toleration["operator"] === "Exists") return key === "" || key === taint.key;
  return key === taint.key && (textAt(toleration, "value") ?? "") === taint.value;
};

/** Terms of required anti-affinity: not on one node (or zone) with pods that these selectors take. */
export const antiAffinityOf = (
  pod: KubeObject,
): readonly { readonly topologyKey: string; readonly selector: Fields }[] =>
  listAt(pod, "spec", "affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution").map(
    (term) => ({
      topologyKey: textAt(term, "topologyKey") ?? "kubernetes.io/hostname",
      selector: fieldsAt(term, "labelSelector"),
    }),
  );

export const repelled = (
  pod: KubeObject,
  node: NodeShape,
  neighbours: (topologyKey: string) => Iterable<KubeObject>,
): boolean => {
  for (const { topologyKey, selector } of antiAffinityOf(pod)) {
    if (node.labels[topologyKey] === undefined) continue;
    for (const other of neighbours(topologyKey))
      if (other.metadata.namespace === pod.metadata.namespace && selects(selector, labelsOf(other)))
        return true;
  }
  return false;
};
