/** The reference says what the program does: every setting, exit code, event and fault is in it, and nothing that doesn't exist. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import * as z from "zod";
import { EXIT } from "../../cli/main.ts";
import { SettingsSchema } from "../../domain/settings.ts";
import { EVENT_TYPES } from "../../domain/view.ts";
import { FAULTS } from "../../simulator/faults/catalogue.ts";

const read = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../docs/reference/${name}.md`, import.meta.url)), "utf8");

/** First cells of the rows of a document's tables. */
const firstCells = (text: string): readonly string[] =>
  [...text.matchAll(/^\| ([^|]+) \|/gm)]
    .map(([, cell = ""]) => cell)
    .filter((cell) => !/^(key|code|kind|`type`)$/.test(cell));

const keysOf = (schema: unknown): readonly string[] => {
  if (typeof schema !== "object" || schema === null) return [];
  const properties = "properties" in schema ? Object.keys(schema.properties ?? {}) : [];
  return [...properties, ...Object.values(schema).flatMap(keysOf)];
};

test("repot-yaml.md has every setting, and no other", () => {
  const text = read("repot-yaml");
  const settings = new Set(keysOf(z.toJSONSchema(SettingsSchema, { io: "input" })));
  expect(settings.size).toBeGreaterThan(60);
  const missing = [...settings].filter((key) => !text.includes(`\`${key}\``));
  expect(missing).toEqual([]);
  const listed = firstCells(text)
    .flatMap((cell) => cell.split(", "))
    .map((cell) => cell.replaceAll("`", ""));
  expect(listed.filter((key) => !settings.has(key))).toEqual([]);
});

test("exit-codes.md has every code once", () => {
  expect(firstCells(read("exit-codes")).map(Number)).toEqual(Object.values(EXIT));
});

test("events.md has every type of line once", () => {
  expect(
    firstCells(read("events"))
      .map((cell) => cell.replaceAll("`", ""))
      .sort(),
  ).toEqual([...EVENT_TYPES].sort());
});

test("faults.md has every kind with its scope", () => {
  const rows = [...read("faults").matchAll(/^\| `([a-z-]+)` \| (\w+) \|/gm)].map(
    ([, kind, scope]) => `${kind} ${scope}`,
  );
  expect(rows.sort()).toEqual(FAULTS.map(({ kind, scope }) => `${kind} ${scope}`).sort());
});
