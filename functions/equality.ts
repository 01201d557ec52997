/** Source against target, object by object: what complete-restore has to add and what compare-clusters judges. */

import { isHook } from "../domain/hooks.ts";
import type { KubeObject } from "../domain/kube.ts";
import { keyOf, refOf, sentenceOf } from "../domain/kube.ts";
import { type Difference, diffObjects, type Expected, isExpected } from "../domain/object-diff.ts";
import { workloadKindOf } from "../domain/pods.ts";
import { isRestored } from "../domain/restore.ts";
import { kindsOf, objectsOf, type Stock, stockOf } from "./objects.ts";
import { kubernetesOf, planOf, type Run } from "./run.ts";
import type { Context } from "./step.ts";

/** What the target has of its own and the source's must not replace. */
const OWN_OF_CLUSTER = (o: KubeObject): boolean =>
  (o.kind === "ConfigMap" && o.metadata.name === "kube-root-ca.crt") ||
  (o.kind === "ServiceAccount" && o.metadata.name === "default") ||
  (o.kind === "Secret" && o["type"] === "kubernetes.io/service-account-token") ||
  (o.kind === "Service" && o.metadata.namespace === "default" && o.metadata.name === "kubernetes");

/** The bundle of a target brings its own of these; where it lacks one that the plan moves, it gets the source's. */
const isSystem = (o: KubeObject): boolean => o.metadata.namespace === "kube-system";

/**
 * The plan's objects that the target has to have. `exact` says whether field by field, or by name only.
 * @param which Webhooks and aggregated APIs come later than everything else, and are judged by themselves.
 */
export const wantedOf = async (
  context: Context,
  run: Run,
  which: "objects" | "hooks" = "objects",
): Promise<readonly { readonly object: KubeObject; readonly exact: boolean }[]> => {
  const { workloads } = await planOf(context, run);
  const idle = new Set(
    workloads.filter((w) => w.move === "none").map((w) => `${w.kind}|${w.namespace}/${w.name}`),
  );
  return (await objectsOf(context, run))
    .filter((o) => isHook(o) === (which === "hooks"))
    .filter(
      (o) => !OWN_OF_CLUSTER(o) && !idle.has(`${o.kind}|${o.metadata.namespace ?? ""}/${o.metadata.name}`),
    )
    .filter((o) => isRestored(o) || isSystem(o) || isLateJob(o) || isBareReplicaSet(o))
    .filter(
      (o) =>
        !(
          isSystem(o) &&
          (o.kind === "Pod" || o.kind === "Lease" || o.kind === "Endpoints" || o.kind === "EndpointSlice")
        ),
    )
    .map((object) => ({ object, exact: !isSystem(object) }));
};

const hasOwner = (o: KubeObject): boolean => o.metadata["ownerReferences"] !== undefined;
const isLateJob = (o: KubeObject): boolean => workloadKindOf(o) === "Job" && !hasOwner(o);
const isBareReplicaSet = (o: KubeObject): boolean => workloadKindOf(o) === "ReplicaSet" && !hasOwner(o);

export type Both = { readonly source: Stock; readonly target: Stock };

export const bothSides = async (context: Context, objects: readonly KubeObject[]): Promise<Both> => {
  const kinds = kindsOf(objects);
  return {
    source: await stockOf(kubernetesOf(context, "source"), kinds),
    target: await stockOf(kubernetesOf(context, "target"), kinds),
  };
};

/** Fields of a restored object that are meant to differ until its turn comes. */
const HELD: readonly { readonly field: string; readonly kinds: readonly string[] }[] = [
  { field: "spec.replicas", kinds: ["Deployment", "StatefulSet", "ReplicaSet"] },
  { field: "spec.suspend", kinds: ["CronJob", "Job"] },
];

/** A change's `to` is a value, or a sentence for people where a whole branch differs. */
const expectedOf = (
  changes: readonly { readonly object: string; readonly field: string; readonly to: unknown }[],
  object: KubeObject,
): readonly Expected[] => {
  const who = sentenceOf(refOf(object));
  return [
    ...changes.filter((c) => c.object === who).map(({ field, to }) => ({ object: who, field, to })),
    ...HELD.filter((h) => h.kinds.includes(object.kind)).map(({ field }) => ({ object: who, field })),
  ];
};

/** Differences that nobody planned. */
export const unexplained = (
  source: KubeObject,
  target: KubeObject,
  changes: readonly { readonly object: string; readonly field: string; readonly to: unknown }[],
): readonly Difference[] => {
  const expected = expectedOf(changes, source);
  return diffObjects(source, target).filter((d) => !isExpected(source, d, expected));
};

export const keyIn = (object: KubeObject): string => keyOf(refOf(object));
