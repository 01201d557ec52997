/** One spelling for each value: keys sorted by code unit, two spaces of indent. What is hashed and compared is written this way. */

import { createHash } from "node:crypto";
import { byCodeUnit } from "./kube.ts";

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, v]) => v !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => byCodeUnit(a, b)).map(([k, v]) => [k, sorted(v)]));
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

type Fields = Readonly<Record<string, unknown>>;

const isSameRecord = (a: Fields, b: Fields): boolean => {
  const named = (of: Fields) => Object.keys(of).filter((key) => of[key] !== undefined);
  const keys = named(a);
  return (
    keys.length === named(b).length && keys.every((key) => b[key] !== undefined && isSameJson(a[key], b[key]))
  );
};

/** Lower-case hexadecimal SHA-256 of a text's UTF-8 bytes. */
export const sha256 = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex");
