/** Whether the faults of a campaign end. */

/** Safety: faults never end, and nothing may break. Liveness: they end, and then the run has to end within a bound. */
export const MODES = ["safety", "liveness"] as const;
export type Mode = (typeof MODES)[number];
