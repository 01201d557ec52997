/** Secrets Manager, as far as a secret's current value goes. */

import {
  type GetSecretValueCommandInput,
  type GetSecretValueCommandOutput,
  ResourceNotFoundException,
} from "@aws-sdk/client-secrets-manager";
import { ACCOUNT, type AwsHandlers, REGION } from "./seam-aws.ts";
import { knownFields } from "./seam-support.ts";

export type SecretsService = {
  readonly handlers: AwsHandlers;
  /** A new value, as a rotation by hand writes it. */
  readonly put: (name: string, value: string) => void;
};

/** @param values By the secret's name. */
export const makeSecrets = (values: Readonly<Record<string, string>>): SecretsService => {
  const stored = new Map(Object.entries(values));
  return {
    put: (name, value) => void stored.set(name, value),
    handlers: {
      GetSecretValue: (input: GetSecretValueCommandInput): Omit<GetSecretValueCommandOutput, "$metadata"> => {
        knownFields("secrets:GetSecretValue", input, ["SecretId"]);
        const name = input.SecretId ?? "";
        const value = stored.get(name);
        if (value === undefined)
          throw new ResourceNotFoundException({
            message: "Secrets Manager can't find the specified secret.",
            $metadata: { httpStatusCode: 400 },
          });
        return {
          ARN: `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${name}-AbCdEf`,
          Name: name,
          SecretString: value,
          VersionStages: ["AWSCURRENT"],
        };
      },
    },
  };
};
