/** Planted bugs that people and operators bring to light: endings that nobody answers, second starts, redrives, and what is told to whom. */

import type { AwsClients, Step } from "../../functions/step.ts";
import { SLACK_APP } from "../services/deployed.ts";
import type { PlantedBug } from "./bug.ts";
import { blindTo, reading } from "./clients.ts";
import { all, inListener, inStep, type Program } from "./edit.ts";

/** A listener that hears nothing. */
const deaf: (right: Step["run"]) => Step["run"] = () => async () => ({ batchItemFailures: [] });

/** Step Functions that says of every execution that it has ended. */
const forgetful = { send: async () => ({ status: "SUCCEEDED" }) } as unknown as AwsClients["sfn"];

type Approvers = { readonly settings: { readonly approvals: { readonly approvers: readonly object[] } } };

/** A plan that names somebody more. */
const withStranger = (value: unknown): unknown => {
  const plan = value as Approvers;
  const { settings } = plan;
  const approvers = [...settings.approvals.approvers, { person: "U0STRANGER", role: "nobody" }];
  return { ...plan, settings: { ...settings, approvals: { ...settings.approvals, approvers } } };
};

/** Every step but the one that raises it is blind to the fence. */
const unfenced = (right: Program): Program => ({
  ...right,
  steps: right.steps.map((step) =>
    step.name === "raise-fence"
      ? step
      : { ...step, run: (input, context) => step.run(input, blindTo(context, "/fence.json")) },
  ),
});

export const OPERATORS: readonly PlantedBug[] = [
  {
    name: "ending-unanswered",
    sentence: "Nobody listens when a migration is aborted, and the reconciler finds nothing.",
    area: "step",
    caughtBy: "left-behind",
    plant: all(inListener("answer-ending", deaf), inListener("reconcile", deaf)),
    shownBy: { faults: [{ kind: "execution-aborted", step: "scale-workload" }] },
  },
  {
    name: "lost-event-unanswered",
    sentence: "The reconciler finds nothing, also where the event of an aborted migration was lost.",
    area: "step",
    caughtBy: "left-behind",
    plant: inListener("reconcile", deaf),
    shownBy: { faults: [{ kind: "event-lost", step: "scale-workload" }] },
  },
  {
    name: "start-without-a-lock",
    sentence: "A second start of the same migration is let through while the first is on its way.",
    area: "step",
    caughtBy: "one-run",
    plant: inStep(
      "validate-start",
      (right) => (input, context) => right(input, { ...context, aws: { ...context.aws, sfn: forgetful } }),
    ),
    shownBy: { faults: [{ kind: "started-twice", step: "scale-workload" }] },
  },
  {
    name: "anybody-votes",
    sentence: "The worker that counts votes takes somebody for an approver whom the plan doesn't name.",
    area: "step",
    caughtBy: "approvals",
    plant: inListener(
      "record-vote",
      (right) => (input, context) => right(input, reading(context, /plan\.json$/, withStranger)),
    ),
    shownBy: { faults: [{ kind: "approval-by-nobody-entitled", step: "ask-people" }] },
  },
  {
    name: "redriven-past-the-fence",
    sentence: "No step looks at the fence: a migration that is redriven goes on while it is rolled back.",
    area: "step",
    caughtBy: "fence",
    plant: unfenced,
    shownBy: {
      rollBackAt: "preflight",
      faults: [{ kind: "redriven-after-rollback", step: "raise-fence" }],
    },
  },
  {
    name: "app-token-in-a-log",
    sentence: "A line of a log has the token of the Slack app.",
    area: "step",
    caughtBy: "secrets",
    plant: inListener("receive-click", (right) => (input, context) => {
      context.log.warn(`Posting as ${SLACK_APP.botToken}.`);
      return right(input, context);
    }),
  },
];
