/** What a rehearsal's deployment calls its parts, and the Slack app that it knows. */

import type { SlackApp } from "../../adapters/secrets.ts";
import type { Deployed } from "../../functions/step.ts";
import { ACCOUNT, REGION } from "./seam-aws.ts";
import { queueUrl } from "./sqs.ts";

export const VOTES_QUEUE = "repot-votes";

export const DEPLOYED: Deployed = {
  machineArn: (machine) => `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:${machine}`,
  votesQueueUrl: queueUrl(VOTES_QUEUE),
  slackSecretId: "repot/slack",
  kafkaBootstrapServers: ["kafka.rehearsal:9092"],
};

/** The keys are the rehearsal's own; it is an error if one of them turns up in a line of the record. */
export const SLACK_APP: SlackApp = {
  appId: "A0REHEARSAL",
  teamId: "T0REHEARSAL",
  channelId: "C0REHEARSAL",
  signingSecret: "rehearsal-signing-secret-5f1c9d2e",
  botToken: "xoxb-rehearsal-bot-token-77aa31",
};
