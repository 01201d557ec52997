/** A rollback that somebody asks for in the middle: it ends as the table says, whatever the state. */

import { expect, it } from "vitest";
import { cells, survey } from "../../simulator/campaign/matrix.ts";
import { complaints, HOW_MUCH, LONG_MS, smallest } from "./matrix.ts";

it(
  "ends as the table says at every state that has its turn",
  async () => {
    const platform = await smallest();
    const states = cells(await survey(platform, 1)).filter((cell) => cell.rollBackOn !== undefined);
    expect(states.length).toBeGreaterThan(150);
    const chosen = states.filter((cell, i) => i % HOW_MUCH.everyNthState === 0 || cell.due === "refused");
    expect(new Set(chosen.map((cell) => cell.due))).toEqual(new Set(["rolled-back", "refused"]));
    expect(await complaints(platform, chosen)).toEqual([]);
  },
  LONG_MS,
);
