/** Planted bugs of rights, secrets and limits: what is used without being declared, told without being anybody's, or done without an end. */

import type { PlantedBug } from "./bug.ts";
import { added, inMachine, inOrder, inStep } from "./edit.ts";

export const RIGHTS: readonly PlantedBug[] = [
  {
    name: "undeclared-call",
    sentence: "A step patches what it does not declare.",
    area: "step",
    caughtBy: "permissions",
    plant: inStep(
      "scale-workload",
      (right) => right,
      ({ kubernetes, ...rest }) => {
        const reads = (side: readonly string[] = []) => side.filter((need) => !need.startsWith("patch "));
        return {
          ...rest,
          kubernetes: { source: reads(kubernetes?.source), target: reads(kubernetes?.target) },
        };
      },
    ),
  },
  {
    name: "permission-hidden-by-a-wildcard",
    sentence: "A step may patch everything, and doesn't say what it patches.",
    area: "step",
    caughtBy: "permissions",
    plant: inStep(
      "scale-workload",
      (right) => right,
      ({ kubernetes, ...rest }) => {
        const wide = (side: readonly string[] = []) => [
          ...side.filter((need) => !need.startsWith("patch ")),
          "patch *",
        ];
        return {
          ...rest,
          kubernetes: { source: wide(kubernetes?.source), target: wide(kubernetes?.target) },
        };
      },
    ),
  },
  {
    name: "secret-in-an-event",
    sentence: "A step writes the task's token into its log, where anybody may read it.",
    area: "step",
    caughtBy: "secrets",
    plant: inStep("ask-people", (right) => async (input, context) => {
      const answer = await right(input, context);
      context.log.warn("The question was posted.", { token: (input as { readonly token: string }).token });
      return answer;
    }),
  },
  {
    name: "history-without-end",
    sentence: "A machine counts to itself until the history of its execution is full.",
    area: "workflow",
    caughtBy: "limits",
    plant: inMachine(
      "build-target",
      added("Once more", { Type: "Pass", Next: "Round again" }),
      added("Round again", { Type: "Pass", Next: "Once more" }),
      inOrder("Ensure the cluster", "Once more"),
    ),
  },
];
