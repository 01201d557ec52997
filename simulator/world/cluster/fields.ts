/** Reading and rebuilding plain objects by path, label selectors, quantities: what every controller needs of an object. */

import type { KubeObject } from "../../../domain/kube.ts";
import { parseQuantity } from "../../../domain/quantity.ts";
import { meetsExpression } from "../../../domain/selectors.ts";

export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The value at a path, undefined where any part is missing. */
export const at = (value: unknown, ...path: readonly string[]): unknown => reach(value, path);

const reach = (value: unknown, path: readonly string[]): unknown => {
  let here: unknown = value;
  for (const key of path) {
    if (!isFields(here)) return undefined;
    here = here[key];
  }
  return here;
};

export const fieldsAt = (value: unknown, ...path: readonly string[]): Fields => {
  const found = reach(value, path);
  return isFields(found) ? found : {};
};

export const listAt = (value: unknown, ...path: readonly string[]): readonly Fields[] => {
  const found = reach(value, path);
  return Array.isArray(found) ? found.filter(isFields) : [];
};

export const textAt = (value: unknown, ...path: readonly string[]): string | undefined => {
  const found = reach(value, path);
  return typeof found === "string" ? found : undefined;
};

export const textsAt = (value: unknown, ...path: readonly string[]): readonly string[] => {
  const found = at(value, ...path);
  return Array.isArray(found) ? found.filter((t) => typeof t === "string") : [];
};

export const numberAt = (value: unknown, ...path: readonly string[]): number | undefined => {
  const found = reach(value, path);
  return typeof found === "number" ? found : undefined;
};

/** A copy with another value at a path; undefined removes it. Shares everything else. */
export const withAt = <T>(value: T, path: readonly string[], next: unknown): T => {
  const [key, ...rest] = path;
  if (key === undefined) return next as T;
  const from: Fields = isFields(value) ? value : {};
  const inner = rest.length === 0 ? next : withAt(from[key], rest, next);
  if (inner !== undefined) return { ...from, [key]: inner } as T;
  const { [key]: _, ...without } = from;
  return without as T;
};

/** A copy with other metadata fields; undefined removes one. */
export const withMetadata = (object: KubeObject, fields: Fields): KubeObject => {
  const metadata: Record<string, unknown> = { ...object.metadata };
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined) delete metadata[key];
    else metadata[key] = value;
  }
  return { ...object, metadata: metadata as KubeObject["metadata"] };
};

/** Deep equality of JSON values; key order doesn't matter, an absent key differs from null. */
export const same = (a: unknown, b: unknown): boolean => {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, i) => same(item, b[i]));
  if (!isFields(a) || !isFields(b)) return false;
  const keys = Object.keys(a).filter((k) => a[k] !== undefined);
  if (keys.length !== Object.keys(b).filter((k) => b[k] !== undefined).length) return false;
  return keys.every((key) => same(a[key], b[key]));
};

/** JSON with sorted keys: equal values give equal text. */
export const canonical = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isFields(value)) return JSON.stringify(value) ?? "null";
  const keys = Object.keys(value).filter((k) => value[k] !== undefined);
  return `{${keys
    .sort()
    .map((k) => `${JSON.stringify(k)}:${canonical(value[k])}`)
    .join(",")}}`;
};

export type Labels = Readonly<Record<string, string>>;

export const labelsOf = (object: unknown): Labels => fieldsAt(object, "metadata", "labels") as Labels;
export const annotationsOf = (object: unknown): Labels =>
  fieldsAt(object, "metadata", "annotations") as Labels;
export const uidOf = (object: KubeObject): string => textAt(object, "metadata", "uid") ?? "";
export const namespaceOf = (object: KubeObject): string => object.metadata.namespace ?? "";
/** `namespace/name`, or the name alone for cluster-scoped objects. */
export const pathOf = (object: KubeObject): string =>
  object.metadata.namespace === undefined
    ? object.metadata.name
    : `${object.metadata.namespace}/${object.metadata.name}`;
export const isDeleting = (object: KubeObject): boolean => object.metadata.deletionTimestamp !== undefined;

export type OwnerReference = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
};
export const ownersOf = (object: KubeObject): readonly OwnerReference[] =>
  listAt(object, "metadata", "ownerReferences") as unknown as readonly OwnerReference[];
export const controllerOf = (object: KubeObject): OwnerReference | undefined =>
  ownersOf(object).find((owner) => owner.controller === true);

/** Whether a label selector (matchLabels, matchExpressions) of the API takes these labels; an empty selector takes all. */
export const selects = (selector: Fields, labels: Labels): boolean => {
  for (const [key, value] of Object.entries(fieldsAt(selector, "matchLabels")))
    if (labels[key] !== value) return false;
  return listAt(selector, "matchExpressions").every((e) => meetsExpression(labels, e));
};

/** A resource quantity (`250m`, `64Mi`, `2`, 2, `1e3`) as a number; undefined where it isn't one. */
export const quantity = (value: unknown): number | undefined =>
  typeof value === "number" || typeof value === "string" ? parseQuantity(value) : undefined;

/** `25%` of a total, or a whole number as it is. Percentages round up for surge and down for unavailability. */
export const share = (value: unknown, total: number, round: "up" | "down"): number => {
  if (typeof value === "number") return value;
  const percent = /^(\d+)%$/.exec(typeof value === "string" ? value : "");
  if (!percent) return 0;
  const exact = (Number(percent[1]) * total) / 100;
  return round === "up" ? Math.ceil(exact) : Math.floor(exact);
};
