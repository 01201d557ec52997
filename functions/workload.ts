/** What steps ask of one workload on one side: its reference, its pods, whether it stands. */

import type { Kubernetes } from "../adapters/kubernetes.ts";
import type { KubeObject, Ref } from "../domain/kube.ts";
import type { Item } from "./run.ts";

export const refOfItem = (item: Pick<Item, "apiVersion" | "kind" | "namespace" | "name">): Ref => ({
  apiVersion: item.apiVersion,
  kind: item.kind,
  namespace: item.namespace,
  name: item.name,
});

/** Kinds that have a scale subresource; the others are started and stopped in ways of their own. */
export const isScalable = (item: Pick<Item, "kind">): boolean =>
  item.kind === "Deployment" || item.kind === "StatefulSet" || item.kind === "ReplicaSet";

type LabelSelector = {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
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

/** The pods that a workload's selector picks. Empty only where there are none: a workload without a selector is an error of the API's. */
export const podsOf = async (cluster: Kubernetes, workload: KubeObject): Promise<readonly KubeObject[]> => {
  const { selector } = workload["spec"] as { readonly selector?: LabelSelector };
  const labelSelector = selectorText(selector ?? {});
  const pods = await cluster.list(
    { apiVersion: "v1", kind: "Pod" },
    { ...(workload.metadata.namespace === undefined ? {} : { namespace: workload.metadata.namespace }), labelSelector },
  );
  return labelSelector === "" ? [] : pods;
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
