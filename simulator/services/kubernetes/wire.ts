/**
 * What a client makes of the JSON of stored objects. An object is never changed once it is stored, so its JSON is the same for everybody who reads
 * this version of it: it is written and parsed once, and frozen, since a client's mistake must not reach another's answer.
 */

import type { KubeObject } from "../../../domain/kube.ts";

type Json = Readonly<Record<string, unknown>>;

const wholes = new WeakMap<object, Json>();
const items = new WeakMap<object, Json>();

/** An object as it comes out of its JSON. */
export const onWire = (object: object): Json => {
  const known = wholes.get(object);
  if (known) return known;
  const made = frozen(JSON.parse(JSON.stringify(object)) as Json);
  wholes.set(object, made);
  return made;
};

/** The same as an item of a typed list: without apiVersion and kind, as the real server sends those of built-in kinds. */
export const itemOnWire = (object: KubeObject): Json => {
  const known = items.get(object);
  if (known) return known;
  const { apiVersion: _, kind: __, ...rest } = onWire(object);
  const made = Object.freeze(rest);
  items.set(object, made);
  return made;
};

const frozen = <T>(value: T): T => {
  if (typeof value !== "object" || value === null) return value;
  for (const inner of Object.values(value)) frozen(inner);
  return Object.freeze(value);
};
