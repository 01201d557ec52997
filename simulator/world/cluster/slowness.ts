/** What takes longer in a cluster than it usually does, or doesn't come about: faults of its machinery. One for each cluster, also while it is yet to be made. */

export type Slowness = {
  /** Added to the making of each load balancer. */
  balancerSeconds: number;
  /** Added to the time that an API server takes to heed an admission policy. */
  policySeconds: number;
  /** Added to the restoring of each object by Velero. */
  restoreSeconds: number;
  /** Until when Velero doesn't reach its bucket, milliseconds since 1970. */
  bucketFromMs: number;
  /** Resources that Velero leaves out of a restore, with an error (`secrets`). */
  leftOut: string;
  /** Told whenever one of these was felt. */
  felt: () => void;
};

export const makeSlowness = (): Slowness => ({
  balancerSeconds: 0,
  policySeconds: 0,
  restoreSeconds: 0,
  bucketFromMs: 0,
  leftOut: "",
  felt: () => {},
});

/** Seconds of slowness as milliseconds; noted as felt where there are any. */
export const feltMs = (slowness: Slowness, seconds: number): number => {
  if (seconds > 0) slowness.felt();
  return seconds * 1000;
};
