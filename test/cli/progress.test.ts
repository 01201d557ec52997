/** A matrix says how far it is: often enough to be believed, seldom enough to be read. */

import { expect, it } from "vitest";
import { makeProgress } from "../../cli/progress.ts";
import type { Filled } from "../../simulator/campaign/matrix.ts";

const ended = (outcome: string) =>
  ({ due: "completed", hit: 1, verdict: { outcome, sentence: "" } }) as unknown as Filled;

it("is some fifty lines, each with runs, cells, time and what was wrong", () => {
  const lines: string[] = [];
  let now = 0;
  const cells = Array.from({ length: 1_000 }, () => ({ effects: 3 }));
  const io = { err: (text: string) => void lines.push(text), wallMs: () => now };
  const progress = makeProgress(cells, io, 0);
  for (const [i, { effects }] of cells.entries()) {
    for (let run = 0; run < effects; run += 1) {
      now += 100;
      progress.ran();
    }
    progress.filled(ended(i === 500 ? "waiting" : "completed"));
  }
  expect(lines).toHaveLength(50);
  expect(lines[0]).toBe("repot: 60 of 3,000 runs, 19 of 1,000 cells, in 6 s; 0 not as they must end.\n");
  expect(lines.at(-1)).toContain("3,000 of 3,000 runs");
  expect(lines.at(-1)).toContain("1 not as they must end.");
});
