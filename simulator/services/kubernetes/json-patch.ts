/** JSON patch (RFC 6902) and JSON merge patch (RFC 7386), with the refusals of the real API server. */

import { type Fields, isFields, same } from "../../world/cluster/fields.ts";
import { ApiError, badRequest } from "../../world/cluster/status.ts";

/** A patch that can't be applied: the real server gives no more words than these. */
const unprocessable = (): ApiError =>
  new ApiError(422, "Invalid", "the server rejected our request due to an error in our request");

const OPERATIONS_MAX = 10_000;

/** @throws ApiError 422 where a test doesn't hold or a path isn't there, 400 where the patch is malformed. */
export const applyJsonPatch = (document: unknown, patch: unknown): unknown => {
  if (!Array.isArray(patch))
    throw badRequest("json: cannot unmarshal object into Go value of type jsonpatch.Patch");
  if (patch.length > OPERATIONS_MAX)
    throw new ApiError(
      413,
      "RequestEntityTooLarge",
      `The allowed maximum operations in a JSON patch is ${OPERATIONS_MAX}, got ${patch.length}`,
    );
  return patch.reduce((value: unknown, operation: unknown) => applyOne(value, operation), document);
};

const applyOne = (document: unknown, operation: unknown): unknown => {
  if (!isFields(operation) || typeof operation.path !== "string") throw unprocessable();
  const path = pointer(operation.path);
  switch (operation.op) {
    case "add":
      return add(document, path, operation.value);
    case "replace":
      read(document, path);
      return add(remove(document, path), path, operation.value);
    case "remove":
      return remove(document, path);
    case "test":
      if (!same(readOrNull(document, path), operation.value ?? null)) throw unprocessable();
      return document;
    case "move": {
      const from = pointer(String(operation.from));
      return add(remove(document, from), path, read(document, from));
    }
    case "copy":
      return add(document, path, read(document, pointer(String(operation.from))));
    default:
      throw unprocessable();
  }
};

const pointer = (text: string): readonly string[] => {
  if (text === "") return [];
  if (!text.startsWith("/")) throw unprocessable();
  return text
    .slice(1)
    .split("/")
    .map((part) => part.replace(/~1/g, "/").replace(/~0/g, "~"));
};

const read = (value: unknown, path: readonly string[]): unknown => {
  let here = value;
  for (const key of path) {
    if (Array.isArray(here)) here = here[index(key, here.length - 1)];
    else if (isFields(here) && Object.hasOwn(here, key)) here = here[key];
    else throw unprocessable();
  }
  return here;
};

/** The library behind the real server takes a missing member for null in a test. */
const readOrNull = (value: unknown, path: readonly string[]): unknown => {
  const parent = path.slice(0, -1);
  const inside = read(value, parent);
  const key = path.at(-1);
  if (key === undefined) return inside;
  if (isFields(inside)) return inside[key] ?? null;
  return read(value, path);
};

const index = (key: string, max: number): number => {
  const position = /^(0|[1-9]\d*)$/.test(key) ? Number(key) : Number.NaN;
  if (!(position <= max)) throw unprocessable();
  return position;
};

const add = (value: unknown, [key, ...rest]: readonly string[], next: unknown): unknown => {
  if (key === undefined) return next;
  if (Array.isArray(value)) {
    const position =
      key === "-" && rest.length === 0
        ? value.length
        : index(key, rest.length === 0 ? value.length : value.length - 1);
    if (rest.length === 0) return value.toSpliced(position, 0, next);
    return value.with(position, add(value[position], rest, next));
  }
  if (!isFields(value)) throw unprocessable();
  if (rest.length === 0) return { ...value, [key]: next };
  if (!Object.hasOwn(value, key)) throw unprocessable();
  return { ...value, [key]: add(value[key], rest, next) };
};

const remove = (value: unknown, [key, ...rest]: readonly string[]): unknown => {
  if (key === undefined) throw unprocessable();
  if (Array.isArray(value)) {
    const position = index(key, value.length - 1);
    return rest.length === 0
      ? value.toSpliced(position, 1)
      : value.with(position, remove(value[position], rest));
  }
  if (!isFields(value) || !Object.hasOwn(value, key)) throw unprocessable();
  if (rest.length > 0) return { ...value, [key]: remove(value[key], rest) };
  const { [key]: _, ...without } = value;
  return without;
};

/** null removes, objects merge, everything else replaces. */
export const applyMergePatch = (document: unknown, patch: unknown): unknown => {
  if (!isFields(patch)) return patch;
  const merged: Record<string, unknown> = { ...(isFields(document) ? (document as Fields) : {}) };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = applyMergePatch(merged[key], value);
  }
  return merged;
};
