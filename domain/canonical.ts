/** One spelling for each value: keys sorted by code unit, two spaces of indent. What is hashed and compared is written this way. */

import { createHash } from "node:crypto";

type Fields = Readonly<Record<string, unknown>>;

/** The text of a file: ends with a line break. */
export const canonicalText = (value: unknown): string =>
  `${JSON.stringify(JSON.parse(canonicalLine(value)), null, 2)}\n`;

/** One line, no blanks: for comparing two values. */
export const canonicalLine = (value: unknown): string => spelled(value) ?? "null";

/** Written part by part: a copy with its keys in order, for `JSON.stringify` to write, takes three times as long. */
const spelled = (value: unknown): string | undefined => {
  if (typeof value !== "object" || value === null || "toJSON" in value) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => spelled(item) ?? "null").join(",")}]`;
  let text = "";
  for (const key of inOrder(Object.keys(value))) {
    const part = spelled((value as Fields)[key]);
    if (part !== undefined) text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${part}`;
  }
  return `{${text}}`;
};

const INDEX = /^(?:0|[1-9]\d{0,9})$/;

/** By code unit; what looks like an index comes first and by number, since no object of JavaScript's can have it otherwise. */
const inOrder = (keys: string[]): readonly string[] => {
  keys.sort();
  if (!keys.some((key) => INDEX.test(key))) return keys;
  return Object.keys(Object.fromEntries(keys.map((key) => [key, true])));
};

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
