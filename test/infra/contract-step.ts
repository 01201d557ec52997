/** The contract with AWS as a step: what test/infra/moto.test.ts bundles as a function is bundled, and calls. */

import * as z from "zod";
import { step } from "../../functions/step.ts";
import { CASES } from "../contracts/aws-contract.ts";

export const contract = step({
  name: "contract",
  does: "Asks AWS what the contract asks of a counterpart. Changes what the contract's cases change.",
  input: z.object({
    bucket: z.string(),
    secret: z.string(),
    cluster: z.string(),
    vpcId: z.string(),
    subnetId: z.string(),
    natAddress: z.string(),
    balancers: z.tuple([z.string(), z.string()]),
    queueUrl: z.string(),
    queue: z.string(),
    machineArn: z.string(),
    logGroup: z.string(),
  }),
  needs: {},
  /** @returns each case's answer, by its title. */
  run: async (world, { aws }) => {
    const answers: Record<string, unknown> = {};
    for (const { source, service, title, run } of CASES)
      if (source === "moto") answers[`${service}: ${title}`] = (await run(aws, world)) ?? null;
    return answers;
  },
});
