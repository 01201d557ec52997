/** One spelling for each value: keys sorted by code unit, two spaces of indent. What is hashed and compared is written this way. */

import { createHash } from "node:crypto";
import { byCodeUnit } from "./kube.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What is in order already stays as it is: nearly everything that is compared was written by us. */
const sorted = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.map(sorted);
    return items.every((item, i) => item === value[i]) ? value : items;
  }
  const fields = value as Fields;
  const keys = Object.keys(fields);
  let stays = true;
  for (let i = 0; i < keys.length; i += 1) {
    const key = keys[i] as string;
    if (i > 0 && byCodeUnit(keys[i - 1] as string, key) > 0) stays = false;
    if (stays && sorted(fields[key]) !== fields[key]) stays = false;
    if (!stays) break;
  }
  return stays ? value : rebuilt(fields, keys);
};

const rebuilt = (fields: Fields, keys: string[]): Fields => {
  const made: Record<string, unknown> = {};
  for (const key of keys.sort(byCodeUnit)) if (fields[key] !== undefined) made[key] = sorted(fields[key]);
  return made;
};

/** The text of a file: ends with a line break. */
export const canonicalText = (value: unknown): string => `${JSON.stringify(sorted(value), null, 2)}\n`;

/** One line, no blanks: for comparing two values. */
export const canonicalLine = (value: unknown): string => JSON.stringify(sorted(value)) ?? "null";

/** Whether two values are the same JSON: what `canonicalLine` would spell alike, without spelling it. */
export const isSameJson = (a: unknown, b: unknown): boolean => {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null)
    return canonicalLine(a) === canonicalLine(b);
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, i) => isSameJson(item ?? null, b[i] ?? null));
  }
  return isSameRecord(a as Fields, b as Fields);
};

const isSameRecord = (a: Fields, b: Fields): boolean => {
  const named = (of: Fields) => Object.keys(of).filter((key) => of[key] !== undefined);
  const keys = named(a);
  return (
    keys.length === named(b).length && keys.every((key) => b[key] !== undefined && isSameJson(a[key], b[key]))
  );
};

/** Lower-case hexadecimal SHA-256 of a text's UTF-8 bytes. */
export const sha256 = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex");
