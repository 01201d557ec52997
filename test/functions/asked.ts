/** A question of the small shop that is asked, with a Slack that keeps what it is told: what the tables of votes are tried on. */

import { SFNServiceException } from "@aws-sdk/client-sfn";
import type { Question } from "../../domain/approvals.ts";
import { keys } from "../../domain/journal.ts";
import { askPeople } from "../../functions/ask-people.ts";
import { SLACK_APP } from "../../simulator/services/deployed.ts";
import type { FaultHook } from "../../simulator/services/seam.ts";
import { buttonsIn, makeSlackService } from "../../simulator/services/slack.ts";
import { makeStepBench, RUN, type StepBench, smallPlan } from "./bench.ts";
import { batch, slackVote, work } from "./voting.ts";

export const QUESTION: Question = {
  id: "cut-traffic",
  kind: "approval",
  phase: "cut-traffic",
  sentence: "Delegate the zone.",
  choices: ["granted", "denied", "roll-back"],
  quorum: 0,
};
const APPROVERS = [
  { person: "amara", role: "lead", slack: "U0AMARA" },
  { person: "jonas", role: "on-call", slack: "U0JONAS" },
  { person: "mei", role: "on-call", slack: "U0MEI" },
  // A name that is somebody else's id in Slack: who has that id is not this person.
  { person: "U0SOMEBODY", role: "on-call", slack: "U0OTHER" },
];

export type Asked = Awaited<ReturnType<typeof asked>>;

/** A question that is asked. */
export const asked = async (quorum = 1, fault?: FaultHook) => {
  const late = { slack: undefined as ReturnType<typeof makeSlackService> | undefined };
  const bench = makeStepBench({
    plan: smallPlan({}, { approvals: { approvers: APPROVERS, quorum } }),
    slack: (request, caller) => late.slack?.handle(request, caller) ?? { status: 500, headers: {}, body: "" },
    ...(fault ? { fault } : {}),
  });
  const slack = makeSlackService({ clock: bench.clock, app: SLACK_APP });
  late.slack = slack;
  bench.put(keys.started(RUN.migration, "e"), { execution: "e", requester: "AROASOMEBODY:else" });
  const { arn, token } = await bench.waiting("asks");
  await bench.run(askPeople, { question: QUESTION, token });
  const vote = (user: string, choice = "granted") =>
    slackVote(bench, user, { migration: RUN.migration, plan: RUN.plan, question: QUESTION.id, choice });
  return {
    bench,
    slack,
    arn,
    token,
    vote,
    click: (user: string, choice = "granted") => deliver(bench, vote(user, choice)),
  };
};
export const deliver = (bench: StepBench, message: unknown) => work(bench, batch(bench, [message]));

/** What is on record of the question, by name. */
export const record = (bench: StepBench) => {
  const prefix = `migrations/${RUN.migration}/approvals/${QUESTION.id}/`;
  return {
    votes: [...bench.stored.keys()]
      .filter((k) => k.startsWith(`${prefix}votes/`))
      .map((k) => k.slice(`${prefix}votes/`.length, -".json".length))
      .sort(),
    decision: bench.json(keys.decision(RUN.migration, QUESTION.id)) as {
      decision: string;
      by: string[];
    } | null,
    unheard: bench.json(keys.answer(RUN.migration, QUESTION.id, "unheard")) !== null,
  };
};
/** What was sent to Step Functions, `applied` or as it was refused. */
export const answers = (bench: StepBench) =>
  bench.calls.filter((c) => c.action === "SendTaskSuccess").map((c) => c.outcome);
export const seen = ({ slack }: Asked) => ({
  text: slack.all()[0]?.text ?? "",
  buttons: buttonsIn(slack.all()[0]).length,
  whispers: slack.whispers().map((w) => `${w.user}: ${w.text}`),
});

/** The first so many answers to Step Functions are struck so. */
export const struck = (kind: "throttled" | "server-error", times = 1): FaultHook => {
  let left = times;
  return (call) =>
    call.action === "SendTaskSuccess" && call.moment === "before" && left-- > 0 ? { kind } : undefined;
};

/** Step Functions refuses every answer by this name. */
export const refuse = ({ bench }: Asked, name: string): void => {
  const send = async () => {
    throw new SFNServiceException({
      name,
      message: name,
      $fault: "client",
      $metadata: { httpStatusCode: 400 },
    });
  };
  Object.assign(bench.context, { aws: { ...bench.context.aws, sfn: { send } as never } });
};
