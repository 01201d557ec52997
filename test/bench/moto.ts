/** moto's parser of state machines, where there is a Python that has it. Nothing is ever installed. */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { inJsonPath, transitionsOf } from "./loop.ts";
import { median } from "./table.ts";

/** It makes a parser for each path that it evaluates, so a shorter loop has to do; the rate doesn't depend on the length. */
const ITERATIONS = 100;
const ROUNDS = 3;
const PATIENCE_MS = 180_000;
const SCRIPT = fileURLToPath(new URL("moto-loop.py", import.meta.url));

export type Moto =
  | { readonly kind: "measured"; readonly version: string; readonly transitionsPerSecond: number }
  | { readonly kind: "absent"; readonly reason: string };

type Answer = {
  readonly missing?: string;
  readonly version?: string;
  readonly rounds?: readonly { readonly seconds: number; readonly output: { readonly n: number } }[];
};

export const measureMoto = (): Moto => {
  const args = [SCRIPT, JSON.stringify(inJsonPath(ITERATIONS)), String(ROUNDS)];
  const run = spawnSync("python3", args, { encoding: "utf8", timeout: PATIENCE_MS });
  if (run.error) return { kind: "absent", reason: `python3 doesn't run here (${run.error.message})` };
  const line = run.stdout.trim().split("\n").at(-1) ?? "";
  const answer: Answer = line.startsWith("{") ? (JSON.parse(line) as Answer) : {};
  if (answer.missing !== undefined)
    return { kind: "absent", reason: `this Python has no moto (${answer.missing})` };
  const { rounds = [], version = "?" } = answer;
  if (run.status !== 0 || rounds.length === 0)
    return {
      kind: "absent",
      reason: `moto's parser failed: ${run.stderr.trim().split("\n").at(-1) ?? "without a word"}`,
    };
  if (rounds.some(({ output }) => output.n !== ITERATIONS))
    return { kind: "absent", reason: "moto's parser counted wrong" };
  // The first is the warm-up.
  const seconds = median(rounds.slice(1).map((round) => round.seconds));
  return { kind: "measured", version, transitionsPerSecond: transitionsOf(ITERATIONS) / seconds };
};
