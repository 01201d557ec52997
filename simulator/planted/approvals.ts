/** Planted bugs around people: who may grant what, for which plan, until when, and whether anybody was asked. */

import { SendTaskSuccessCommand } from "@aws-sdk/client-sfn";
import { RequestSchema } from "../../domain/approvals.ts";
import { clickIn } from "../../domain/clicks.ts";
import { keys } from "../../domain/journal.ts";
import { bucketOf } from "../../functions/run.ts";
import type { PlantedBug } from "./bug.ts";
import { blindTo } from "./clients.ts";
import { added, all, changed, type Edit, inListener, inMachine, inOrder, inStep, leftOut } from "./edit.ts";

type Claimed = { readonly plan: string; readonly person: string };

/** Takes a click as it comes, and decides by it. @param change Whose vote it becomes, and for which plan. */
const trusting = (change: (click: Claimed) => Claimed): Edit =>
  inListener("record-vote", () => async (input, context) => {
    const [message] = (input as { readonly Records: readonly { readonly body: string }[] }).Records;
    const click = clickIn((JSON.parse(message?.body ?? "{}") as { readonly body: string }).body);
    if (!click) return { batchItemFailures: [] };
    const { migration, question, choice } = click.button;
    const { plan, person } = change({ plan: click.button.plan, person: click.user });
    const bucket = bucketOf(context);
    const { token } = RequestSchema.parse((await bucket.getJson(keys.approval(migration, question)))?.value);
    if (await bucket.getJson(keys.decision(migration, question))) return { batchItemFailures: [] };
    await bucket.putNew(keys.vote(migration, question, person), {
      person,
      choice,
      plan,
      at: context.now().toISOString(),
    });
    await bucket.putNew(keys.decision(migration, question), { decision: choice, by: [person] });
    const output = JSON.stringify({ decision: choice, by: [person] });
    await context.aws.sfn.send(new SendTaskSuccessCommand({ taskToken: token, output }));
    return { batchItemFailures: [] };
  });

const ASKING = {
  Type: "Task",
  Resource: "arn:aws:states:::states:startExecution.sync:2",
  TimeoutSeconds: 1_209_600,
};

export const APPROVALS: readonly PlantedBug[] = [
  {
    name: "approval-by-stranger",
    sentence: "Whoever clicks has granted: nobody looks whether they may.",
    area: "step",
    caughtBy: "approvals",
    plant: trusting(({ plan }) => ({ plan, person: "mallory" })),
  },
  {
    name: "approval-of-another-plan",
    sentence: "A grant counts whichever plan it was given for.",
    area: "step",
    caughtBy: "approvals",
    plant: trusting(({ person }) => ({ plan: "another", person })),
  },
  {
    name: "approval-without-quorum",
    sentence: "The first grant decides, also where two people are needed.",
    area: "step",
    caughtBy: "approvals",
    plant: trusting((click) => click),
  },
  {
    name: "late-approval-honoured",
    sentence: "A grant counts whenever it comes, also after the question has expired.",
    area: "workflow",
    caughtBy: "approvals",
    plant: all(
      inMachine("ask-approval", changed("Ask", { TimeoutSeconds: 1_000_000 })),
      trusting((click) => click),
    ),
    shownBy: { faults: [{ kind: "approval-late", step: "ask-people" }] },
  },
  {
    name: "approval-used-twice",
    sentence: "The decommissioning goes by the grant that was given for the cut.",
    area: "workflow",
    caughtBy: "approvals",
    plant: inMachine("decommission", (states) => {
      const ask = states["Ask two people"] as {
        readonly Arguments: { readonly Input: { readonly question: object } };
      };
      const { Input: input } = ask.Arguments;
      const question = { ...input.question, id: "cut-traffic" };
      return changed("Ask two people", {
        Arguments: { ...ask.Arguments, Input: { ...input, question } },
      })(states);
    }),
  },
  {
    name: "cut-unasked",
    sentence: "The zone is delegated without asking anybody.",
    area: "workflow",
    caughtBy: "approvals",
    plant: inMachine("cut-traffic", leftOut("Ask for the cut")),
  },
  {
    name: "retired-unasked",
    sentence: "The source's workloads are removed without the second question.",
    area: "workflow",
    caughtBy: "approvals",
    plant: inMachine("decommission", leftOut("Ask two people")),
  },
  {
    name: "rollback-asks-first",
    sentence: "A rollback waits for somebody's grant before it begins to undo.",
    area: "workflow",
    caughtBy: "approvals",
    plant: all(
      inStep("ask-people", (right) => (input, context) => right(input, blindTo(context, "/fence.json"))),
      inMachine(
        "roll-back",
        added("Ask first", {
          ...ASKING,
          Arguments: {
            StateMachineArn: "${ask-approval}",
            Input: {
              run: "{% $run %}",
              question: {
                id: "roll-back",
                kind: "approval",
                phase: "roll-back",
                sentence: "Undo everything.",
                choices: ["granted", "denied"],
                quorum: 1,
              },
            },
          },
          Next: "List what to undo",
        }),
        inOrder("Let functions end", "Ask first"),
      ),
    ),
    shownBy: { rollBackAt: "freeze" },
  },
];
