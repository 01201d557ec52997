/** The shape of a kind of fault; and the kinds of what a cluster is made of, and of the way in. */

/**
 * Faults of a call strike the first effect of a step, once; faults of the world begin with a step and last; faults of people are what
 * somebody does at the very moment of a step's effect.
 */
export type FaultKind = {
  readonly kind: string;
  readonly sentence: string;
  readonly scope: "call" | "world" | "people";
  /** Steps of a migration at which it can strike. */
  readonly steps: readonly string[];
  /** Steps that only a rollback takes. */
  readonly rollbackSteps: readonly string[];
  /** Steps that few runs take: after trouble, or where a platform has what they are for. Campaigns draw them. */
  readonly seldomSteps: readonly string[];
  /** Of a fault of the world: for how many seconds it is waited out at any of its steps; absent where it may end a run. */
  readonly waitedOutSeconds?: number;
};

export const ofWorld = (
  kind: string,
  sentence: string,
  at: readonly string[],
  rollbackSteps: readonly string[] = [],
): FaultKind => ({ kind, sentence, scope: "world", steps: at, rollbackSteps, seldomSteps: [] });

export const MACHINERY: readonly FaultKind[] = [
  ofWorld(
    "clusters-cut-off",
    "For five minutes pods of the target don't reach what stays on the source, brokers among it.",
    // Not later: who leans on what stays on the source has leant on the way there, too.
    ["compare-workload", "measure-workers", "observe-group"],
  ),
  ofWorld("insync-late", "Route 53 takes many minutes until its servers answer with a change.", [
    "carry-records",
    "delegate-zone",
    "fill-zone",
    "lower-ttls",
    "repoint-old-zone",
  ]),
  ofWorld(
    "parent-late",
    "The parent's servers take many minutes until they answer with a change; those of the zone don't.",
    ["delegate-zone"],
  ),
  ofWorld("balancer-late", "Load balancers of the target take twenty minutes to come up.", [
    "restore-workloads",
  ]),
  ofWorld("policy-late", "API servers take minutes until they heed a new admission policy.", [
    "install-freeze-policy",
  ]),
  ofWorld("restore-slow", "Velero takes a quarter of a minute for each object that it restores.", [
    "restore-workloads",
  ]),
  ofWorld("bucket-late", "The target's Velero doesn't reach its bucket for forty minutes.", [
    "install-bundle",
  ]),
  ofWorld("secrets-left-out", "Velero leaves secrets out of a restore.", ["restore-workloads"]),
  ofWorld("secret-renewed", "A controller renews a secret on the source while workloads move.", [
    "link-services",
  ]),
  ofWorld("break-glass-deploy", "Somebody with break-glass deploys on the source while workloads move.", [
    "link-services",
  ]),
  ofWorld("record-removed", "Somebody takes a name out of the zone that everybody asks.", [
    "lift-freeze",
    "link-services",
  ]),
  ofWorld("record-added", "Somebody adds a name to the zone that everybody asks.", [
    "lift-freeze",
    "link-services",
  ]),
  ofWorld("object-added", "A developer adds an object on the source while workloads move.", [
    "link-services",
  ]),
  ofWorld(
    "members-late",
    "Consumers that start need twenty seconds more from their pod's readiness until they join their group.",
    ["observe-group", "plan-move"],
    ["undo-effect"],
  ),
  ofWorld("edge-closed", "The target's load balancers let nobody in any more.", ["clean-e2e-suite"]),
  ofWorld("target-errs", "Two in a hundred answers of the target's applications are errors of their own.", [
    "restore-workloads",
  ]),
  ofWorld("target-slow", "The target's applications take five times as long for each request.", [
    "delegate-zone",
  ]),
  ofWorld(
    "address-pinned",
    "A partner's clients come back by the source's addresses, which they have written down.",
    ["lift-freeze"],
  ),
];
