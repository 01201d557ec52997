/** What gates ask for, and how far and how fast the move goes. */

import * as z from "zod";
import { count, seconds } from "./shapes.ts";

export const Gates = z.strictObject({
  /** Samples below which a gate is unknown. */
  samplesMin: count.default(100),
  /** Older than this is unknown. */
  staleAfterSeconds: seconds.default(180),
  errorShareMaxAboveSource: z.number().min(0).max(1).default(0.005),
  p99RatioMax: z.number().min(1).default(1.5),
  /** Share of answers that aren't 5xx that users are promised; not judged where absent. */
  successShareMin: z.number().min(0).max(1).optional(),
  /** How long a gate that holds is asked again before the run gives up. */
  holdSecondsMax: seconds.default(1_800),
  pollSeconds: z.number().min(1).max(3_600).default(30),
  /** Between two looks of the guard at the whole platform, while all is well: the window of its figures. */
  continuousSeconds: z.number().min(60).max(3_600).default(300),
});

export const Policy = z.strictObject({
  /** Source capacity after the half: measured demand times this. */
  headroom: z.number().min(1).max(10).default(1.3),
  floorReplicas: count.default(1),
  readyDeadlineSeconds: seconds.default(1_200),
  pollSeconds: z.number().min(1).max(3_600).default(15),
  /** Applications that move at the same time. */
  concurrency: z.number().int().min(1).max(100).default(5),
  applicationsPerWave: z.number().int().min(1).max(1_000).default(50),
  /** Between thaw and decommission. */
  bakeSeconds: seconds.default(172_800),
  /** Connections to datastores, both fleets together, as a share of the limit. */
  connectionShareMax: z.number().min(0).max(1).default(0.8),
  /** New and open connections below this share of the demand count as nobody. */
  stragglerShareMax: z.number().min(0).max(1).default(0.001),
  drainSecondsMax: seconds.default(7_200),
  /** For how long a workload whose volumes are copied may be away, all in all. */
  pauseSecondsMax: z.number().positive().max(86_400).default(1_800),
});

/** How a person corrects a class that manifests can't show. */
export const Correction = z.enum([
  "core",
  "stateful",
  "group-member",
  "queue-worker",
  "singleton",
  "stateless",
]);
