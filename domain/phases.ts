/** The phases of a migration, in order, and what is true when each is over. */

export const PHASES = [
  "preflight",
  "build-target",
  "freeze",
  "move-workloads",
  "cut-traffic",
  "thaw",
  "decommission",
] as const;

export type Phase = (typeof PHASES)[number];

/** What holds when a phase has ended well; printed by the views and asserted by the rehearsal. */
export const PHASE_IS_OVER: { readonly [P in Phase]: string } = {
  preflight: "Every check passed, and every resolver that honours TTLs holds the lowered ones.",
  "build-target": "The target cluster answers for every name on its own, undelegated zone.",
  freeze: "Nobody but Repot and break-glass changes a workload, and a snapshot equals the source.",
  "move-workloads": "Each application stands half on each side; each exclusive thing is owned by the target.",
  "cut-traffic": "Every request is served by the target; the source stands at its floor, able to come back.",
  thaw: "Pipelines deploy to the target; the source refuses changes with a sentence that says where to go.",
  decommission: "Nothing of the source serves, holds a lock or owns a record; its workloads are gone.",
};

/** The clusters of a migration. */
export type Side = "source" | "target";

export const SIDES: readonly Side[] = ["source", "target"];

export const otherSide = (side: Side): Side => (side === "source" ? "target" : "source");
