/** The Slack app's keys, from Secrets Manager. Values go to Slack and into comparisons, and nowhere else: no event, log or error has one. */

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
export const readSlackApp = async (secrets: SecretsManagerClient, secretId: string): Promise<SlackApp> => {
  const answer = await calling(`read the Slack app's secret ${secretId}`, () =>
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
  const parsed = SlackAppSchema.safeParse(value);
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
