/** STS: who a step is. */

import type { GetCallerIdentityCommandInput, GetCallerIdentityCommandOutput } from "@aws-sdk/client-sts";
import type { AwsCaller } from "./seam.ts";
import { ACCOUNT, type AwsHandlers } from "./seam-aws.ts";

export const makeSts = (): { readonly handlers: AwsHandlers } => ({
  handlers: {
    GetCallerIdentity: (
      _input: GetCallerIdentityCommandInput,
      caller: AwsCaller,
    ): Omit<GetCallerIdentityCommandOutput, "$metadata"> => ({
      UserId: `AROA${caller.name
        .toUpperCase()
        .replace(/[^A-Z0-9]/g, "")
        .padEnd(17, "X")
        .slice(0, 17)}:${caller.name}`,
      Account: ACCOUNT,
      Arn: `arn:aws:sts::${ACCOUNT}:assumed-role/repot-${caller.name}/${caller.name}`,
    }),
  },
});
