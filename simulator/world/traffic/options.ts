/** What traffic is made of, and the control run that it is held against. */

import type { Plan } from "../../../domain/plan.ts";
import type { Clock } from "../../clock.ts";
import type { Random } from "../../random.ts";
import type { ThirdParties } from "../third-parties.ts";
import type { Cluster, DnsWorld, Emit } from "../types.ts";
import type { FailingPiece } from "./books.ts";

/** What the same seed does without a migration, as far as the count of failures needs it. */
export type Control = {
  /** When, between two times, requests to a host fail there as well; with equal times, the rate at that instant. */
  readonly failing: (host: string, fromMs: number, toMs: number) => readonly FailingPiece[];
};

export type TrafficOptions = {
  readonly clock: Clock;
  readonly random: Random;
  readonly plan: Plan;
  readonly source: Cluster;
  readonly target: Cluster;
  readonly dns: DnsWorld;
  readonly emit: Emit;
  /** Who lies outside; made from the plan where absent. */
  readonly outside?: ThirdParties;
  /** Without one, everything that fails (but the application's own errors) is the move's doing. */
  readonly control?: Control;
  /** False where nobody asks for metrics: the control run. */
  readonly keepsHistory?: boolean;
};
