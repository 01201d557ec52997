/** Faults of metrics: what the base of each side answers instead of the truth. */

import { SIDES } from "../../domain/phases.ts";
import type { MetricsWorld } from "../world/metrics.ts";
import type { WorldFaults } from "./world.ts";

/** Longer than any run. */
const FOR_EVER_SECONDS = 365 * 86_400;

const KINDS = [
  ["metrics-missing", "missing"],
  ["metrics-late", "late"],
  ["metrics-nan", "nan"],
  ["metrics-of-the-wrong-cluster", "wrong-cluster"],
  ["sparse-metrics", "sparse"],
] as const;

export const metricsFaults = (metrics: Pick<MetricsWorld, "strike" | "heal">): WorldFaults =>
  Object.fromEntries(
    KINDS.map(([kind, fault]) => [
      kind,
      {
        turn: (on: boolean) => {
          for (const side of SIDES) {
            if (on) metrics.strike(side, fault, FOR_EVER_SECONDS);
            else metrics.heal(side);
          }
        },
        feltBy: (call) => call.service === "metrics",
      },
    ]),
  );
