/** How far a long matrix is, for whoever waits for it. */

import { type Cell, complaint, type Filled } from "../simulator/campaign/matrix.ts";
import { count, duration, number } from "./format.ts";
import type { Io } from "./io.ts";

/** About so many lines, however long it takes. */
const PROGRESS_LINES = 50;

/** Says on standard error how far the matrix is, every so many runs. */
export const makeProgress = (
  all: readonly Pick<Cell, "effects">[],
  { err, wallMs }: Pick<Io, "err" | "wallMs">,
  startedMs: number,
) => {
  const runsMax = all.reduce((sum, cell) => sum + cell.effects, 0);
  const every = Math.ceil(runsMax / PROGRESS_LINES);
  let [runs, done, wrong] = [0, 0, 0];
  return {
    ran: () => {
      runs += 1;
      if (runs % every !== 0) return;
      const took = duration((wallMs() - startedMs) / 1000);
      err(
        `repot: ${number(runs)} of ${number(runsMax)} runs, ${number(done)} of ${count(all.length, "cell")}, in ${took}; ${number(wrong)} not as they must end.\n`,
      );
    },
    filled: (cell: Filled) => {
      done += 1;
      if (complaint(cell) !== undefined) wrong += 1;
    },
  };
};
