/** Steps at which no stale read can strike. */

/** Steps that ask nothing again that they, or what they caused, have changed: each change's own answer is what they know of it. */
export const ASKS_NOTHING_AGAIN = new Set([
  "arm-controller",
  "clean-e2e-suite",
  "install-bundle",
  "install-freeze-policy",
  "install-probes",
  "lift-freeze",
  "pause-pipelines",
  "release-warmth",
  "restore-hooks",
  "restore-workloads",
  "retire-workload",
  "run-e2e-suite",
  "stop-load",
  "take-snapshot",
  "warm-target",
]);
