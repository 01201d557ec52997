/** `repot conformance FILE`: holds the interpreter to executions that the real service recorded. */

import { readFile } from "node:fs/promises";
import * as z from "zod";
import { difference } from "../simulator/interpreter/comparison.ts";
import { type Recording, replay } from "../simulator/interpreter/recording.ts";

const Recorded = z.object({
  id: z.string(),
  definition: z.json(),
  input: z.json(),
  history: z
    .array(z.looseObject({ id: z.number(), previousEventId: z.number(), type: z.string() }))
    .min(1, "is empty"),
});

/** An entry of the file: a recording, or why it is none. */
type Entry =
  | { readonly id: string; readonly recording: Recording }
  | { readonly id: string; readonly problem: string };

/**
 * Replays each recording of a file and prints a line for each that differs, or that isn't complete; the last line is `N passed, N failed`.
 * @param err Takes the sentence about a file that holds no recordings; default: `out`.
 * @returns The exit code: 0, 1 where one differs, 2 for a file that is empty or can't be read.
 */
export const conformance = async (
  file: string,
  out: (line: string) => void,
  err: (line: string) => void = out,
): Promise<number> => {
  const entries = await read(file);
  if (typeof entries === "string") {
    err(entries);
    return 2;
  }
  let failed = 0;
  for (const entry of entries) {
    const problem = "problem" in entry ? entry.problem : await check(entry.recording);
    if (problem === undefined) continue;
    failed += 1;
    out(`${entry.id}: ${problem}`);
  }
  out(`${entries.length - failed} passed, ${failed} failed`);
  return failed > 0 ? 1 : 0;
};

/** @returns How one recording differs, in words, or undefined. */
export const check = async (recording: Recording): Promise<string | undefined> => {
  try {
    return difference(recording, await replay(recording));
  } catch (problem) {
    return problem instanceof Error ? problem.message : String(problem);
  }
};

/** @returns The entries of a file of which at least one is a recording, or a sentence about what it is instead. */
const read = async (file: string): Promise<readonly Entry[] | string> => {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (problem) {
    return `${file} can't be read: ${(problem as Error).message}.`;
  }
  if (text.trim() === "") return `${file} is empty.`;
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (problem) {
    return `${file} is not JSON: ${printable((problem as Error).message)}.`;
  }
  if (!Array.isArray(value) || value.length === 0)
    return `${file} holds no recordings: it takes a list of objects with id, definition, input and history.`;
  const entries = value.map(entryOf);
  const [first] = entries;
  if (first && "problem" in first && entries.every((entry) => "problem" in entry))
    return `${file} holds no recordings: ${first.id}: ${first.problem}.`;
  return entries;
};

const entryOf = (value: unknown, index: number): Entry => {
  const parsed = Recorded.safeParse(value);
  if (parsed.success) return { id: parsed.data.id, recording: parsed.data as unknown as Recording };
  const [issue] = parsed.error.issues;
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return { id: `entry ${index + 1}`, problem: "it is no object with id, definition, input and history" };
  const field = issue?.path.join(".") ?? "";
  const isMissing = issue?.path.length === 1 && !Object.hasOwn(value, field);
  const { id } = value as { readonly id?: unknown };
  return {
    id: typeof id === "string" ? id : `entry ${index + 1}`,
    problem: isMissing ? `it has no ${field}` : `its ${field}: ${issue?.message ?? "is wrong"}`,
  };
};

/** A parser quotes what it stumbled over, and that may be anything. */
const printable = (message: string): string => message.replace(/[\p{Cc}\uFFFD]+/gu, "?");
