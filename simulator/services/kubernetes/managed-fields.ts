/** Who owns which field of an object: metadata.managedFields, kept by every write through the API. */

import type { KubeObject } from "../../../domain/kube.ts";
import { apiVersionOf } from "../../../domain/kube-kinds.ts";
import { listAt, textAt } from "../../world/cluster/fields.ts";
import type { Resource } from "../../world/cluster/kinds.ts";
import type { Registry, Who } from "../../world/cluster/registry.ts";
import { changedLeaves, type FieldPath, fromFieldsV1, leavesOf, toFieldsV1 } from "./field-sets.ts";

export type Manager = {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly subresource: string;
  /** Through which version of the kind it wrote. */
  readonly apiVersion: string;
  readonly time: string;
  readonly fields: ReadonlySet<FieldPath>;
};

export const managersOf = (object: KubeObject): readonly Manager[] =>
  listAt(object, "metadata", "managedFields").map((entry) => ({
    manager: textAt(entry, "manager") ?? "unknown",
    operation: entry.operation === "Apply" ? "Apply" : "Update",
    subresource: textAt(entry, "subresource") ?? "",
    apiVersion: textAt(entry, "apiVersion") ?? "",
    time: textAt(entry, "time") ?? "",
    fields: fromFieldsV1(entry.fieldsV1),
  }));

/** Managers as the object carries them; those that own nothing any more are dropped. */
export const toManagedFields = (managers: readonly Manager[]): readonly unknown[] =>
  managers
    .filter((m) => m.fields.size > 0)
    .map((m) => ({
      manager: m.manager,
      operation: m.operation,
      apiVersion: m.apiVersion,
      time: m.time,
      fieldsType: "FieldsV1",
      fieldsV1: toFieldsV1(m.fields),
      ...(m.subresource === "" ? {} : { subresource: m.subresource }),
    }));

export const isManager = (
  m: Manager,
  who: Who,
  operation: Manager["operation"],
  subresource: string,
): boolean => m.manager === who.manager && m.operation === operation && m.subresource === subresource;

/** A `track` for creates, updates and patches other than apply: the writer owns what it wrote, others lose it. */
export const trackUpdate =
  (registry: Registry, resource: Resource, who: Who, subresource: string) =>
  (before: KubeObject | undefined, after: KubeObject): readonly unknown[] => {
    const { written, gone } = changedLeaves(before, after, resource.custom);
    const others = before ? managersOf(before) : [];
    const mine = others.find((m) => isManager(m, who, "Update", subresource));
    const kept = others
      .filter((m) => m !== mine)
      .map((m) => ({ ...m, fields: without(m.fields, written, gone) }));
    if (written.size === 0 && !mine) return toManagedFields(kept);
    const fields = new Set([...without(mine?.fields ?? new Set(), gone), ...written]);
    const entry = {
      manager: who.manager,
      operation: "Update" as const,
      subresource,
      apiVersion: apiVersionOf(resource),
      time: registry.stamp(),
      fields,
    };
    return toManagedFields([...kept, entry]);
  };

export const without = (
  fields: ReadonlySet<FieldPath>,
  ...others: readonly ReadonlySet<FieldPath>[]
): ReadonlySet<FieldPath> => new Set([...fields].filter((path) => !others.some((o) => o.has(path))));

/** An object that nobody tracked so far belongs, for the first apply, to `before-first-apply`. */
export const managersBefore = (
  registry: Registry,
  resource: Resource,
  object: KubeObject,
): readonly Manager[] => {
  const managers = managersOf(object);
  if (managers.length > 0) return managers;
  const fields = new Set(leavesOf(object, resource.custom).keys());
  return [
    {
      manager: "before-first-apply",
      operation: "Update",
      subresource: "",
      apiVersion: apiVersionOf(resource),
      time: registry.stamp(),
      fields,
    },
  ];
};
