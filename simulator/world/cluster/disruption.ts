/** PodDisruptionBudgets: how many pods may be evicted. They bind evictions only; deletes and scaling pass them by. */

import type { KubeObject } from "../../../domain/kube.ts";
import {
  at,
  fieldsAt,
  isDeleting,
  labelsOf,
  namespaceOf,
  numberAt,
  selects,
  share,
  uidOf,
} from "./fields.ts";
import { type Controller, type Machine, splitKey } from "./machine.ts";
import type { Pods } from "./pods.ts";
import type { DeleteOptions, Who } from "./registry.ts";
import { selfKey } from "./replicas.ts";
import { ApiError } from "./status.ts";

const KEY = "poddisruptionbudgets.policy";

type Budget = {
  readonly currentHealthy: number;
  readonly desiredHealthy: number;
  readonly expectedPods: number;
};

export const disruptionBudgets = (machine: Machine, pods: Pods): Controller => {
  const { registry, store } = machine;
  return {
    name: "disruption-controller",
    watches: {
      [KEY]: selfKey,
      pods: (pod) =>
        [...store.in(KEY, namespaceOf(pod))].filter((budget) => takes(budget, pod)).flatMap(selfKey),
    },
    reconcile: (key) => {
      const { namespace, name } = splitKey(key);
      const budget = store.get(KEY, namespace, name);
      if (!budget) return;
      const counts = countsOf(machine, pods, budget);
      registry.setStatus(KEY, budget, {
        ...counts,
        disruptionsAllowed: Math.max(0, counts.currentHealthy - counts.desiredHealthy),
        observedGeneration: numberAt(budget, "metadata", "generation") ?? 1,
      });
    },
  };
};

const takes = (budget: KubeObject, pod: KubeObject): boolean =>
  selects(fieldsAt(budget, "spec", "selector"), labelsOf(pod));

const countsOf = (machine: Machine, pods: Pods, budget: KubeObject): Budget => {
  let expectedPods = 0;
  let currentHealthy = 0;
  for (const pod of machine.store.in("pods", namespaceOf(budget))) {
    const state = pods.get(uidOf(pod));
    if (!takes(budget, pod) || isDeleting(pod) || !state || state.finished) continue;
    expectedPods += 1;
    if (state.ready) currentHealthy += 1;
  }
  const min = at(budget, "spec", "minAvailable");
  const max = at(budget, "spec", "maxUnavailable");
  const desiredHealthy =
    max === undefined
      ? share(min ?? 1, expectedPods, "up")
      : Math.max(0, expectedPods - share(max, expectedPods, "up"));
  return { currentHealthy, desiredHealthy, expectedPods };
};

/** Evicts a pod. @throws ApiError 429 where a budget has no room, 500 where two budgets take one pod. */
export const evict =
  (machine: Machine, pods: Pods) =>
  (pod: KubeObject, who: Who, options: DeleteOptions): void => {
    const budgets = [...machine.store.in(KEY, namespaceOf(pod))].filter((b) => takes(b, pod));
    if (budgets.length > 1)
      throw new ApiError(
        500,
        "InternalError",
        "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
      );
    const [budget] = budgets;
    const ready = pods.get(uidOf(pod))?.ready ?? false;
    if (budget && ready) {
      const { currentHealthy, desiredHealthy } = countsOf(machine, pods, budget);
      if (currentHealthy <= desiredHealthy)
        throw new ApiError(
          429,
          "TooManyRequests",
          "Cannot evict pod as it would violate the pod's disruption budget.",
          {
            causes: [
              {
                reason: "DisruptionBudget",
                message: `The disruption budget ${budget.metadata.name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
              },
            ],
          },
        );
    }
    machine.registry.delete(machine.registry.resource("pods"), pod, who, options);
  };
