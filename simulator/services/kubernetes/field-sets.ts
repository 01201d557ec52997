/** Sets of fields of an object, as managedFields records them (FieldsV1): which leaves an object has, and how two objects differ. */

import { type Fields, isFields, same } from "../../world/cluster/fields.ts";
import { isAtomicMap, itemKey, listKind } from "./merge-keys.ts";

/** A leaf's path: parts such as `f:spec`, `k:{"name":"app"}`, `v:"x"`, joined by the separator. */
export type FieldPath = string;
const SEPARATOR = "\n";

/** The leaves of an object and their values. Keyed list items have a leaf `.` for their being there. */
export const leavesOf = (object: Fields, custom: boolean): Map<FieldPath, unknown> => {
  const leaves = new Map<FieldPath, unknown>();
  const { apiVersion: _a, kind: _k, status: _s, metadata, ...rest } = object;
  const own = ownMetadata(isFields(metadata) ? metadata : {});
  walk({ ...rest, ...(Object.keys(own).length === 0 ? {} : { metadata: own }) }, "", "", custom, leaves);
  return leaves;
};

/** What a writer can own of metadata. */
const ownMetadata = (metadata: Fields): Fields =>
  Object.fromEntries(
    ["labels", "annotations", "finalizers", "ownerReferences"]
      .filter((key) => metadata[key] !== undefined)
      .map((key) => [key, metadata[key]]),
  );

const join = (path: FieldPath, part: string): FieldPath =>
  path === "" ? part : `${path}${SEPARATOR}${part}`;

const walk = (
  value: unknown,
  path: FieldPath,
  field: string,
  custom: boolean,
  leaves: Map<FieldPath, unknown>,
): void => {
  if (isFields(value) && !isAtomicMap(field, custom) && Object.keys(value).length > 0) {
    for (const [key, inner] of Object.entries(value))
      if (inner !== undefined) walk(inner, join(path, `f:${key}`), key, custom, leaves);
    return;
  }
  if (!Array.isArray(value)) {
    leaves.set(path, value);
    return;
  }
  const list = listKind(field, value, custom);
  if (list.kind === "atomic" || value.length === 0) leaves.set(path, value);
  else if (list.kind === "set")
    for (const item of value) leaves.set(join(path, `v:${JSON.stringify(item)}`), item);
  else
    for (const item of value.filter(isFields)) {
      const at = join(path, `k:${itemKey(item, list.keys)}`);
      leaves.set(join(at, "."), null);
      walk(item, at, "", custom, leaves);
    }
};

/** Leaves that are new or have another value in `after`, and those that are gone. */
export const changedLeaves = (
  before: Fields | undefined,
  after: Fields,
  custom: boolean,
): { readonly written: ReadonlySet<FieldPath>; readonly gone: ReadonlySet<FieldPath> } => {
  const was = before ? leavesOf(before, custom) : new Map<FieldPath, unknown>();
  const is = leavesOf(after, custom);
  const written = new Set<FieldPath>();
  for (const [path, value] of is) if (!was.has(path) || !same(was.get(path), value)) written.add(path);
  const gone = new Set<FieldPath>();
  for (const path of was.keys()) if (!is.has(path)) gone.add(path);
  return { written, gone };
};

type Tree = { [part: string]: Tree };

/** A set of leaves as FieldsV1 writes it. */
export const toFieldsV1 = (paths: Iterable<FieldPath>): Tree => {
  const tree: Tree = {};
  for (const path of [...paths].sort()) {
    let here = tree;
    for (const part of path.split(SEPARATOR)) {
      here[part] ??= {};
      here = here[part];
    }
  }
  return tree;
};

export const fromFieldsV1 = (tree: unknown, prefix: FieldPath = ""): Set<FieldPath> => {
  const paths = new Set<FieldPath>();
  if (!isFields(tree)) return paths;
  for (const [part, inner] of Object.entries(tree)) {
    const path = join(prefix, part);
    if (isFields(inner) && Object.keys(inner).length > 0)
      for (const p of fromFieldsV1(inner, path)) paths.add(p);
    else paths.add(path);
  }
  return paths;
};

/** A leaf as messages name it: `.spec.template.spec.containers[name="app"].image`. */
export const readable = (path: FieldPath): string =>
  path
    .split(SEPARATOR)
    .filter((part) => part !== ".")
    .map((part) => {
      if (part.startsWith("f:")) return `.${part.slice(2)}`;
      if (part.startsWith("v:")) return `[=${part.slice(2)}]`;
      const key = JSON.parse(part.slice(2)) as Fields;
      return `[${Object.entries(key)
        .map(([k, v]) => `${k}=${JSON.stringify(v)}`)
        .join(",")}]`;
    })
    .join("");
