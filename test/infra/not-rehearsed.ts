/**
 * Entries of `needs` without which no rehearsal of the suite is denied anything, each with what would need it. Their unit tests (test/functions)
 * run them under the same denial; here is what a review has to believe those for. An entry that a rehearsal needs has to leave this list.
 */

const ABSENT =
  "without ListBucket a key that isn't there would read as forbidden; in the suite it is always there";
const DAEMONS =
  "in the suite a DaemonSet that serves is listed, and never read by its name; test/functions/check-platforms.test.ts has one that is";
const CONTROLLERS = "the suite's controllers are Deployments and StatefulSets; nothing else has proved this";
const DRIFT =
  "what the suite changes on the source between snapshot and waves is a Secret, which holds the run; test/functions/restore-steps.test.ts has what is carried";
const BACK =
  "developers of the suite deploy Deployments and StatefulSets between thaw and rollback; test/functions/rollback-steps.test.ts has the others";
const NODES = "marks on nodes go with the nodes that a rollback gives back";
const COPIES =
  "no volume of the suite stood on the target before its copy, and what was copied carries Velero's marks already; nothing else has proved these";
const LOCKS =
  "an execution that ends before anything was changed has not begun in the suite; test/functions/endings.test.ts";

const AGAIN =
  "what an earlier attempt has created is looked at by the next; nothing of the suite dies there (test/adapters/fresh-effects.test.ts)";

const REASONS: Readonly<Record<string, string>> = {
  "answer-ending s3:PutObject clusters/*/lock.json": LOCKS,
  "carry-back kubernetes:source:get cronjobs": BACK,
  "carry-back kubernetes:source:get daemonsets": BACK,
  "carry-back kubernetes:source:patch cronjobs": BACK,
  "carry-back kubernetes:source:patch daemonsets": BACK,
  "carry-drift kubernetes:target:get planned": DRIFT,
  "carry-drift kubernetes:target:patch planned": DRIFT,
  "carry-drift s3:ListBucket": DRIFT,
  "carry-drift s3:PutObject migrations/*/journal/*": DRIFT,
  "compare-whole kubernetes:source:get daemonsets": DAEMONS,
  "compare-whole kubernetes:target:get daemonsets": DAEMONS,
  "compare-with-start kubernetes:target:get nodes": NODES,
  "compare-with-start s3:PutObject migrations/*/undo/*":
    "a journal of the suite is compared in one look; test/functions/many-workloads.test.ts has a longer one",
  "compare-workload kubernetes:source:get daemonsets": DAEMONS,
  "compare-workload kubernetes:target:get daemonsets": DAEMONS,
  "complete-restore kubernetes:target:patch planned":
    "Velero restores every object of the suite as it was; test/functions/restore-steps.test.ts leaves fields out",
  "copy-volumes kubernetes:target:patch persistentvolumes": COPIES,
  "resume-on-target s3:ListBucket": ABSENT,
  "return-volumes kubernetes:target:patch persistentvolumeclaims": COPIES,
  "end-guard s3:ListBucket": ABSENT,
  "fill-zone elb:DescribeLoadBalancers":
    "an alias of a balancer in another zone; test/functions/build-steps.test.ts has one",
  "measure-old-ttls s3:ListBucket": ABSENT,
  "observe-hooks kubernetes:target:get daemonsets": DAEMONS,
  "observe-owners kubernetes:source:get cronjobs": CONTROLLERS,
  "observe-workload kubernetes:source:get daemonsets": DAEMONS,
  "page-person s3:ListBucket": ABSENT,
  "plan-move s3:GetObject": "reads the plan where a workload's shares aren't in its input",
  "reconcile s3:PutObject clusters/*/lock.json": LOCKS,
  "reconcile s3:PutObject migrations/*/approvals/*":
    "Slack that was down comes back in test/functions/endings.test.ts alone",
  "reconcile s3:PutObject migrations/*/pages/*":
    "a page that Slack didn't take is posted later in test/functions/pages.test.ts alone",
  "release-clusters s3:ListBucket": ABSENT,
  "stop-forward s3:ListBucket": ABSENT,
  "undo-effect kubernetes:source:create planned":
    "what retirement deletes is never brought back: after it a rollback is refused",
  "undo-effect kubernetes:target:get nodes": NODES,
  "undo-effect kubernetes:target:patch nodes": NODES,
  "check-retirement s3:ListBucket": ABSENT,
  "observe-owners s3:ListBucket": ABSENT,
  "observe-workers s3:ListBucket": ABSENT,
  "restore-hooks kubernetes:target:get planned": AGAIN,
};

/** `step service:entry`. */
export const NOT_REHEARSED: ReadonlyMap<string, string> = new Map(Object.entries(REASONS));
