/** Whole rehearsals: of a platform of five workloads, and of the example. */

import { fileURLToPath } from "node:url";
import { loadPlan } from "../../cli/plan.ts";
import { planHash } from "../../domain/planning/build.ts";
import type { Case } from "../../simulator/campaign/case.ts";
import { makeCrew } from "../../simulator/campaign/crew.ts";
import { rehearse } from "../../simulator/rehearsal/rehearse.ts";
import { median } from "./table.ts";

const noInput = async (): Promise<Uint8Array> => new Uint8Array();
const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

export const FIVE = pathOf("five");
export const EXAMPLE = pathOf("../../examples/streaming");

type Once = {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly transitions: number;
  readonly requests: number;
  readonly virtualHours: number;
};

export const runOnce = async (path: string, seed: number): Promise<Once> => {
  const { plan, text } = await loadPlan([path], { decide: {} }, noInput);
  const [wall, cpu] = [performance.now(), process.cpuUsage()];
  const { summary } = await rehearse({
    plan,
    hash: planHash(text),
    seed,
    faults: [],
    approve: "auto",
    onEvent: () => {},
  });
  const { user, system } = process.cpuUsage(cpu);
  if (summary.outcome !== "completed") throw new Error(`The rehearsal of ${path} ended ${summary.outcome}.`);
  return {
    wallSeconds: (performance.now() - wall) / 1000,
    cpuSeconds: (user + system) / 1e6,
    transitions: summary.transitions,
    requests: summary.requests.served,
    virtualHours: summary.virtualSeconds / 3600,
  };
};

export type Rehearsals = { readonly cold: Once; readonly warm: Once; readonly perSecond: number };

/** The first run of the process is the cold one; after the warm-ups, `rounds` more with other seeds give the medians. */
const measure = async (path: string, rounds: number, warmUps = 0): Promise<Rehearsals> => {
  const cold = await runOnce(path, 1);
  const warm: Once[] = [];
  for (let round = -warmUps; round < rounds; round += 1) {
    const once = await runOnce(path, round + warmUps + 2);
    if (round >= 0) warm.push(once);
  }
  const of = (field: keyof Once): number => median(warm.map((once) => once[field]));
  return {
    cold,
    warm: {
      wallSeconds: of("wallSeconds"),
      cpuSeconds: of("cpuSeconds"),
      transitions: of("transitions"),
      requests: of("requests"),
      virtualHours: of("virtualHours"),
    },
    perSecond: 1 / of("wallSeconds"),
  };
};

/** A campaign runs hundreds in one process: it takes some dozens until the compiler has seen all of the product. */
const WARM_UPS_FIVE = 40;

/** As a campaign runs them: on all processors. @returns rehearsals a second of wall time, in one process. */
export const measureCrew = async (threads: number): Promise<number> => {
  const { plan, text } = await loadPlan([FIVE], { decide: {} }, noInput);
  const hash = planHash(text);
  const crew = makeCrew({ plan, hash }, threads);
  const rehearse = async (from: number, count: number) => {
    const seeds = Array.from({ length: count }, (_, i) => from + i);
    const cases = seeds.map(
      (seed): Case => ({ format: 1, platform: hash, seed, faults: [], approve: "auto" }),
    );
    for (const verdict of await Promise.all(cases.map(crew.run)))
      if (verdict.outcome !== "completed") throw new Error(`A rehearsal ended ${verdict.outcome}.`);
  };
  const warmUps = WARM_UPS_FIVE * threads;
  await rehearse(1, warmUps);
  const count = 20 * threads;
  const startedAt = performance.now();
  await rehearse(warmUps + 1, count);
  const seconds = (performance.now() - startedAt) / 1000;
  await crew.close();
  return count / seconds;
};

export const measureFive = (): Promise<Rehearsals> => measure(FIVE, 9, WARM_UPS_FIVE);
export const measureExample = (): Promise<Rehearsals> => measure(EXAMPLE, 3);
