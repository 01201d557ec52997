/** What steps ask of one workload on one side: its reference, its pods, whether it stands. */

import type { Kubernetes } from "../adapters/kubernetes.ts";
import { conditionOf, holds } from "../domain/conditions.ts";
import { Invalid } from "../domain/errors.ts";
import { type KubeObject, keyOf, type Ref, refOf, sentenceOf } from "../domain/kube.ts";
import { meetsExpression } from "../domain/selectors.ts";
import { kindsOf, stockOf } from "./objects.ts";
import type { Item } from "./run.ts";

export const refOfItem = (item: Named): Ref => ({
  apiVersion: item.apiVersion,
  kind: item.kind,
  namespace: item.namespace,
  name: item.name,
});

type Named = Pick<Item, "apiVersion" | "namespace" | "name"> & { readonly kind: string };

/**
 * Many workloads of one side, by a listing of each of their kinds. Asked for one by one, some thousands of them take longer than the thirty
 * seconds of a function.
 * @returns what finds one of them; undefined for what isn't there.
 */
export const workloadsOn = async (
  cluster: Kubernetes,
  items: readonly Named[],
): Promise<(item: Named) => KubeObject | undefined> => {
  const { byKey } = await stockOf(cluster, kindsOf(items));
  return (item) => byKey.get(keyOf(refOfItem(item)));
};

/** Kinds that have a scale subresource; the others are started and stopped in ways of their own. */
export const isScalable = (item: Pick<Item, "kind">): boolean =>
  item.kind === "Deployment" || item.kind === "StatefulSet" || item.kind === "ReplicaSet";

type LabelSelector = {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
};

/** A label selector as the API takes it in a query. */
export const selectorText = ({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string =>
  [
    ...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`),
    ...matchExpressions.map(({ key, operator, values = [] }) => {
      switch (operator) {
        case "In":
          return `${key} in (${values.join(",")})`;
        case "NotIn":
          return `${key} notin (${values.join(",")})`;
        case "Exists":
          return key;
        default:
          return `!${key}`;
      }
    }),
  ].join(",");

/** Whether a pod's labels meet a workload's selector; none where it has no selector. */
export const matcherOf = (workload: KubeObject): ((pod: KubeObject) => boolean) => {
  const { selector } = workload["spec"] as { readonly selector?: LabelSelector };
  const labels = Object.entries(selector?.matchLabels ?? {});
  const expressions = selector?.matchExpressions ?? [];
  if (labels.length + expressions.length === 0) return () => false;
  return ({ metadata }) => {
    const own = metadata.labels ?? {};
    return labels.every(([k, v]) => own[k] === v) && expressions.every((e) => meetsExpression(own, e));
  };
};

/** The pods that a workload's selector picks. @throws Invalid where it has none: nothing could be said about its pods. */
export const podsOf = async (cluster: Kubernetes, workload: KubeObject): Promise<readonly KubeObject[]> => {
  const { selector } = workload["spec"] as { readonly selector?: LabelSelector };
  const labelSelector = selectorText(selector ?? {});
  if (labelSelector === "")
    throw new Invalid(
      `${sentenceOf(refOf(workload))} has no selector, so its pods can't be told from others. Nothing was changed.`,
    );
  return cluster.list(
    { apiVersion: "v1", kind: "Pod" },
    {
      ...(workload.metadata.namespace === undefined ? {} : { namespace: workload.metadata.namespace }),
      labelSelector,
    },
  );
};

/** For how long a pod has been Ready; undefined where it isn't, 0 where nobody says since when. */
export const readySecondsOf = (pod: KubeObject, now: Date): number | undefined => {
  if (!holds(pod, "Ready")) return undefined;
  const since = Date.parse(conditionOf(pod, "Ready")?.lastTransitionTime ?? "");
  return Number.isFinite(since) ? Math.max(0, (now.getTime() - since) / 1000) : 0;
};

/** What still runs of an exclusive thing, as words: its pods (terminating ones too), or the active jobs of a schedule. Empty where nothing is left. */
export const leftOf = async (cluster: Kubernetes, workload: KubeObject): Promise<string> => {
  if (workload.kind === "CronJob") {
    const { active = [] } = (workload["status"] ?? {}) as { readonly active?: readonly unknown[] };
    return active.length === 0 ? "" : `${active.length} running jobs`;
  }
  const pods = await podsOf(cluster, workload);
  return pods.length === 0 ? "" : `${pods.length} pods`;
};

/** Numbers of a workload's status; absent fields are zero, as the API means them. */
export const statusOf = (workload: KubeObject) => {
  const status = (workload["status"] ?? {}) as Readonly<Record<string, number | undefined>>;
  const spec = (workload["spec"] ?? {}) as { readonly replicas?: number };
  return {
    wanted: spec.replicas ?? 1,
    ready: status["readyReplicas"] ?? status["numberReady"] ?? 0,
    updated: status["updatedReplicas"] ?? status["updatedNumberScheduled"] ?? 0,
    scheduled: status["desiredNumberScheduled"] ?? 0,
    settled: (status["observedGeneration"] ?? 0) >= Number(workload.metadata["generation"] ?? 0),
  };
};
