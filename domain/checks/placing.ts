/** Whether a pod finds a node: the scheduler's rules for operating system, architecture, labels, taints and room, on the pools of a plan. */

import type { PodSpec } from "../pods.ts";
import { at, containersOf, isLoose } from "../pods.ts";
import { parseQuantity } from "../quantity.ts";
import { type Expression, meetsExpression } from "../selectors.ts";
import type { Settings } from "../settings.ts";

export type Pool = Settings["target"]["nodePools"][number];
export type Room = { readonly cpu: number; readonly memoryBytes: number };

/** What the kubelet and the system keep of a node for themselves. */
const ALLOCATABLE_SHARE = 0.94;
const GIB = 2 ** 30;

export const roomOf = (pool: Pool): Room => ({
  cpu: pool.cpuPerNode * ALLOCATABLE_SHARE,
  memoryBytes: pool.memoryGibPerNode * GIB * ALLOCATABLE_SHARE,
});

const asked = (spec: PodSpec, resource: "cpu" | "memory", init: boolean): number[] =>
  ((init ? spec.initContainers : spec.containers) ?? []).map((c) => {
    const value = c.resources?.requests?.[resource] ?? c.resources?.limits?.[resource];
    return value === undefined ? 0 : (parseQuantity(value) ?? 0);
  });

/** What the scheduler reserves for a pod: all containers together, or the largest init container where that is more. */
export const requestsOf = (spec: PodSpec): Room => {
  const of = (resource: "cpu" | "memory") =>
    Math.max(
      asked(spec, resource, false).reduce((a, b) => a + b, 0),
      ...asked(spec, resource, true),
    );
  return { cpu: of("cpu"), memoryBytes: of("memory") };
};

const labelsOf = (pool: Pool): Readonly<Record<string, string>> => ({
  "kubernetes.io/os": pool.os,
  "beta.kubernetes.io/os": pool.os,
  "kubernetes.io/arch": pool.arch,
  "beta.kubernetes.io/arch": pool.arch,
  ...pool.labels,
});

/** Labels that every node has with a value of its own: any value may be among them. */
const PER_NODE =
  /^(topology\.kubernetes\.io\/(zone|region)|kubernetes\.io\/hostname|node\.kubernetes\.io\/instance-type)$/;

/** What differs from node to node can't be judged before there are nodes. */
const meets = (labels: Readonly<Record<string, string>>, expression: Expression): boolean =>
  PER_NODE.test(String(expression.key)) || meetsExpression(labels, expression);

const REQUIRED = [
  "affinity",
  "nodeAffinity",
  "requiredDuringSchedulingIgnoredDuringExecution",
  "nodeSelectorTerms",
];

/** Terms of a required node affinity are alternatives; expressions of a term must all hold. */
const affinityHolds = (spec: PodSpec, labels: Readonly<Record<string, string>>): boolean => {
  const terms = at(spec, ...REQUIRED);
  if (!Array.isArray(terms) || terms.length === 0) return true;
  return terms.some((term) => {
    const expressions = isLoose(term) ? term["matchExpressions"] : undefined;
    return (Array.isArray(expressions) ? expressions : []).every((e) => meets(labels, e as Expression));
  });
};

const tolerates = (spec: PodSpec, taint: Pool["taints"][number]): boolean =>
  taint.effect === "PreferNoSchedule" ||
  (spec.tolerations ?? []).some(
    (t) =>
      (t.effect === undefined || t.effect === taint.effect) &&
      (t.operator === "Exists"
        ? t.key === undefined || t.key === taint.key
        : t.key === taint.key && (t.value ?? "") === taint.value),
  );

/** A device or other extended resource (its name has a domain, as in `nvidia.com/gpu`) that a container asks for. */
const extendedOf = (spec: PodSpec): string | undefined =>
  containersOf(spec)
    .flatMap(({ container }) =>
      Object.keys({ ...container.resources?.limits, ...container.resources?.requests }),
    )
    .find((name) => name.includes("/"));

/** Why a pod can't run in a pool, as the end of a sentence; undefined where it can. */
export const whyNot = (spec: PodSpec, pool: Pool): string | undefined => {
  const labels = labelsOf(pool);
  const wrong = Object.entries(spec.nodeSelector ?? {}).find(
    ([key, value]) => labels[key] !== value && !PER_NODE.test(key),
  );
  if (wrong) return `pool ${pool.name} has no label ${wrong[0]}=${wrong[1]}`;
  if (!affinityHolds(spec, labels)) return `pool ${pool.name} doesn't meet the required node affinity`;
  const taint = pool.taints.find((t) => !tolerates(spec, t));
  if (taint) return `the taint ${taint.key}=${taint.value} of pool ${pool.name} isn't tolerated`;
  const extended = extendedOf(spec);
  if (extended !== undefined) return `it asks for ${extended}, which no node of pool ${pool.name} offers`;
  const wants = requestsOf(spec);
  const room = roomOf(pool);
  if (wants.cpu > room.cpu)
    return `it asks for ${wants.cpu} CPU and a node of pool ${pool.name} has ${Math.floor(room.cpu * 10) / 10}`;
  if (wants.memoryBytes > room.memoryBytes)
    return `it asks for ${(wants.memoryBytes / GIB).toFixed(1)} GiB and a node of pool ${pool.name} has ${(room.memoryBytes / GIB).toFixed(1)}`;
  return undefined;
};
