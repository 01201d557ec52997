/** What an object's status says of it, read in one way: the conditions of pods, nodes, Jobs and Deployments, and whether a pod serves, goes or has ended. */

import type { KubeObject } from "./kube.ts";
import { at, isLoose } from "./pods.ts";

export type Condition = {
  readonly type: string;
  /** `True`, `False` or `Unknown`. */
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  /** RFC 3339. */
  readonly lastTransitionTime?: string;
};

/** None where nobody has written any. */
export const conditionsOf = (object: KubeObject): readonly Condition[] => {
  const found = at(object, "status", "conditions");
  return Array.isArray(found) ? (found.filter(isLoose) as Condition[]) : [];
};

export const conditionOf = (object: KubeObject, type: string): Condition | undefined =>
  conditionsOf(object).find((condition) => condition.type === type);

/** Whether a condition is True; what isn't there, or Unknown, doesn't hold. */
export const holds = (object: KubeObject, type: string): boolean =>
  conditionOf(object, type)?.status === "True";

/** Deleted, and there until its grace period is over. */
export const isGoing = (object: KubeObject): boolean => object.metadata["deletionTimestamp"] !== undefined;

/** Takes requests: Ready, and nobody has asked it to go. */
export const isReadyPod = (pod: KubeObject): boolean => holds(pod, "Ready") && !isGoing(pod);

/** Its containers have ended for good: it holds no room and answers nobody. */
export const isEndedPod = (pod: KubeObject): boolean =>
  ["Succeeded", "Failed"].includes(String(at(pod, "status", "phase")));

/** Where a pod is reached, and what its peers see it as; undefined before it has an address. */
export const addressOf = (pod: KubeObject): string | undefined => {
  const address = at(pod, "status", "podIP");
  return typeof address === "string" ? address : undefined;
};
