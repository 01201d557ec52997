/** Who Repot is to the management APIs of the RabbitMQ brokers that the deployment names; to every other host it is nobody. */

import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { readBrokerLogin } from "../adapters/secrets.ts";
import type { RabbitBrokers } from "./environment.ts";

export type Login = (url: URL) => Promise<Readonly<Record<string, string>>>;

/** Read anew each time: a rotated password counts at once. A management URL of a plan that the deployment doesn't know gets no password. */
export const makeRabbitLogin = (
  brokers: RabbitBrokers | undefined,
  secrets: () => SecretsManagerClient,
): Login => {
  const origins = new Set((brokers?.managementUrls ?? []).map((url) => new URL(url).origin));
  return async ({ origin }) => {
    if (!brokers || !origins.has(origin)) return {};
    const { username, password } = await readBrokerLogin(secrets(), brokers.secret, true);
    return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` };
  };
};
