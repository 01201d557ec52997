/**
 * The exhaustive matrix in small, on the smallest platform that has a host, an application and a schedule: one fault in each run, and a
 * rollback at a state. The whole of it is `repot campaign --exhaustive`; what runs here is drawn by fixed strides, so that every step, every
 * kind and every machine has its turn, and the suite stays short.
 */

import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { loadPlatform } from "../../cli/campaign.ts";
import type { Platform } from "../../simulator/campaign/case.ts";
import { alone } from "../../simulator/campaign/crew.ts";
import { type Cell, cells, complaint, fill, type Survey, survey } from "../../simulator/campaign/matrix.ts";
import { FAULTS } from "../../simulator/faults/catalogue.ts";

/** Every so many states in the order in which they are entered. */
const STATES_STRIDE = 6;

/** Some fifty rehearsals on a machine that has other things to do as well. */
const LONG_MS = 240_000;

let platform: Platform;
let seen: Survey;

beforeAll(async () => {
  platform = await loadPlatform(join(import.meta.dirname, "../bench/two"), {
    stdin: async () => new Uint8Array(),
  });
  seen = await survey(platform, 1);
});

const KINDS = FAULTS.filter((fault) => fault.scope === "call").map((fault) => fault.kind);

/** Sentences about what did not end as it must, or was not struck. */
const complaints = async (chosen: readonly Cell[]): Promise<readonly string[]> => {
  const found: string[] = [];
  for (const cell of chosen) {
    const filled = await fill({ ...cell, effects: 1 }, platform, 1, alone(platform).run);
    const wrong = complaint(filled) ?? (filled.hit === 0 ? "was not struck" : undefined);
    if (wrong !== undefined) found.push(`${cell.kind} at ${cell.step}: ${wrong}`);
  }
  return found;
};

describe("one fault in a run", () => {
  it(
    "passes, whatever the step: each step has one kind of its own, and each kind has its steps",
    async () => {
      const able = cells(seen).filter(
        (c) => KINDS.includes(c.kind) && (seen.effects.get(`${c.kind}@${c.step}`) ?? 0) > 0,
      );
      const steps = [...new Set(able.map((c) => c.step))];
      const chosen = steps.flatMap((step, i) => {
        const here = able.filter((c) => c.step === step && c.rollBackAt === undefined);
        return here.slice(i % here.length, (i % here.length) + 1);
      });
      expect(steps.length).toBeGreaterThan(35);
      expect(new Set(chosen.map((c) => c.kind))).toEqual(new Set(KINDS));
      expect(await complaints(chosen)).toEqual([]);
    },
    LONG_MS,
  );
});

describe("a rollback that somebody asks for", () => {
  it(
    "ends as the table says at every state that has its turn",
    async () => {
      const states = cells(seen).filter((cell) => cell.rollBackOn !== undefined);
      expect(states.length).toBeGreaterThan(150);
      const chosen = states.filter((cell, i) => i % STATES_STRIDE === 0 || cell.due === "refused");
      expect(new Set(chosen.map((cell) => cell.due))).toEqual(new Set(["rolled-back", "refused"]));
      expect(await complaints(chosen)).toEqual([]);
    },
    LONG_MS,
  );
});
