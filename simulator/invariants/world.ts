/** The invariants that look at the simulated world itself, in one list. */

import type { Plan } from "../../domain/plan.ts";
import type { QueueWorld } from "../world/queues.ts";
import type { TrafficWorld } from "../world/traffic/traffic.ts";
import type { Cluster } from "../world/types.ts";
import { cronJobs } from "./cron.ts";
import type { Invariant } from "./invariant.ts";
import { messages, staticMembers } from "./messages.ts";
import { singletons } from "./singletons.ts";
import { sourceCapacity } from "./traffic.ts";
import { queueWorkers } from "./workers.ts";

export type WorldScene = {
  readonly plan: Plan;
  readonly source: Cluster;
  readonly target: Cluster;
  readonly traffic: TrafficWorld;
  readonly queues: QueueWorld;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

/** Fresh ones for a run: they keep notes between calls. */
export const makeWorldInvariants = (): readonly Invariant<WorldScene>[] => [
  sourceCapacity(),
  singletons(),
  cronJobs(),
  messages(),
  staticMembers(),
  queueWorkers(),
];
