/** Planted bugs around what must not exist twice: singletons, static members, schedules. */

import { makeEffect } from "../../functions/effect.ts";
import type { Run } from "../../functions/run.ts";
import type { PlantedBug } from "./bug.ts";
import { added, all, changed, inMachine, inOrder, inStep, leftOut } from "./edit.ts";
import type { Scaling } from "./inputs.ts";

const SCHEDULE = "{% $item.move = 'hand-over-schedule' %}";

const BINDING = {
  apiVersion: "elbv2.k8s.aws/v1beta1",
  kind: "TargetGroupBinding",
  namespace: "shop",
  name: "web",
};
const MARK = ["spec", "multiClusterTargetGroup"];

/** For workloads of one class: started there, then stopped here. */
const startingFirst = (workloadClass: string) =>
  inMachine(
    "hand-over",
    changed("Schedule or pods?", {
      Choices: [
        { Condition: SCHEDULE, Next: "Suspend on the source" },
        { Condition: `{% $item.class = '${workloadClass}' %}`, Next: "Own it first" },
      ],
    }),
    added("Own it first", { Type: "Pass", Assign: { first: true }, Next: "The target owns it" }),
    inOrder("Lead its callers there", "Stopped?"),
    added("Stopped?", {
      Type: "Choice",
      Choices: [{ Condition: "{% $exists($first) %}", Next: "Stop on the source, late" }],
      Default: "Handed over",
    }),
    (states) => ({
      ...states,
      "Stop on the source, late": { ...states["Stop on the source"], Next: "Handed over" },
    }),
  );

export const EXCLUSIVE: readonly PlantedBug[] = [
  {
    name: "started-before-stopped",
    sentence: "What must not exist twice is started on the target first, as everything else is.",
    area: "workflow",
    caughtBy: "singletons",
    plant: startingFirst("singleton"),
  },
  {
    name: "static-member-twice",
    sentence:
      "A member of a group with an id of its own is started on the target while the source's still runs.",
    area: "workflow",
    caughtBy: "static-members",
    plant: inMachine(
      "shift-group",
      changed("Next move", {
        Arguments: {
          FunctionName: "${plan-move}",
          Payload: {
            run: "{% $run %}",
            item: "{% $merge([$item, {'groups': [$merge([$item.groups[0], {'policy': 'live'}])]}]) %}",
            lagMax: "{% $lagMax %}",
          },
        },
      }),
    ),
  },
  {
    name: "ledger-not-asked",
    sentence: "What must not exist twice is started on the target, and the ledger neither told nor asked.",
    area: "step",
    caughtBy: "ledger",
    plant: all(
      inMachine("hand-over", (states) => ({
        ...states,
        "The target owns it": {
          Type: "Choice",
          Choices: [{ Condition: SCHEDULE, Next: "By the ledger" }],
          Default: "What starts there?",
        },
        "By the ledger": { ...states["The target owns it"] },
      })),
      inStep("scale-workload", (right) => (input, context) => {
        const scaling = input as Scaling;
        return right({ ...scaling, item: { ...scaling.item, move: "start-on-target" } }, context);
      }),
    ),
  },
  {
    name: "both-sides-of-a-cron-job",
    sentence: "A schedule is resumed on the target, and the source's stays on.",
    area: "workflow",
    caughtBy: "cron-jobs",
    plant: inMachine(
      "hand-over",
      changed("Schedule or pods?", { Choices: [{ Condition: SCHEDULE, Next: "The target owns it" }] }),
    ),
  },
  {
    name: "nobody-schedules",
    sentence: "Between the source's last tick and the target's first lie two hours.",
    area: "workflow",
    caughtBy: "cron-jobs",
    plant: inMachine(
      "hand-over",
      changed("What starts there?", { Choices: [{ Condition: SCHEDULE, Next: "Coffee" }] }),
      added("Coffee", { Type: "Wait", Seconds: 7200, Next: "Resume on the target" }),
    ),
  },
  {
    name: "two-of-one-identity",
    sentence:
      "The target's copy of a controller starts under the source's identity: each takes what the other made for its own.",
    area: "workflow",
    caughtBy: "controllers",
    plant: inMachine("hand-over-controller", leftOut("An identity of its own")),
  },
  {
    name: "binding-for-one-cluster",
    sentence:
      "On the target a binding loses the mark that others register in its target group, too: each controller takes the other's pods out.",
    area: "step",
    caughtBy: "controllers",
    platform: "controllers",
    plant: inStep(
      "arm-controller",
      (right) => async (input, context) => {
        const { run } = input as { readonly run: Run };
        await makeEffect(
          context,
          run,
          { step: "arm-controller", operation: "9999-unmark", move: "0" },
          { kind: "set-field", cluster: "target", object: BINDING, path: MARK, before: true, after: null },
        );
        return right(input, context);
      },
      (needs) => ({
        ...needs,
        kubernetes: {
          ...needs.kubernetes,
          target: [
            "get targetgroupbindings.elbv2.k8s.aws",
            "patch targetgroupbindings.elbv2.k8s.aws",
            ...(needs.kubernetes?.target ?? []),
          ],
        },
      }),
    ),
  },
];
