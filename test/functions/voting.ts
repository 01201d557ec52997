/** Votes as the worker gets them: a click that Slack signed, or a message from a terminal, in Lambda's event of a batch. */

import type { Button } from "../../domain/clicks.ts";
import { signatureOf } from "../../domain/slack-signature.ts";
import { recordVote } from "../../functions/record-vote.ts";
import { SLACK_APP } from "../../simulator/services/deployed.ts";
import { clickBody } from "../../simulator/services/slack-clicks.ts";
import type { StepBench } from "./bench.ts";

export const TS = "1772416800.000001";

/** A click of Slack's user at this moment, as the door has queued it. */
export const slackVote = (
  bench: StepBench,
  user: string,
  button: Button,
  secret = SLACK_APP.signingSecret,
) => {
  const timestamp = String(Math.floor(bench.clock.now() / 1000));
  const body = clickBody({
    app: SLACK_APP,
    user,
    message: TS,
    button: { action_id: button.choice, value: JSON.stringify(button) },
    nowMs: bench.clock.now(),
  });
  return { via: "slack", body, timestamp, signature: signatureOf(secret, timestamp, body) };
};

export const batch = (
  bench: StepBench,
  messages: readonly unknown[],
  senderId = "AROADOOR:receive-click",
) => ({
  Records: messages.map((message, index) => ({
    messageId: `m${index}`,
    body: typeof message === "string" ? message : JSON.stringify(message),
    attributes: { SentTimestamp: String(bench.clock.now()), SenderId: senderId },
  })),
});

export type Told = { readonly counted: boolean; readonly sentence: string };

/** Runs the worker on one batch. @returns what it said of each vote, and what is to be delivered again. */
export const work = async (bench: StepBench, event: object) => {
  const told: Told[] = [];
  const warned: string[] = [];
  const context = {
    ...bench.context,
    log: {
      ...bench.context.log,
      info: (sentence: string, fields: object = {}) => void told.push({ ...fields, sentence } as Told),
      warn: (sentence: string, fields: object = {}) =>
        void warned.push(`${sentence} ${JSON.stringify(fields)}`),
    },
  };
  const { batchItemFailures } = await bench.within(
    recordVote.needs,
    () => recordVote.run(recordVote.input.parse(event), context),
    recordVote.name,
  );
  return { told, warned, again: batchItemFailures.map((f) => f.itemIdentifier) };
};
