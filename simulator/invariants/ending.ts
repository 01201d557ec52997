/** What is asked once, when a run is over: the shape of such an invariant, and what it looks at. */

import type { RecordSet } from "../../domain/effects.ts";
import type { Outcome, RunEvent } from "../../domain/events.ts";
import type { KubeObject } from "../../domain/kube.ts";
import type { Plan } from "../../domain/plan.ts";
import type { Finding } from "./invariant.ts";

/** The record sets of a zone, by what names the zone. */
export type ZoneRecords = {
  readonly id: string;
  readonly name: string;
  readonly records: readonly RecordSet[];
};

export type Ended = {
  readonly plan: Plan;
  readonly events: readonly RunEvent[];
  /** As if nothing had been violated: a breach on the way doesn't excuse one at the end. */
  readonly outcome: Outcome;
  /** Whether a rollback ended well, also where the run is said to wait for a person after it. */
  readonly undone: boolean;
  readonly sourceBefore: readonly KubeObject[];
  readonly sourceAfter: readonly KubeObject[];
  readonly targetBefore: readonly KubeObject[];
  readonly targetAfter: readonly KubeObject[];
  readonly zonesBefore: readonly ZoneRecords[];
  readonly zonesAfter: readonly ZoneRecords[];
  /** The body of an object in the bucket. */
  readonly stored: (key: string) => string | undefined;
};

export type EndInvariant = {
  /** Stable, in kebab case. */
  readonly name: string;
  readonly sentence: string;
  /** Sentences about what is broken; empty where it holds; undefined where it has nothing to say about such an end. */
  readonly check: (ended: Ended) => Finding;
};
