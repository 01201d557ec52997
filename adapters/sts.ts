/** STS over its official client: who we are to AWS. */

import { GetCallerIdentityCommand, type STSClient } from "@aws-sdk/client-sts";
import { calling } from "./aws.ts";

export type Identity = {
  /** Twelve digits. */
  readonly account: string;
  /** `arn:aws:sts::111122223333:assumed-role/name/session`. */
  readonly arn: string;
};

/** @throws Forbidden, Throttled, Transient, AnswerLost. */
export const whoAmI = async (client: STSClient): Promise<Identity> => {
  const answer = await calling("ask who we are to AWS", () => client.send(new GetCallerIdentityCommand({})));
  return { account: answer.Account ?? "", arn: answer.Arn ?? "" };
};
