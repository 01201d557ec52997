/** The shrinker, on a judge that is a formula: it finds the faults that matter, and never leaves the track. */

import { describe, expect, it } from "vitest";
import type { Case } from "../../simulator/campaign/case.ts";
import { shrink } from "../../simulator/campaign/shrink.ts";

const STEPS = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"];

const CASE: Case = {
  format: 1,
  platform: "0".repeat(64),
  seed: 77,
  faults: STEPS.map((step, i) => ({ kind: "throttled", step, ...(i % 2 === 0 ? { count: 3 } : {}) })),
  rollBackAt: "freeze",
  approve: "never",
};

const stepsIn = (tried: Case): string => tried.faults.map((f) => f.step).join("");

/** Broken while all of some steps are struck. */
const needing =
  (needed: string, more: (tried: Case) => boolean = () => true) =>
  async (tried: Case): Promise<boolean> =>
    [...needed].every((step) => stepsIn(tried).includes(step)) && more(tried);

describe("the shrinker", () => {
  it.each(["", "f", "a", "k", "ak", "bci", "cdefg"])(
    "keeps of eleven faults what is needed: %j",
    async (needed) => {
      const { smallest } = await shrink(CASE, needing(needed));
      expect(stepsIn(smallest)).toBe(needed);
    },
  );

  it("leaves out the rollback, the silence, the counts and the seed where they don't matter", async () => {
    const { smallest } = await shrink(CASE, needing("c"));
    expect(smallest).toEqual({
      format: 1,
      platform: CASE.platform,
      seed: 0,
      faults: [{ kind: "throttled", step: "c" }],
      approve: "auto",
    });
  });

  it("keeps them where they do", async () => {
    const { smallest } = await shrink(
      CASE,
      needing(
        "c",
        (t) =>
          t.rollBackAt === "freeze" &&
          t.approve === "never" &&
          t.seed === 77 &&
          t.faults.some((f) => f.count === 3),
      ),
    );
    expect(smallest).toEqual({ ...CASE, faults: [{ kind: "throttled", step: "c", count: 3 }] });
  });

  it("hands back what it was given where nothing smaller breaks, and asks no more often than it may", async () => {
    let asked = 0;
    const { smallest, tries } = await shrink(
      CASE,
      async () => {
        asked += 1;
        return false;
      },
      7,
    );
    expect(smallest).toEqual(CASE);
    expect([asked, tries]).toEqual([7, 7]);
  });
});
