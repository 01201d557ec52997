/**
 * Autoscalers during the move: floored, not frozen. They may grow, never shrink, so that nobody takes capacity from under a shift; what has one
 * owner of its replica count (group members, queue workers) is pinned both ways.
 */

import { canonicalLine } from "./canonical.ts";
import type { Json, KubeObject } from "./kube.ts";
import { at, isLoose } from "./pods.ts";

/** One field of an autoscaler with its old and its new value. */
export type FieldChange = { readonly path: readonly string[]; readonly before: Json; readonly after: Json };

/** KEDA's annotations: the first from 2.18.2 on; the second leaves the count as it is, to whoever sets it. */
export const KEDA_NO_SHRINK = "autoscaling.keda.sh/paused-scale-in";
export const KEDA_PAUSED = "autoscaling.keda.sh/paused";
const KEDA_PINNED = "autoscaling.keda.sh/paused-replicas";
/** While workers shift: KEDA itself keeps the number that stands here. */
export const KEDA_PINNED_PATH = ["metadata", "annotations", KEDA_PINNED];

/** What the API server makes of a behavior that names only its selectPolicy, so that the field reads back as it was written. */
const behavior = (up: string, down: string): Json => ({
  scaleUp: {
    stabilizationWindowSeconds: 0,
    selectPolicy: up,
    policies: [
      { type: "Pods", value: 4, periodSeconds: 15 },
      { type: "Percent", value: 100, periodSeconds: 15 },
    ],
  },
  scaleDown: { selectPolicy: down, policies: [{ type: "Percent", value: 100, periodSeconds: 15 }] },
});

const jsonAt = (object: KubeObject, path: readonly string[]): Json => (at(object, ...path) ?? null) as Json;

/**
 * Sets a field as high up as something is missing: so that the undo takes away all that was added, and nothing else. What the plan
 * doesn't have and reads as we would write it counts as missing, so that a retry finds the same change.
 */
const setting = (
  object: KubeObject,
  planned: KubeObject,
  path: readonly string[],
  value: Json,
): readonly FieldChange[] => {
  for (let depth = 1; depth < path.length; depth += 1) {
    const upper = path.slice(0, depth);
    const whole = path.slice(depth).reduceRight<Json>((inner, part) => ({ [part]: inner }), value);
    const now = jsonAt(object, upper);
    if (isLoose(now) && (isLoose(at(planned, ...upper)) || canonicalLine(now) !== canonicalLine(whole)))
      continue;
    return [{ path: upper, before: null, after: whole }];
  }
  return [{ path, before: jsonAt(object, path), after: value }];
};

/** `Deployment shop/cart`'s namespaced name, from an HPA's or ScaledObject's reference. */
export const scaledBy = (autoscaler: KubeObject): string =>
  `${autoscaler.metadata.namespace ?? "default"}/${String(at(autoscaler, "spec", "scaleTargetRef", "name") ?? "")}`;

/** HPAs that KEDA made are KEDA's: it would write its own values over ours. */
export const isManaged = (autoscaler: KubeObject): boolean => {
  const owners = autoscaler.metadata["ownerReferences"];
  return Array.isArray(owners) && owners.some((o) => isLoose(o) && o["controller"] === true);
};

/**
 * What flooring changes. The lower bound goes to one: a half that stands below it would be raised again at once, on either side.
 * @param pinned Whether it may not grow either. @param planned The same object in the plan: what it says counts as well, so that a retry finds
 * the same changes.
 */
export const floorOf = (
  autoscaler: KubeObject,
  pinned: boolean,
  planned: KubeObject,
): readonly FieldChange[] => {
  const lower = (field: string): readonly FieldChange[] => {
    const path = ["spec", field];
    const bounds = [autoscaler, planned].map((o) => Number(at(o, ...path) ?? 0));
    return bounds.some((b) => b > 1) ? [{ path, before: jsonAt(autoscaler, path), after: 1 }] : [];
  };
  if (autoscaler.kind === "HorizontalPodAutoscaler")
    return [...behaved(autoscaler, pinned, planned), ...lower("minReplicas")];
  // Somebody pinned it before us: that is their number, and stays.
  if (at(autoscaler, "metadata", "annotations", KEDA_PINNED) !== undefined) return [];
  return [
    ...setting(
      autoscaler,
      planned,
      ["metadata", "annotations", pinned ? KEDA_PAUSED : KEDA_NO_SHRINK],
      "true",
    ),
    ...(pinned ? [] : lower("minReplicaCount")),
  ];
};

const behaved = (hpa: KubeObject, pinned: boolean, planned: KubeObject): readonly FieldChange[] => {
  const floored = behavior(pinned ? "Disabled" : "Max", "Disabled");
  const now = jsonAt(hpa, ["spec", "behavior"]);
  const isOurs = canonicalLine(now) === canonicalLine(floored) && !isLoose(at(planned, "spec", "behavior"));
  if (!isLoose(now) || isOurs) return [{ path: ["spec", "behavior"], before: null, after: floored }];
  return [
    ...setting(hpa, planned, ["spec", "behavior", "scaleDown", "selectPolicy"], "Disabled"),
    ...(pinned ? setting(hpa, planned, ["spec", "behavior", "scaleUp", "selectPolicy"], "Disabled") : []),
  ];
};
