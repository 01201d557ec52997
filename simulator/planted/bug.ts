/**
 * A planted bug: a known mistake, switched on by name in a rehearsal, to see that the invariant that must catch it does. It only leaves out,
 * reorders or alters what the program does; it never throws. What is deployed knows nothing of it: it is an edit of the machines and steps
 * that a rehearsal is given.
 */

import type { Phase } from "../../domain/phases.ts";
import type { FaultRequest } from "../faults/strikes.ts";
import type { ApproveMode } from "../rehearsal/people.ts";
import type { Edit } from "./edit.ts";

/** What a night must have for the mistake to matter. A campaign draws it in half of its runs. */
export type Night = {
  readonly faults?: readonly FaultRequest[];
  readonly rollBackAt?: Exclude<Phase, "decommission">;
  readonly approve?: ApproveMode;
};

export type PlantedBug = {
  readonly name: string;
  /** The mistake, as a person would tell it. */
  readonly sentence: string;
  /** Where it sits. */
  readonly area: "workflow" | "step" | "adapter" | "journal" | "undo";
  /** The invariant that must catch it. */
  readonly caughtBy: string;
  readonly plant: Edit;
  /** A folder of examples/: the platform that has what the mistake is about. examples/small where absent. */
  readonly platform?: string;
  /** Absent: any night shows it. */
  readonly shownBy?: Night;
};
