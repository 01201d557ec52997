/** Secrets without values: those are put there by hand, so that none goes through a state file. docs/deploy.md has the shape of each. */

import { secretName } from "../domain/permissions/place.ts";
import type { Stage } from "./stage.ts";

/** The Slack app's always; a broker's login where the deployment has such brokers. @returns their names. */
export const makeSecrets = ({ place, deployment }: Stage): Readonly<Record<string, $util.Output<string>>> => {
  const secret = (name: string, of: Parameters<typeof secretName>[1], description: string) =>
    new aws.secretsmanager.Secret(name, { name: secretName(place, of), description }).name;
  return {
    slackSecret: secret("SlackApp", "slack", "The Slack app's signing secret and bot token"),
    ...(deployment.kafka
      ? { kafkaSecret: secret("KafkaLogin", "kafka", "Who Repot is to Kafka's brokers: read only") }
      : {}),
    ...(deployment.rabbitmq
      ? { rabbitmqSecret: secret("RabbitLogin", "rabbitmq", "Who Repot is to RabbitMQ's management API") }
      : {}),
  };
};
