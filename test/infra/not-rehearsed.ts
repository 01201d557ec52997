/**
 * Functions of which some entry of `needs` is used by no rehearsal of the suite, each with what would use it. Their unit tests (test/functions)
 * run them under the same denial; here is what a review has to believe those for. A function that is used whole has to leave this list.
 */

const GITOPS =
  "no platform of the suite has objects of Argo CD or Flux; test/functions/freeze-steps.test.ts pauses and resumes them";
const KINDS = "no platform of the suite moves every kind of workload by this step";
const ABSENT =
  "without ListBucket a key that isn't there would read as forbidden; in the suite it is always there";
const DEPLOYMENTS = "the suite's controllers are Deployments; nothing else has proved this";
const MANY_NAMES = "the suite's names fit into one question; test/functions/many-names.test.ts has more";

export const NOT_REHEARSED: ReadonlyMap<string, string> = new Map([
  [
    "carry-back",
    "nobody changes a workload on the target between thaw and rollback; test/functions/rollback-steps.test.ts does",
  ],
  ["carry-drift", "nobody changes the source between snapshot and waves; test/functions/move-steps tests do"],
  ["compare-whole", KINDS],
  [
    "compare-with-start",
    "the effects on nodes and on objects of the target that it compares are undone with what made them",
  ],
  ["compare-workload", KINDS],
  [
    "complete-restore",
    "Velero restores every object of the suite as it was; test/functions/restore-steps.test.ts leaves some out",
  ],
  ["end-guard", "reads what is only there after a second try"],
  ["fill-zone", "an alias of a balancer in another zone; test/functions/build-steps.test.ts has one"],
  ["arm-controller kubernetes:source:get statefulsets", DEPLOYMENTS],
  ["arm-controller kubernetes:target:get statefulsets", DEPLOYMENTS],
  ["arm-controller kubernetes:target:patch statefulsets", DEPLOYMENTS],
  ["measure-old-ttls s3:ListBucket", ABSENT],
  [
    "observe-balancers kubernetes:target:get services",
    "the suite's public hosts lie behind Ingresses; test/functions/build-steps.test.ts has a Service",
  ],
  ["observe-old-zone s3:PutObject migrations/*/asked/*", MANY_NAMES],
  ["observe-owners kubernetes:source:get cronjobs", DEPLOYMENTS],
  ["observe-owners kubernetes:source:get statefulsets", DEPLOYMENTS],
  ["observe-ttls s3:PutObject migrations/*/asked/*", MANY_NAMES],
  [
    "link-service",
    "no workload of the suite stays behind with a balancer of its own; test/functions/move-steps tests have one",
  ],
  ["link-services", "as link-service"],
  [
    "measure-workers",
    "the suite's workers are Deployments on RabbitMQ; test/functions tests have the others",
  ],
  ["observe-drain", "the suite's policies drain nothing; test/functions/drain tests do"],
  ["observe-drift", "as carry-drift"],
  ["observe-floor", KINDS],
  ["observe-hooks", "no platform of the suite has admission webhooks of its own"],
  ["observe-workers", "as measure-workers"],
  ["observe-workload", KINDS],
  ["page-person", "a page without an entry of the journal has nothing to read"],
  ["pause-pipelines", GITOPS],
  ["plan-move", "reads nothing where the workload's shares are in its input"],
  ["prove-gone", KINDS],
  ["raise-fence", "asks about an execution only where another rollback stands on record"],
  ["release-clusters", ABSENT],
  ["restore-hooks", "as observe-hooks"],
  ["resume-pipelines", GITOPS],
  ["retire-workload", "bare Pods, Jobs and ReplicaSets: no platform of the suite has them"],
  ["stop-forward", ABSENT],
  ["undo-effect", "what retirement deletes is never brought back: after it a rollback is refused"],
  ["validate-target", KINDS],
]);
