/** The invariants that look at the simulated world itself, in one list. */

import type { Plan } from "../../domain/plan.ts";
import type { Disks } from "../world/disks.ts";
import type { QueueWorld } from "../world/queues.ts";
import type { TrafficWorld } from "../world/traffic/traffic.ts";
import type { Cluster } from "../world/types.ts";
import { approvedPause } from "./approved-pause.ts";
import { controllers } from "./controllers.ts";
import { cronJobs } from "./cron-jobs.ts";
import type { Invariant } from "./invariant.ts";
import { ledger } from "./ledger.ts";
import { lostWrites } from "./lost-writes.ts";
import { messages } from "./messages.ts";
import { oneWriter } from "./one-writer.ts";
import { queueWorkers } from "./queue-workers.ts";
import { singletons } from "./singletons.ts";
import { sourceCapacity } from "./source-capacity.ts";
import { staticMembers } from "./static-members.ts";

export type WorldScene = {
  readonly disks: Disks;
  readonly plan: Plan;
  readonly source: Cluster;
  readonly target: Cluster;
  readonly traffic: TrafficWorld;
  readonly queues: QueueWorld;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The body of an object in the bucket. */
  readonly stored: (key: string) => string | undefined;
};

/** Fresh ones for a run: they keep notes between calls. */
export const makeWorldInvariants = (): readonly Invariant<WorldScene>[] => [
  oneWriter(),
  lostWrites(),
  approvedPause(),
  sourceCapacity(),
  singletons(),
  cronJobs(),
  messages(),
  staticMembers(),
  queueWorkers(),
  ledger(),
  controllers(),
];
