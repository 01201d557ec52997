/**
 * The same seed again and again, in two processes at the same time: `node determinism.ts ROUNDS` prints the digests that it saw, as JSON. The
 * parent prints how many of them were the same.
 */

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { loadPlan } from "../../cli/plan.ts";
import { planHash } from "../../domain/planning/build.ts";
import { rehearse } from "../../simulator/rehearsal/rehearse.ts";
import { FIVE } from "./rehearsals.ts";
import { count as countText, section } from "./table.ts";

const SEED = 7;
const PROCESSES = 2;

const digests = async (rounds: number): Promise<Readonly<Record<string, number>>> => {
  const { plan, text } = await loadPlan([FIVE], { decide: {} }, async () => new Uint8Array());
  const hash = planHash(text);
  const seen: Record<string, number> = {};
  for (let round = 0; round < rounds; round += 1) {
    const { summary } = await rehearse({
      plan,
      hash,
      seed: SEED,
      faults: [],
      approve: "auto",
      onEvent: () => {},
    });
    seen[summary.digest] = (seen[summary.digest] ?? 0) + 1;
  }
  return seen;
};

/** One child's digests. The two get different locales and time zones: nothing may depend on them. */
const inChild = (rounds: number, environment: Readonly<Record<string, string>>) =>
  new Promise<Readonly<Record<string, number>>>((resolve, reject) => {
    const child = spawn(process.execPath, [fileURLToPath(import.meta.url), String(rounds)], {
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let out = "";
    child.stdout.on("data", (data) => {
      out += String(data);
    });
    child.on("error", reject);
    child.on("exit", (code) =>
      code === 0
        ? resolve(JSON.parse(out) as Readonly<Record<string, number>>)
        : reject(new Error(`A process of the determinism bench ended with ${code}.`)),
    );
  });

/** @param rounds In all, shared out over the processes. */
export const determinismSection = async (rounds: number): Promise<string> => {
  const each = rounds / PROCESSES;
  const seen = await Promise.all([
    inChild(each, { TZ: "UTC", LC_ALL: "C" }),
    inChild(each, { TZ: "Asia/Kolkata", LC_ALL: "tr_TR.UTF-8" }),
  ]);
  const counts = new Map<string, number>();
  for (const one of seen)
    for (const [digest, count] of Object.entries(one)) counts.set(digest, (counts.get(digest) ?? 0) + count);
  const most = Math.max(...counts.values());
  return section("The same seed", [
    [
      "the same digest",
      `${countText(most)} of ${countText(each * PROCESSES)}`,
      `${PROCESSES} processes, two time zones and locales; ${counts.size} distinct`,
    ],
  ]);
};

const [, file, rounds] = process.argv;
if (file === fileURLToPath(import.meta.url))
  process.stdout.write(JSON.stringify(await digests(Number(rounds))));
