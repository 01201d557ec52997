/** One fault in a run: whatever the step and the kind, what passes is got over. */

import { expect, it } from "vitest";
import { cells, survey } from "../../simulator/campaign/matrix.ts";
import { FAULTS } from "../../simulator/faults/catalogue.ts";
import { complaints, HOW_MUCH, LONG_MS, smallest } from "./matrix.ts";

const KINDS = FAULTS.filter((fault) => fault.scope === "call").map((fault) => fault.kind);

it(
  "passes, whatever the step: each step has kinds of its own, and each kind has its steps",
  async () => {
    const platform = await smallest();
    const seen = await survey(platform, 1);
    const able = cells(seen).filter(
      (c) => KINDS.includes(c.kind) && (seen.effects.get(`${c.kind}@${c.step}`) ?? 0) > 0,
    );
    const steps = [...new Set(able.map((c) => c.step))];
    const chosen = steps.flatMap((step, i) => {
      const here = able.filter((c) => c.step === step && c.rollBackAt === undefined);
      const from = i * HOW_MUCH.kindsOfEachStep;
      return here.map((_, k) => here[(from + k) % here.length]).slice(0, HOW_MUCH.kindsOfEachStep);
    });
    expect(steps.length).toBeGreaterThan(35);
    expect(new Set(chosen.map((c) => c?.kind))).toEqual(new Set(KINDS));
    expect(
      await complaints(
        platform,
        chosen.flatMap((c) => c ?? []),
      ),
    ).toEqual([]);
  },
  LONG_MS,
);
