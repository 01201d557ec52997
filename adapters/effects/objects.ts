/** `create-object`, `create-objects` and `delete-object`: whole objects come and go, and only ours are taken away again. */

import type { Effect } from "../../domain/effects.ts";
import { Conflict, Forbidden, Invalid, NotAsIntended, Transient } from "../../domain/errors.ts";
import { CREATED_BY, type KubeObject, refOf, sentenceOf } from "../../domain/kube.ts";
import type { Outcome } from "../journal.ts";
import { findAny, isAlreadyExists, isUnknownKind, type Kubernetes } from "../kubernetes.ts";
import type { Clients } from "./clients.ts";

type Create = Extract<Effect, { kind: "create-object" }>;
type Creates = Extract<Effect, { kind: "create-objects" }>;
type Delete = Extract<Effect, { kind: "delete-object" }>;

/**
 * Creates an object that isn't there. Creating is a compare-and-swap on its absence, and the answer is the object as it was stored: the first
 * attempt looks at nothing before and after. A later one looks first, since an earlier may have created it; so does whoever is refused.
 */
export const createObject = async (effect: Create, clients: Clients, isFresh: boolean): Promise<Outcome> => {
  const cluster = clients.kubernetes[effect.cluster];
  const object = effect.object as unknown as KubeObject;
  try {
    const found = isFresh ? undefined : await standing(cluster, object);
    if (found) return stood(found, object);
    await cluster.create(object);
    return { outcome: "made" };
  } catch (error) {
    // Kinds that came a moment ago aren't served, or aren't known to be, before some seconds have passed.
    if (isUnknownKind(error)) throw new Transient(`${error.message} It is tried again.`, { cause: error });
    // Admission and quotas judge before it is seen that the name is taken.
    if (!(error instanceof Conflict || error instanceof Forbidden || error instanceof Invalid)) throw error;
    const first = await standing(cluster, object);
    if (first) return stood(first, object);
    if (!isAlreadyExists(error)) throw error;
    throw new Transient(
      `${sentenceOf(refOf(object))} was on the ${effect.cluster} and is gone again. It is tried again.`,
      { cause: error },
    );
  }
};

const stood = (found: KubeObject, object: KubeObject): Outcome =>
  isOurs(found, object)
    ? { outcome: "stood" }
    : { outcome: "stood", note: "It was there before us, and stays after us." };

/** Deletes what we created, if it is still ours. Restored objects go with the Restore that brought them. */
export const undoCreate = async (effect: Create, clients: Clients): Promise<Outcome> => {
  const cluster = clients.kubernetes[effect.cluster];
  const object = effect.object as unknown as KubeObject;
  const found = await findAny(cluster, refOf(object));
  if (!found) return { outcome: "stood" };
  if (!isOurs(found, object)) return { outcome: "left", note: "It is not the object that we created." };
  return remove(cluster, found);
};

const oneByOne = ({ cluster, objects }: Creates): readonly Create[] =>
  objects.map((object) => ({ kind: "create-object", cluster, object }));

/** Creates each that isn't there, in their order. Whoever comes again after an interruption looks at each of them first. */
export const createObjects = async (
  effect: Creates,
  clients: Clients,
  isFresh: boolean,
): Promise<Outcome> => {
  const each: Outcome[] = [];
  for (const one of oneByOne(effect)) each.push(await createObject(one, clients, isFresh));
  return together(effect, each);
};

/** Deletes each that is still ours, the last one first. One that doesn't go keeps none of the others: its error comes last. */
export const undoCreates = async (effect: Creates, clients: Clients): Promise<Outcome> => {
  const each: Outcome[] = [];
  const errors: unknown[] = [];
  for (const one of oneByOne(effect).toReversed())
    try {
      each.unshift(await undoCreate(one, clients));
    } catch (error) {
      if (!isOfItsOwn(error)) throw error;
      errors.push(error);
    }
  if (errors.length > 0) throw errors[0];
  return together(effect, each);
};

/** Whether an error is about one object, and not about the way to all of them. */
const isOfItsOwn = (error: unknown): boolean =>
  error instanceof Conflict ||
  error instanceof Forbidden ||
  error instanceof Invalid ||
  error instanceof NotAsIntended;

/** All outcomes, and one for the whole: left where one was left to somebody, made where any was made. What was noted of one names it. */
const together = ({ objects }: Creates, each: readonly Outcome[]): Outcome => {
  const has = (outcome: Outcome["outcome"]) => each.some((o) => o.outcome === outcome);
  const notes = each.flatMap(({ note }, i) =>
    note === undefined ? [] : [`${sentenceOf(refOf(objects[i] as unknown as KubeObject))}: ${note}`],
  );
  return {
    outcome: has("left") ? "left" : has("made") ? "made" : "stood",
    ...(notes.length === 0 ? {} : { note: notes.join(" ") }),
    each,
  };
};

/**
 * Deletes an object. The first attempt names the one that the step has read a moment ago, by its uid: where another has its name by now that is a
 * Conflict, and the retry looks first. The answer tells what became of it.
 */
export const deleteObject = async (effect: Delete, clients: Clients, isFresh: boolean): Promise<Outcome> => {
  const cluster = clients.kubernetes[effect.cluster];
  const before = effect.before as unknown as KubeObject;
  const uid = before.metadata["uid"];
  if (isFresh && typeof uid === "string") {
    await cluster.remove(refOf(before), { uid, propagation: "Background" });
    return { outcome: "made" };
  }
  const found = await cluster.find(refOf(before));
  return found ? remove(cluster, found) : { outcome: "stood" };
};

/** Creates it again as it was, without what only the server may set. */
export const undoDelete = async (effect: Delete, clients: Clients): Promise<Outcome> => {
  const cluster = clients.kubernetes[effect.cluster];
  const object = asNew(effect.before as unknown as KubeObject);
  if (await standing(cluster, object)) return { outcome: "stood" };
  await cluster.create(object);
  // What else is undone of it looks for it.
  if (!(await cluster.find(refOf(object))))
    throw new NotAsIntended(
      `${sentenceOf(refOf(object))} was created on the ${effect.cluster} and can't be read yet. It is tried again.`,
    );
  return { outcome: "made" };
};

const SERVER_SET = new Set([
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "managedFields",
  "selfLink",
  "deletionTimestamp",
]);

/** An object as it can be created: no status, nothing that the server sets. */
export const asNew = (object: KubeObject): KubeObject => {
  const { status: _status, ...rest } = object;
  const metadata = Object.fromEntries(
    Object.entries(object.metadata).filter(([key]) => !SERVER_SET.has(key)),
  );
  return { ...rest, metadata } as unknown as KubeObject;
};

const isOurs = (found: KubeObject, wanted: KubeObject): boolean =>
  found.metadata.annotations?.[CREATED_BY] !== undefined &&
  found.metadata.annotations[CREATED_BY] === wanted.metadata.annotations?.[CREATED_BY];

/** The object if it is there to stay. @throws Transient while a namesake is being deleted: what is done to that one is lost with it. */
const standing = async (cluster: Kubernetes, object: KubeObject): Promise<KubeObject | undefined> => {
  const found = await cluster.find(refOf(object));
  if (found?.metadata["deletionTimestamp"] === undefined) return found;
  throw new Transient(
    `${sentenceOf(refOf(object))} is still being deleted. It is created once the old one is gone.`,
  );
};

const remove = async (cluster: Kubernetes, found: KubeObject): Promise<Outcome> => {
  const uid = found.metadata["uid"];
  await cluster.remove(
    refOf(found),
    typeof uid === "string" ? { uid, propagation: "Background" } : { propagation: "Background" },
  );
  const left = await cluster.find(refOf(found));
  if (left && left.metadata["uid"] === uid && left.metadata["deletionTimestamp"] === undefined)
    throw new NotAsIntended(`${sentenceOf(refOf(found))} was deleted and is still there. It is tried again.`);
  return { outcome: "made" };
};
