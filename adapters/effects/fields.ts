/** `set-field`: one field of one object. Replica counts and statuses go through their subresources, as their own permissions demand. */

import type { Effect } from "../../domain/effects.ts";
import { NotAsIntended } from "../../domain/errors.ts";
import { type Json, type KubeObject, type Ref, sentenceOf } from "../../domain/kube.ts";
import { canonicalJson } from "../bucket.ts";
import type { Outcome } from "../journal.ts";
import { findAny, type Kubernetes } from "../kubernetes.ts";
import type { Clients } from "./clients.ts";

type SetField = Extract<Effect, { kind: "set-field" }>;

/**
 * Sets a field to its new value. A fresh count of pods is set on condition of the old one, which the step has read a moment ago: where that has
 * changed it is a Conflict, and the retry looks first, as does anything else.
 */
export const applyField = async (effect: SetField, clients: Clients, isFresh: boolean): Promise<Outcome> => {
  const cluster = clients.kubernetes[effect.cluster];
  const { path, before, after } = effect;
  if (
    isFresh &&
    isScale(path) &&
    typeof before === "number" &&
    typeof after === "number" &&
    before !== after
  ) {
    mustRead(effect, await cluster.scale(refIn(effect), after, { from: before }), after);
    return { outcome: "made" };
  }
  const object = await cluster.get(refIn(effect));
  if (same(fieldsOf(object, effect), effect.after)) return { outcome: "stood" };
  await write(cluster, effect, object, effect.after);
  return { outcome: "made" };
};

/** Puts the old value back, if ours still stands: what somebody else set meanwhile is theirs and stays. */
export const undoField = async (effect: SetField, clients: Clients): Promise<Outcome> => {
  if (effect.path[0] === "status") return { outcome: "stood", note: "A status is its controller's." };
  const cluster = clients.kubernetes[effect.cluster];
  const object = await findAny(cluster, refIn(effect));
  if (!object) return { outcome: "stood", note: "The object is gone." };
  const now = fieldsOf(object, effect);
  if (same(now, effect.before)) return { outcome: "stood" };
  // The target's pods are there because of us: what its autoscalers made of their number goes with them.
  const ours = effect.cluster === "target" && isScale(effect.path);
  if (!ours && !same(now, effect.after))
    return { outcome: "left", note: `Somebody else set it to ${JSON.stringify(now)}.` };
  await write(cluster, effect, object, effect.before);
  // The next undo of the same field looks before it writes, and would take what a cache still answers for somebody else's: it is waited out here.
  mustRead(effect, fieldsOf(await cluster.get(refIn(effect)), effect), effect.before);
  return { outcome: "made" };
};

/** The value at a path, null where it (or anything on the way) is absent. */
export const fieldOf = (object: unknown, path: readonly string[]): Json => {
  let at: unknown = object;
  for (const part of path) {
    if (at === null || typeof at !== "object") return null;
    at = (at as Readonly<Record<string, unknown>>)[part];
  }
  return (at ?? null) as Json;
};

/** What an effect is about, as it stands: the value at its path, or of its fields there. */
export const fieldsOf = (object: unknown, { path, fields }: Pick<SetField, "path" | "fields">): Json =>
  fields
    ? Object.fromEntries(fields.map((field) => [field, fieldOf(object, [...path, field])]))
    : fieldOf(object, path);

const same = (a: unknown, b: unknown): boolean => canonicalJson(a ?? null) === canonicalJson(b ?? null);

const refIn = ({ object }: SetField): Ref => ({
  apiVersion: object.apiVersion,
  kind: object.kind,
  name: object.name,
  ...(object.namespace === undefined ? {} : { namespace: object.namespace }),
});

const isScale = (path: readonly string[]): boolean => path.join(".") === "spec.replicas";

/**
 * Conditional on the version that was read: a write of somebody else in between is a Conflict, and the retry reads again. The server answers with
 * the object as it stored it, admission and defaults included: that is what is read back.
 */
const write = async (
  cluster: Kubernetes,
  effect: SetField,
  read: KubeObject,
  value: unknown,
): Promise<void> => {
  const ref = refIn(effect);
  if (isScale(effect.path) && typeof value === "number") {
    const from = fieldOf(read, effect.path);
    const left = await cluster.scale(ref, value, typeof from === "number" ? { from } : {});
    mustRead(effect, left, value);
    return;
  }
  const version = fieldOf(read, ["metadata", "resourceVersion"]);
  const change = changeOf(read, effect, (value ?? null) as Json);
  const patch = effect.path.reduceRight<Json>((inner, part) => ({ [part]: inner }), change);
  const guarded =
    effect.path[0] === "metadata"
      ? mergeVersion(patch, version)
      : { ...(patch as object), metadata: { resourceVersion: version } };
  const subresource = effect.path[0] === "status" ? ({ subresource: "status" } as const) : {};
  const left = await cluster.mergePatch(ref, guarded as Json, subresource);
  mustRead(effect, fieldsOf(left, effect), value);
};

const changeOf = (read: KubeObject, { path, fields }: SetField, value: Json): Json =>
  fields
    ? Object.fromEntries(
        fields.map((field) => [field, replacing(fieldOf(read, [...path, field]), fieldOf(value, [field]))]),
      )
    : replacing(fieldOf(read, path), value);

const isMap = (value: Json): value is { readonly [key: string]: Json } =>
  value !== null && typeof value === "object" && !Array.isArray(value);

/** A merge patch adds to an object and never replaces it: what the new value doesn't have is named with null (RFC 7386). */
const replacing = (now: Json, wanted: Json): Json => {
  if (!isMap(now) || !isMap(wanted)) return wanted;
  const gone = Object.keys(now).filter((key) => !(key in wanted));
  return {
    ...Object.fromEntries(gone.map((key) => [key, null])),
    ...Object.fromEntries(
      Object.entries(wanted).map(([key, value]) => [key, replacing(now[key] ?? null, value)]),
    ),
  };
};

const mergeVersion = (patch: Json, version: Json): Json => {
  const { metadata } = patch as { readonly metadata: { readonly [key: string]: Json } };
  return { metadata: { ...metadata, resourceVersion: version } };
};

const mustRead = (effect: SetField, found: unknown, wanted: unknown): void => {
  if (same(found, wanted)) return;
  throw new NotAsIntended(
    `${sentenceOf(refIn(effect))} on the ${effect.cluster}: ${effect.path.join(".")} was set to ${JSON.stringify(wanted)} and reads ${JSON.stringify(found)}. It is tried again.`,
  );
};
