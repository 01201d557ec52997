/** The Slack app's keys and the brokers' logins, from Secrets Manager. Values go where they belong and nowhere else: no event, log or error has one. */

import { GetSecretValueCommand, type SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import * as z from "zod";
import { Forbidden } from "../domain/errors.ts";
import { calling } from "./aws.ts";

/** The secret's JSON. docs/runbook.md says how it is rotated. */
const SlackAppSchema = z.object({
  appId: z.string().min(1),
  teamId: z.string().min(1),
  /** The channel in which the approvers read, by its id (`C…`): names can be changed by others. */
  channelId: z.string().min(1),
  signingSecret: z.string().min(16),
  /** The one before, for as long as a rotation lasts. */
  previousSigningSecret: z.string().min(16).optional(),
  botToken: z.string().min(1),
});
export type SlackApp = z.infer<typeof SlackAppSchema>;

/**
 * Read anew each time: a rotated secret counts at once, and no value outlives its use.
 * @throws Forbidden where the secret has another shape; the message names fields, never values.
 */
export const readSlackApp = (secrets: SecretsManagerClient, secretId: string): Promise<SlackApp> =>
  readSecret(secrets, secretId, SlackAppSchema);

const WithLogin = z.object({
  username: z.string().min(1),
  password: z.string().min(1),
  /** PEM of the brokers' own authority. */
  certificateAuthority: z.string().startsWith("-----BEGIN CERTIFICATE-----").optional(),
});
const WithoutLogin = WithLogin.partial();
export type BrokerLogin = z.infer<typeof WithoutLogin>;

/**
 * What Repot says to Kafka's brokers or to RabbitMQ's management API.
 * @param needed Whether there has to be a user: brokers that ask for none may still have an authority of their own.
 * @throws Forbidden where the secret has another shape.
 */
export const readBrokerLogin = <Needed extends boolean>(
  secrets: SecretsManagerClient,
  secretId: string,
  needed: Needed,
): Promise<Needed extends true ? z.infer<typeof WithLogin> : BrokerLogin> =>
  readSecret<BrokerLogin>(secrets, secretId, needed ? WithLogin : WithoutLogin) as never;

const readSecret = async <T>(
  secrets: SecretsManagerClient,
  secretId: string,
  schema: z.ZodType<T>,
): Promise<T> => {
  const answer = await calling(`read the secret ${secretId}`, () =>
    secrets.send(new GetSecretValueCommand({ SecretId: secretId })),
  );
  let value: unknown;
  try {
    value = JSON.parse(answer.SecretString ?? "");
  } catch {
    // A parser's message quotes what it read: the cause stays here.
    throw new Forbidden(
      `The secret ${secretId} is not JSON. Nothing was sent; docs/runbook.md has its shape.`,
    );
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const fields = [...new Set(parsed.error.issues.map((issue) => issue.path.join(".")))].join(", ");
  throw new Forbidden(
    `The secret ${secretId} lacks or misstates: ${fields}. Nothing was sent; docs/runbook.md has its shape.`,
  );
};

/** What a request may be signed with. */
export const signingSecretsOf = (app: SlackApp): readonly string[] =>
  app.previousSigningSecret === undefined
    ? [app.signingSecret]
    : [app.signingSecret, app.previousSigningSecret];
