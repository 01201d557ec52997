/** Strategic merge patches: like a merge patch, but lists of built-in kinds merge by key, and `$patch` directives delete or replace. */

import { type Fields, isFields } from "../../world/cluster/fields.ts";
import { itemKey, listKind } from "./merge-keys.ts";

/** The document with the patch merged in. For built-in kinds only: custom ones have no strategy (the server answers 415). */
export const applyStrategicMerge = (document: unknown, patch: unknown): unknown =>
  mergeValue(document, patch, "");

const mergeValue = (value: unknown, patch: unknown, field: string): unknown => {
  if (Array.isArray(patch)) return mergeList(Array.isArray(value) ? value : [], patch, field);
  if (!isFields(patch)) return patch;
  if (patch.$patch === "replace") return withoutDirectives(patch);
  if (patch.$patch === "delete") return undefined;
  const merged: Record<string, unknown> = { ...(isFields(value) ? value : {}) };
  for (const [key, inner] of Object.entries(patch)) {
    if (key.startsWith("$setElementOrder/") || key === "$retainKeys") continue;
    if (key.startsWith("$deleteFromPrimitiveList/"))
      dropFrom(merged, key.slice("$deleteFromPrimitiveList/".length), inner);
    else if (inner === null) delete merged[key];
    else {
      const next = mergeValue(merged[key], inner, key);
      if (next === undefined) delete merged[key];
      else merged[key] = next;
    }
  }
  return merged;
};

const dropFrom = (merged: Record<string, unknown>, field: string, values: unknown): void => {
  const from = merged[field];
  if (Array.isArray(from) && Array.isArray(values))
    merged[field] = from.filter((item) => !values.includes(item));
};

const withoutDirectives = (value: Fields): Fields =>
  Object.fromEntries(Object.entries(value).filter(([key]) => !key.startsWith("$")));

const mergeList = (value: readonly unknown[], patch: readonly unknown[], field: string): unknown => {
  const list = listKind(field, patch.length > 0 ? patch : value, false);
  if (list.kind === "atomic") return patch;
  if (list.kind === "set") return [...value, ...patch.filter((item) => !value.includes(item))];
  if (patch.some((item) => isFields(item) && item.$patch === "replace"))
    return patch.filter((item) => isFields(item) && item.$patch === undefined);
  const patches = new Map(patch.filter(isFields).map((item) => [itemKey(item, list.keys), item]));
  const merged: unknown[] = [];
  for (const item of value.filter(isFields)) {
    const key = itemKey(item, list.keys);
    const over = patches.get(key);
    patches.delete(key);
    if (over?.$patch === "delete") continue;
    merged.push(over ? mergeValue(item, over, "") : item);
  }
  const added = [...patches.values()].filter((item) => item.$patch !== "delete");
  return [...merged, ...added.map((item) => mergeValue(undefined, item, ""))];
};
