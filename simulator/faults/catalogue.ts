/** Every kind of fault as data: what it does, and at which steps it can strike. */

import { byCodeUnit } from "../../domain/kube.ts";
import { steps as called } from "../../functions/index.ts";
import { listeners } from "../../functions/listeners.ts";
import type { Needs, Step } from "../../functions/step.ts";
import { ASKS_NOTHING_AGAIN } from "./asks-nothing-again.ts";
import { type FaultKind, MACHINERY, ofWorld } from "./kinds.ts";

export type { FaultKind } from "./kinds.ts";

/** Everything that is deployed: what state machines call, and what is called otherwise. */
const steps: readonly Step[] = [...called, ...listeners];

const WRITES = /^(Create|Change|Delete|Put|Start|Stop|Send|chat\.postMessage|create |patch |update |delete )/;

type Need = { readonly service: string; readonly action: string };

const listed = new WeakMap<Needs, readonly Need[]>();

const entries = (needs: Needs): readonly Need[] => {
  const known = listed.get(needs) ?? listOf(needs);
  listed.set(needs, known);
  return known;
};

const listOf = (needs: Needs): readonly Need[] =>
  Object.entries(needs).flatMap(([service, declared]) =>
    (Array.isArray(declared)
      ? (declared as readonly string[])
      : Object.values((declared ?? {}) as Readonly<Record<string, readonly string[]>>).flat()
    )
      // Questions that are never changes, whatever their verb.
      .filter(
        (action) =>
          action !== "StartQuery" && !action.includes("selfsubject") && !action.includes("subjectaccess"),
      )
      .map((action) => ({ service, action })),
  );

/** Whether a step changes something beyond the bucket: then its effect is that call, else it is its write into the bucket. */
export const changesTheWorld = ({ name, needs }: Pick<Step, "name" | "needs">): boolean =>
  !DRY.has(name) && entries(needs).some(({ service, action }) => service !== "s3" && WRITES.test(action));

/** Steps that ask for their changes as dry runs only: what they leave behind is their evidence. */
const DRY = new Set(["check-permissions", "prove-freeze"]);
/** Steps that hold the rights of the evidence and only read. */
const READ_ONLY = new Set(["compare-with-start", "observe-source", "observe-target-traffic"]);

const writes = (needs: Needs): boolean => entries(needs).some(({ action }) => WRITES.test(action));

/** Steps that only run on the way back. */
const BACK = new Set([
  "raise-fence",
  "stop-forward",
  "list-undo",
  "carry-back",
  "carry-records-back",
  "turn-back",
  "undo-effect",
  "return-volumes",
  "resume-on-target",
  "page-person",
  "compare-with-start",
  "observe-source",
  "observe-target-traffic",
]);
/** Steps that run only after something went wrong on the way forward, or when nobody answers. */
const AFTER_TROUBLE = new Set([
  "count-hold",
  "expire-question",
  "weigh-failure",
  "page-person",
  "answer-ending",
  "reconcile",
]);

/** Steps whose effects need what a platform may not have: drift during the freeze, an exclusive workload that others call. */
const SELDOM = new Set([
  "copy-volumes",
  "observe-copy",
  "return-volumes",
  "resume-on-target",
  "carry-drift",
  "carry-records",
  "link-service",
  "restore-hooks",
]);

const writing = steps
  .filter((step) => writes(step.needs) && !READ_ONLY.has(step.name))
  .map((step) => step.name)
  .sort(byCodeUnit);
const forward = writing.filter((name) => !BACK.has(name) && !AFTER_TROUBLE.has(name) && !SELDOM.has(name));
const back = writing.filter(
  (name) =>
    BACK.has(name) &&
    !AFTER_TROUBLE.has(name) &&
    !SELDOM.has(name) &&
    name !== "carry-back" &&
    name !== "carry-records-back" &&
    name !== "turn-back" &&
    name !== "stop-forward",
);

/** Services whose reads may lag behind their writes. */
const READ_LATE = new Set(["eks", "kubernetes", "route53"]);

/** Services that answer that somebody else was faster; Slack and Step Functions never do. */
const CONFLICTING = new Set(["s3", "route53", "eks", "kubernetes"]);
export const knowsConflicts = (service: string): boolean => CONFLICTING.has(service);

/** Steps whose effect is a call that can be answered with a conflict. */
const conflicting = new Set(
  steps
    .filter(
      (step) =>
        !changesTheWorld(step) ||
        entries(step.needs).some(
          ({ service, action }) => service !== "s3" && knowsConflicts(service) && WRITES.test(action),
        ),
    )
    .map((step) => step.name as string),
);

/** Steps whose effect is a change of a cluster or of DNS. */
const changing = new Set(
  steps
    .filter(
      (step) =>
        changesTheWorld(step) &&
        entries(step.needs).some(({ service, action }) => READ_LATE.has(service) && WRITES.test(action)),
    )
    .map((step) => step.name as string),
);

const ofCall = (kind: string, sentence: string, at: (step: string) => boolean = () => true): FaultKind => ({
  kind,
  sentence,
  scope: "call",
  steps: forward.filter(at),
  rollbackSteps: back.filter(at),
  seldomSteps: writing.filter((name) => !forward.includes(name) && !back.includes(name) && at(name)),
});

/** Before anything was changed, on the way, in the middle of the cut, and after the delegation. */
const ABORTED_AT = [
  "check-dns",
  "install-bundle",
  "lower-ttls",
  "observe-stragglers",
  "scale-workload",
  "take-snapshot",
  "validate-target",
];

/** Where both clusters are asked, in each phase that changes one. */
const CUT_OFF_AT = ["install-bundle", "lift-freeze", "observe-floor", "scale-workload", "suspend-schedule"];

const REDEPLOYED_AT = ["delegate-zone", "install-bundle", "scale-workload", "take-ownership"];

/** Steps of the decommissioning alone: after it has begun there is no way back. */
const LAST = new Set(["check-retirement", "retire-workload", "restore-ttls", "release-clusters"]);

const ofPeople = (
  kind: string,
  sentence: string,
  at: readonly string[],
  rollbackSteps: readonly string[] = [],
): FaultKind => ({ kind, sentence, scope: "people", steps: at, rollbackSteps, seldomSteps: [] });

const PEOPLE: readonly FaultKind[] = [
  ofPeople(
    "rollback-pressed",
    "Somebody asks for the rollback while the step is about to make its effect.",
    forward.filter((name) => !LAST.has(name)),
  ),
  ofPeople("rollback-twice", "Somebody asks for the rollback again while it runs.", [], back),
];

const MEASURED_AT = ["check-metrics", "compare-platform", "observe-stragglers"];

/** Delays: what comes late is waited for, however long the delay is on. */
const FOR_EVER = Number.MAX_SAFE_INTEGER;
const WAITED_OUT: Readonly<Record<string, number>> = {
  "balancer-late": FOR_EVER,
  "bucket-late": FOR_EVER,
  "insync-late": FOR_EVER,
  "parent-late": FOR_EVER,
  "policy-late": FOR_EVER,
  "restore-slow": FOR_EVER,
  "clusters-cut-off": 300,
  "metrics-late": 600,
  "metrics-missing": 600,
  "metrics-nan": 600,
};

export const FAULTS: readonly FaultKind[] = [
  ofCall("crash-before-effect", "The function dies just before its effect reaches the service."),
  ofCall("crash-after-effect", "The function dies after its effect was made, before it could say so."),
  ofCall("crash-before-return", "The function dies after its last call, before its answer."),
  ofCall("timeout-though-applied", "The service makes the effect; its answer is lost."),
  ofCall("throttled", "The service answers that there are too many requests."),
  ofCall(
    "conflict",
    "The service answers that somebody else has changed the object meanwhile (409).",
    (step) => conflicting.has(step),
  ),
  ofCall("server-error", "The service answers that it failed (500); nothing was changed."),
  ofCall(
    "duplicate",
    "The function runs twice with the same input at the same time; only the first run's answer is heard.",
  ),
  ofCall(
    "zombie",
    "Step Functions gives up on a function that stops before its effect for 20 seconds, and then goes on while its retry runs.",
  ),
  ofCall(
    "stale-read",
    "A read is answered as it would have been some seconds before, without the latest change.",
    // What has just been created was no answer before but a refusal.
    (step) => changing.has(step) && step !== "ensure-cluster" && !ASKS_NOTHING_AGAIN.has(step),
  ),
  ofWorld("pod-never-ready", "Pods that start on the target from now on never become ready.", [
    "install-bundle",
    "scale-workload",
  ]),
  ofWorld(
    "pod-crashes",
    "Pods that start on the target from now on become ready and crash, again and again.",
    // Not later: what crashes then serves clients, and no order of moves keeps what it fails from failing.
    ["scale-workload"],
  ),
  ofWorld("terminating-hangs", "Pods of the source that are told to stop hang in Terminating.", [
    "measure-workers",
  ]),
  ofWorld("unacked-stuck", "A worker of each queue takes some messages and never acknowledges them.", [
    "compare-workload",
    "measure-workers",
    "observe-drain",
  ]),
  ofWorld("publisher-reappears", "Publishers that were sent elsewhere publish to a queue that is drained.", [
    "observe-drain",
  ]),
  ofWorld(
    "volume-snapshot-fails",
    "The cloud refuses every snapshot of a volume.",
    ["copy-volumes"],
    ["return-volumes"],
  ),
  ofWorld("volume-snapshot-slow", "Snapshots of volumes take a hundred times as long as usual.", [
    "copy-volumes",
  ]),
  ofWorld("controller-both-sides", "Somebody starts a controller on the source again that was handed over.", [
    "arm-controller",
  ]),
  ofWorld("broker-unreachable", "The target's workers are Ready and can't reach the broker of their queue.", [
    "measure-workers",
  ]),
  ofWorld(
    "metrics-missing",
    "The metrics of both sides answer with nothing.",
    ["check-metrics", "compare-platform", "compare-workload", "observe-stragglers"],
    ["observe-target-traffic"],
  ),
  ofWorld("metrics-late", "The metrics of both sides come a quarter of an hour late.", MEASURED_AT),
  ofWorld("metrics-nan", "The metrics of both sides answer with values that are no numbers.", MEASURED_AT),
  ofWorld(
    "metrics-of-the-wrong-cluster",
    "The metrics of each side carry the name of the other cluster.",
    MEASURED_AT,
  ),
  ofWorld("sparse-metrics", "The metrics of both sides count one request in five thousand.", [
    "check-metrics",
    "compare-platform",
    "compare-workload",
  ]),
  ofWorld("node-lost", "The target's node with most pods is gone, and its pods with it.", [
    "restore-hooks",
    "scale-workload",
    "compare-whole",
  ]),
  ofWorld("webhook-down", "A webhook on the target that must answer for every pod has nobody behind it.", [
    "scale-workload",
  ]),
  ofWorld("quota-exceeded", "Somebody gives the target's namespaces a quota that no further pod fits into.", [
    "scale-workload",
  ]),
  ofWorld("resolver-ignores-ttl", "A class of resolvers keeps what it has for hours.", [
    "delegate-zone",
    "lower-ttls",
  ]),
  ofWorld("firewall-drops", "A third party's firewall drops what comes from the target, without an answer.", [
    "install-probes",
  ]),
  ofWorld(
    "security-group-drops",
    "A security group of ours rejects what the target sends to a third party.",
    ["install-probes"],
  ),
  ofWorld("flow-logs-late", "The VPC's flow logs come four hours late.", [
    "find-destinations",
    "observe-egress",
  ]),
  ofWorld("hpa-fights", "An autoscaler on the source keeps setting its own number of replicas.", [
    "floor-autoscalers",
    "scale-workload",
  ]),
  ofWorld("approval-late", "People click only after the question has expired.", ["ask-people"]),
  ofWorld("approval-never", "Nobody clicks.", ["ask-people"]),
  ofWorld("approval-twice", "Each person clicks twice at once, and the queue delivers a click three times.", [
    "ask-people",
  ]),
  ofWorld("approval-contradictory", "One person grants and another denies at the same moment.", [
    "ask-people",
  ]),
  ofWorld(
    "approval-by-nobody-entitled",
    "Somebody whom the plan doesn't name clicks first, and so does who started the migration.",
    ["ask-people"],
  ),
  ofWorld("slack-down", "Slack answers nothing but 503, and nobody can click.", ["ask-people"]),
  ofWorld("execution-aborted", "Somebody stops the migration in the console while a step runs.", ABORTED_AT),
  ofWorld("event-lost", "The migration is stopped, and EventBridge loses the event.", ABORTED_AT),
  ofWorld(
    "event-twice",
    "The migration is stopped, and EventBridge delivers the event twice at once.",
    ABORTED_AT,
  ),
  ofWorld("started-twice", "The same plan is started again while it is carried out.", [
    "delegate-zone",
    "install-bundle",
    "scale-workload",
    "validate-start",
  ]),
  ofWorld(
    "redriven-after-rollback",
    "The migration is redriven while it is rolled back.",
    [],
    ["raise-fence"],
  ),
  ofWorld("source-unreachable", "No function reaches the source's API server for a minute.", CUT_OFF_AT, [
    "undo-effect",
  ]),
  ofWorld("target-unreachable", "No function reaches the target's API server for a minute.", CUT_OFF_AT, [
    "undo-effect",
  ]),
  ofWorld("clock-skew", "The functions' clocks differ by up to ten seconds.", [
    "delegate-zone",
    "lower-ttls",
    "scale-workload",
  ]),
  ofWorld(
    "redeployed",
    "The functions are deployed anew while they run: what runs goes on, what is invoked next starts cold.",
    REDEPLOYED_AT,
    ["undo-effect"],
  ),
  ofWorld("rebalance-storm", "Every consumer group rebalances again and again for a quarter of an hour.", [
    "observe-group",
    "plan-move",
  ]),
  ofWorld(
    "static-member-clash",
    "A copy that somebody forgot uses the id of a static member, once a minute for ten minutes.",
    ["hand-over-static-id", "plan-move"],
  ),
  ofWorld("lag-spike", "Three times as many messages come in for five minutes, more than members can take.", [
    "observe-group",
    "plan-move",
  ]),
  ...MACHINERY,
  ...PEOPLE,
].map((fault) => ({
  ...fault,
  ...(WAITED_OUT[fault.kind] === undefined ? {} : { waitedOutSeconds: WAITED_OUT[fault.kind] }),
}));

export const faultOf = (kind: string): FaultKind | undefined => FAULTS.find((fault) => fault.kind === kind);

/** Steps at which a kind can strike in a run with or without a rollback. */
export const stepsOf = (fault: FaultKind, rollsBack: boolean): readonly string[] =>
  [...fault.steps, ...(rollsBack ? fault.rollbackSteps : [])].sort(byCodeUnit);
