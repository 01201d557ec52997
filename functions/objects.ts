/** Kubernetes objects for steps: the plan's, those of a cluster by kind, and effects on them. */

import type { KindRef, Kubernetes } from "../adapters/kubernetes.ts";
import type { Effect } from "../domain/effects.ts";
import { NotFound } from "../domain/errors.ts";
import { byCodeUnit, type Json, type KubeObject, keyOf, type Ref, refOf } from "../domain/kube.ts";
import type { Side } from "../domain/phases.ts";
import { wholePlanOf } from "./check.ts";
import type { Run } from "./run.ts";
import type { Context } from "./step.ts";

const kept = new WeakMap<object, { readonly plan: string; readonly objects: readonly KubeObject[] }>();

/** The platform's objects as the plan has them (secrets masked), in the plan's order. Kept: a plan's name is its content. */
export const objectsOf = async (context: Context, run: Run): Promise<readonly KubeObject[]> => {
  const known = kept.get(context.aws);
  if (known?.plan === run.plan) return known.objects;
  const objects = (await wholePlanOf(context, run)).objects as unknown as readonly KubeObject[];
  kept.set(context.aws, { plan: run.plan, objects });
  return objects;
};

export const createObject = (cluster: Side, object: KubeObject): Effect => ({
  kind: "create-object",
  cluster,
  object: object as unknown as Extract<Effect, { kind: "create-object" }>["object"],
});

/** Objects of one side that come together: one entry in the journal for all of them. */
export const createObjects = (cluster: Side, objects: readonly KubeObject[]): Effect => ({
  kind: "create-objects",
  cluster,
  objects: objects as unknown as Extract<Effect, { kind: "create-objects" }>["objects"],
});

/** @param live The object as it was read a moment ago: its uid says which one is meant. */
export const deleteObject = (cluster: Side, before: KubeObject, live = before): Effect => {
  const { status: _status, ...rest } = before;
  const uid = live.metadata["uid"];
  const metadata = uid === undefined ? rest.metadata : { ...rest.metadata, uid };
  return {
    kind: "delete-object",
    cluster,
    before: { ...rest, metadata } as unknown as Extract<Effect, { kind: "delete-object" }>["before"],
  };
};

export const setField = (
  cluster: Side,
  object: Ref,
  path: readonly string[],
  before: Json,
  after: Json,
): Effect =>
  ({ kind: "set-field", cluster, object: { ...object }, path: [...path], before, after }) as Effect;

/** Fields at one path that change in one step; absent ones are null. */
export const setFields = (
  cluster: Side,
  object: Ref,
  path: readonly string[],
  before: Readonly<Record<string, Json>>,
  after: Readonly<Record<string, Json>>,
): Effect =>
  ({
    kind: "set-field",
    cluster,
    object: { ...object },
    path: [...path],
    fields: Object.keys(after).sort(byCodeUnit),
    before,
    after,
  }) as Effect;

/** The kinds of a list of objects, each once, sorted. */
export const kindsOf = (objects: readonly KindRef[]): readonly KindRef[] => {
  const kinds = new Map(
    objects.map((o) => [`${o.apiVersion}|${o.kind}`, { apiVersion: o.apiVersion, kind: o.kind }]),
  );
  return [...kinds].sort(([a], [b]) => byCodeUnit(a, b)).map(([, kind]) => kind);
};

/** Objects of a cluster by `keyOf`, for the kinds asked; and the kinds that its server doesn't know. */
export type Stock = {
  readonly byKey: ReadonlyMap<string, KubeObject>;
  readonly unknownKinds: ReadonlySet<string>;
};

/** Lists whole kinds: a call for a kind, not one for an object. */
export const stockOf = async (cluster: Kubernetes, kinds: readonly KindRef[]): Promise<Stock> => {
  const byKey = new Map<string, KubeObject>();
  const unknownKinds = new Set<string>();
  for (const kind of kinds) {
    const found = await orUnknown(() => cluster.list(kind));
    if (!found) unknownKinds.add(`${kind.apiVersion}|${kind.kind}`);
    for (const object of found ?? []) byKey.set(keyOf(refOf(object)), object);
  }
  return { byKey, unknownKinds };
};

/** Undefined where the server doesn't know the kind. */
export const orUnknown = async <T>(ask: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof NotFound) return undefined;
    throw error;
  }
};
