/** Server-side apply: the applied fields become the manager's, other managers' fields conflict, and what it no longer applies goes. */

import type { KubeObject } from "../../../domain/kube.ts";
import { apiVersionOf } from "../../../domain/kube-kinds.ts";
import { type Fields, isFields, same, withMetadata } from "../../world/cluster/fields.ts";
import type { Resource } from "../../world/cluster/kinds.ts";
import type { Registry, Who } from "../../world/cluster/registry.ts";
import { ApiError } from "../../world/cluster/status.ts";
import { type FieldPath, leavesOf, readable } from "./field-sets.ts";
import { isManager, type Manager, managersBefore, toManagedFields, without } from "./managed-fields.ts";
import { isAtomicMap, itemKey, listKind } from "./merge-keys.ts";

export type Applied = { readonly object: KubeObject; readonly managedFields: readonly unknown[] };

/** What an apply would store. @throws ApiError 409 with every conflict, unless `force`. */
export const applied = (
  registry: Registry,
  resource: Resource,
  live: KubeObject | undefined,
  config: KubeObject,
  who: Who,
  force: boolean,
): Applied => {
  const wanted = leavesOf(config, resource.custom);
  const fields = new Set(wanted.keys());
  const entry: Manager = {
    manager: who.manager,
    operation: "Apply",
    subresource: "",
    apiVersion: apiVersionOf(resource),
    time: registry.stamp(),
    fields,
  };
  if (!live) return { object: config, managedFields: toManagedFields([entry]) };
  const managers = managersBefore(registry, resource, live);
  const mine = managers.find((m) => isManager(m, who, "Apply", ""));
  const others = managers.filter((m) => m !== mine);
  const liveLeaves = leavesOf(live, resource.custom);
  const taken = conflicts(wanted, liveLeaves, others);
  if (taken.length > 0 && !force) throw conflictError(taken);
  const lost = new Set(taken.map((c) => c.path));
  const kept = others.map((m) => ({ ...m, fields: without(m.fields, lost) }));
  const dropped = mine
    ? [...mine.fields].filter((p) => !fields.has(p) && !kept.some((m) => m.fields.has(p)))
    : [];
  const merged = merge(live, config, "", resource.custom) as KubeObject;
  const object = dropped.length === 0 ? merged : prune(merged, new Set(dropped), resource.custom);
  return { object: withMetadata(object, {}), managedFields: toManagedFields([...kept, entry]) };
};

type Taken = { readonly path: FieldPath; readonly manager: Manager };

const conflicts = (
  wanted: ReadonlyMap<FieldPath, unknown>,
  live: ReadonlyMap<FieldPath, unknown>,
  others: readonly Manager[],
): readonly Taken[] => {
  const taken: Taken[] = [];
  for (const manager of others)
    for (const path of manager.fields)
      if (wanted.has(path) && !same(wanted.get(path), live.get(path))) taken.push({ path, manager });
  return taken;
};

const conflictError = (taken: readonly Taken[]): ApiError =>
  new ApiError(409, "Conflict", `Apply failed with ${conflictText(taken)}`, {
    causes: taken.map(({ path, manager }) => ({
      reason: "FieldManagerConflict",
      message: `conflict with ${named(manager)}`,
      field: readable(path),
    })),
  });

/** The sentence of the real server: one conflict in a line, several in a list for each manager. */
const conflictText = (taken: readonly Taken[]): string => {
  const [only] = taken;
  if (only && taken.length === 1)
    return `1 conflict: conflict with ${named(only.manager)}: ${readable(only.path)}`;
  const by = new Map<string, string[]>();
  for (const { path, manager } of taken)
    by.set(named(manager), [...(by.get(named(manager)) ?? []), `- ${readable(path)}`]);
  const lines = [...by].flatMap(([name, paths]) => [`conflicts with ${name}:`, ...paths]);
  return `${taken.length} conflicts: ${lines.join("\n")}`;
};

const named = ({ manager, operation, subresource, apiVersion, time }: Manager): string => {
  const through = subresource === "" ? "" : ` with subresource "${subresource}"`;
  const how = operation === "Update" ? ` using ${apiVersion} at ${time}` : "";
  return `"${manager}"${through}${how}`;
};

/** The live value with the applied one laid over it, lists by their merge strategy. Null clears nothing in an apply; it is a value. */
const merge = (live: unknown, config: unknown, field: string, custom: boolean): unknown => {
  if (Array.isArray(config)) return mergeList(Array.isArray(live) ? live : [], config, field, custom);
  if (!isFields(config) || !isFields(live) || isAtomicMap(field, custom)) return config;
  const merged: Record<string, unknown> = { ...live };
  for (const [key, value] of Object.entries(config)) merged[key] = merge(live[key], value, key, custom);
  return merged;
};

const mergeList = (
  live: readonly unknown[],
  config: readonly unknown[],
  field: string,
  custom: boolean,
): unknown => {
  const list = listKind(field, config.length > 0 ? config : live, custom);
  if (list.kind === "atomic") return config;
  if (list.kind === "set") return [...live, ...config.filter((item) => !live.includes(item))];
  const wanted = new Map(config.filter(isFields).map((item) => [itemKey(item, list.keys), item]));
  const merged = live.filter(isFields).map((item) => {
    const key = itemKey(item, list.keys);
    const over = wanted.get(key);
    wanted.delete(key);
    return over ? merge(item, over, "", custom) : item;
  });
  return [...merged, ...wanted.values()];
};

/** Without these leaves, and without list items and maps that have nothing left. */
const prune = (object: KubeObject, dropped: ReadonlySet<FieldPath>, custom: boolean): KubeObject =>
  pruneValue(object, "", "", dropped, custom) as KubeObject;

const pruneValue = (
  value: unknown,
  path: FieldPath,
  field: string,
  dropped: ReadonlySet<FieldPath>,
  custom: boolean,
): unknown => {
  if (dropped.has(path)) return undefined;
  if (Array.isArray(value)) return pruneList(value, path, field, dropped, custom);
  if (!isFields(value) || isAtomicMap(field, custom)) return value;
  const kept: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    const next = pruneValue(inner, path === "" ? `f:${key}` : `${path}\nf:${key}`, key, dropped, custom);
    if (next !== undefined) kept[key] = next;
  }
  const emptied = Object.keys(kept).length === 0 && Object.keys(value).length > 0;
  return emptied ? undefined : kept;
};

const pruneList = (
  value: readonly unknown[],
  path: FieldPath,
  field: string,
  dropped: ReadonlySet<FieldPath>,
  custom: boolean,
): unknown => {
  const list = listKind(field, value, custom);
  if (list.kind === "atomic") return value;
  if (list.kind === "set") return value.filter((item) => !dropped.has(`${path}\nv:${JSON.stringify(item)}`));
  const kept = value.filter(isFields).flatMap((item): Fields[] => {
    const at = `${path}\nk:${itemKey(item, list.keys)}`;
    if (dropped.has(`${at}\n.`)) return [];
    const next = pruneValue(item, at, "", dropped, custom);
    return isFields(next) ? [next] : [];
  });
  return kept.length === 0 && value.length > 0 ? undefined : kept;
};
