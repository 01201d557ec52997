/** What the tests of effects and of the way back share: one effect of a move, what stands in the journal, a fence, a fault that strikes once. */

import { isForward, keys } from "../../domain/journal.ts";
import { scaleWorkload } from "../../functions/scale-workload.ts";
import type { FaultHook, Strike } from "../../simulator/services/seam.ts";
import { RUN, type StepBench } from "./bench.ts";

export const SHIFT = "0003-shift:shop/cart";

export const down = (bench: StepBench, replicas = 2, move = "1-source-down") =>
  bench.run(scaleWorkload, {
    item: bench.item("shop/cart"),
    side: "source",
    replicas,
    operation: SHIFT,
    move,
  });

export const forward = (bench: StepBench) => [...bench.stored.keys()].filter(isForward);

export const fence = (bench: StepBench) =>
  bench.put(keys.fence(RUN.migration), { startedBy: "person", execution: "e", at: "2026-03-03T02:00:00Z" });

/** Strikes the first matching call, once. */
export const once = (matches: (call: Parameters<FaultHook>[0]) => boolean, strike: Strike): FaultHook => {
  let left = 1;
  return (call) => (matches(call) && left-- > 0 ? strike : undefined);
};
