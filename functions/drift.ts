/** What changed on the source or came to it since the snapshot, by break-glass or otherwise, and whether the target has it too. */

import { NOT_BACKED_UP } from "../domain/bundle.ts";
import type { KubeObject } from "../domain/kube.ts";
import { CREATED_BY, refOf, sentenceOf } from "../domain/kube.ts";
import { maskerFor } from "../domain/masking.ts";
import { type Difference, diffObjects } from "../domain/object-diff.ts";
import { isRestored } from "../domain/restore.ts";
import { keyIn } from "./equality.ts";
import { kindsOf, type Stock, stockOf } from "./objects.ts";
import { kubernetesOf, planOf, type Run, type SlimPlan } from "./run.ts";
import { snapshotOf } from "./snapshot.ts";
import type { Context } from "./step.ts";

export type Drifted = {
  readonly object: string;
  /** As it is on the source now; undefined where it is gone. */
  readonly source: KubeObject | undefined;
  readonly target: KubeObject | undefined;
  readonly fields: readonly Difference[];
  /** A Secret was written: what of it is nobody's business. */
  readonly secret: boolean;
  /** It wasn't in the snapshot. */
  readonly came: boolean;
};

/** Fields that Repot itself changes on the source on the way, or that autoscalers of the source own. */
const OWN_FIELDS: Readonly<Record<string, RegExp>> = {
  Deployment: /^spec\.replicas$/,
  StatefulSet: /^spec\.replicas$/,
  ReplicaSet: /^spec\.replicas$/,
  CronJob: /^spec\.suspend$/,
  ScaledObject: /paused-replicas"?\]?$/,
  PersistentVolumeClaim: /^spec\.volumeName$/,
};

/** Written by controllers all the time: not a change of anybody's. */
const NOISE = (o: KubeObject): boolean =>
  (o.kind === "ConfigMap" &&
    (o.metadata.name === "kube-root-ca.crt" || /(-status|-leader|-lock|election)$/.test(o.metadata.name))) ||
  (o.kind === "Secret" && o["type"] === "kubernetes.io/service-account-token");

export const driftOf = async (
  context: Context,
  run: Run,
): Promise<{ readonly drifted: readonly Drifted[]; readonly compared: number }> => {
  const plan = await planOf(context, run);
  const before = (await snapshotOf(context, run, "freeze")).filter((o) => !NOISE(o));
  const source = await stockOf(kubernetesOf(context, "source"), kindsOf(before));
  const came = newcomers(plan, before, source);
  const seen = [...changesOf(plan, before, source), ...came.map(asNewcomer)];
  const target: Stock =
    seen.length === 0
      ? source
      : await stockOf(kubernetesOf(context, "target"), kindsOf(seen.map(({ was }) => was)));
  return {
    compared: before.length + came.length,
    drifted: seen.flatMap(({ was, ...rest }) => {
      const found = target.byKey.get(keyIn(was));
      // What the backup had beside the plan's objects is no newcomer: it stands on both sides.
      return rest.came && found ? [] : [{ object: sentenceOf(refOf(was)), target: found, ...rest }];
    }),
  };
};

type Seen = Omit<Drifted, "object" | "target"> & { readonly was: KubeObject };

const changesOf = (plan: SlimPlan, before: readonly KubeObject[], { byKey }: Stock): readonly Seen[] => {
  const linked = new Set((plan.links ?? []).filter((l) => l.on === "source").map((l) => l.service));
  // Masks depend on the secrets of all objects: the same set of them on both readings.
  const mask = maskerFor(before.flatMap((o) => byKey.get(keyIn(o)) ?? []));
  return before.flatMap((was): readonly Seen[] => {
    const now = byKey.get(keyIn(was));
    const isSecret = was.kind === "Secret";
    // An object of the same version is the same object: most of a large platform is left alone, and needn't be compared field by field.
    const written = now !== undefined && now.metadata["resourceVersion"] !== was.metadata["resourceVersion"];
    const secret = isSecret && written;
    const foreign = (is: KubeObject) => diffObjects(was, is).filter((d) => isForeign(was, d, linked));
    // Masking is dear, and can't make a difference where there is none: what equals a masked text is that text.
    const fields = written && !isSecret && foreign(now).length > 0 ? foreign(mask(now)) : [];
    return !now || secret || fields.length > 0 ? [{ was, source: now, fields, secret, came: false }] : [];
  });
};

const asNewcomer = (object: KubeObject): Seen => ({
  was: object,
  source: object,
  fields: [],
  secret: false,
  came: true,
});

/** What belongs to the platform on the source, and neither to the snapshot, nor to a controller, nor to Repot. */
const newcomers = (
  plan: SlimPlan,
  before: readonly KubeObject[],
  { byKey }: Stock,
): readonly KubeObject[] => {
  const known = new Set(before.map(keyIn));
  const namespaces = new Set(plan.workloads.map((w) => w.namespace));
  return [...byKey.values()].filter(
    (o) =>
      !known.has(keyIn(o)) &&
      namespaces.has(o.metadata.namespace ?? "") &&
      isRestored(o) &&
      o.metadata["ownerReferences"] === undefined &&
      o.metadata.annotations?.[CREATED_BY] === undefined &&
      o.metadata.labels?.[NOT_BACKED_UP] !== "true" &&
      !NOISE(o),
  );
};

const isForeign = (object: KubeObject, { field }: Difference, linked: ReadonlySet<string>): boolean => {
  if (OWN_FIELDS[object.kind]?.test(field)) return false;
  const isLinked =
    object.kind === "Service" && linked.has(`${object.metadata.namespace}/${object.metadata.name}`);
  return !(
    isLinked &&
    /^spec\.(type|externalName|clusterIPs?|selector|sessionAffinity|internalTrafficPolicy)/.test(field)
  );
};

/** Whether what changed on the source is on the target as well. */
export const isCarried = ({ source, target, fields, secret }: Drifted): boolean => {
  if (!source) return target === undefined;
  if (!target) return false;
  const differing = diffObjects(source, target).map((d) => d.field);
  return secret
    ? !differing.some((f) => /^(data|stringData|type)/.test(f))
    : !fields.some((d) => differing.includes(d.field));
};
