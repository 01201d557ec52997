/** `repot conformance FILE`: holds the interpreter to executions that the real service recorded. */

import { readFile } from "node:fs/promises";
import * as z from "zod";
import { difference } from "../simulator/interpreter/comparison.ts";
import { type Recording, replay } from "../simulator/interpreter/recording.ts";

const Recordings = z
  .array(
    z.object({
      id: z.string(),
      definition: z.json(),
      input: z.json(),
      history: z
        .array(z.looseObject({ id: z.number(), previousEventId: z.number(), type: z.string() }))
        .min(1),
    }),
  )
  .min(1);

/**
 * Replays each recording of a file and prints a line for each that differs; the last line is `N passed, N failed`.
 * @returns The exit code: 0, 1 where one differs, 2 for a file that is empty or can't be read.
 */
export const conformance = async (file: string, out: (line: string) => void): Promise<number> => {
  const recordings = await read(file, out);
  if (!recordings) return 2;
  let failed = 0;
  for (const recording of recordings) {
    const problem = await check(recording);
    if (problem === undefined) continue;
    failed += 1;
    out(`${recording.id}: ${problem}`);
  }
  out(`${recordings.length - failed} passed, ${failed} failed`);
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

const read = async (file: string, out: (line: string) => void): Promise<readonly Recording[] | undefined> => {
  try {
    const parsed = Recordings.safeParse(JSON.parse(await readFile(file, "utf8")));
    if (parsed.success) return parsed.data as unknown as readonly Recording[];
    out(`${file} holds no recordings: ${z.prettifyError(parsed.error).split("\n")[0]}`);
  } catch (problem) {
    out(`${file} can't be read as recordings: ${(problem as Error).message}`);
  }
  return undefined;
};
