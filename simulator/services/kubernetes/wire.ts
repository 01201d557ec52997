/**
 * What a client makes of the JSON of stored objects. An object is never changed once it is stored, so its JSON is the same for everybody who reads
 * this version of it: it is made once, and frozen, since a client's mistake must not reach another's answer.
 */

import type { KubeObject } from "../../../domain/kube.ts";

type Json = Readonly<Record<string, unknown>>;

const wholes = new WeakMap<object, Json>();
const items = new WeakMap<object, Json>();
const specs = new WeakMap<object, unknown>();

/** As JSON.parse sets a field: an own one, whatever it is called. */
const put = (into: Record<string, unknown>, key: string, value: unknown): void => {
  if (key !== "__proto__") into[key] = value;
  else Object.defineProperty(into, key, { value, enumerable: true, configurable: true, writable: true });
};

/** An object as it comes out of its JSON. */
export const onWire = (object: object): Json => {
  const known = wholes.get(object);
  if (known) return known;
  const made: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(object)) {
    const part = key === "spec" ? specOnWire(value) : copied(value);
    if (part !== undefined) put(made, key, part);
  }
  Object.freeze(made);
  wholes.set(object, made);
  return made;
};

/** Most versions of an object differ in their status, and share the spec, which is the larger part. */
const specOnWire = (spec: unknown): unknown => {
  if (typeof spec !== "object" || spec === null) return copied(spec);
  const known = specs.get(spec) ?? copied(spec);
  specs.set(spec, known);
  return known;
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

/** What `JSON.parse(JSON.stringify(value))` would make, without writing the text; frozen. */
const copied = (value: unknown): unknown => {
  if (typeof value === "number") return Number.isFinite(value) ? value + 0 : null;
  if (typeof value === "function") return undefined;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return Object.freeze(value.map((item) => copied(item) ?? null));
  if ("toJSON" in value) return copied(JSON.parse(JSON.stringify(value)));
  const made: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const part = copied((value as Json)[key]);
    if (part !== undefined) put(made, key, part);
  }
  return Object.freeze(made);
};
