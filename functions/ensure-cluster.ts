/** The target cluster: adopted where it exists, created in the source's VPC where it doesn't. */

import * as z from "zod";
import { makeEks } from "../adapters/eks.ts";
import { Invalid } from "../domain/errors.ts";
import { operationOf } from "../domain/operations.ts";
import { makeEffect, withJournal } from "./effect.ts";
import { planOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";

/** What a rehearsal assumes; a real start refuses a plan without them. */
const ASSUMED = {
  roleArn: "arn:aws:iam::000000000000:role/repot-eks-cluster",
  subnetIds: ["subnet-assumed-a", "subnet-assumed-b"],
};

export const ensureCluster = step({
  name: "ensure-cluster",
  does: "Creates the EKS cluster of the plan, or adopts the one of that name; an adopted one is never deleted by the undo.",
  input: z.object({ run: RunSchema }),
  needs: withJournal({ eks: ["CreateCluster", "DescribeCluster"] }),
  run: async ({ run }, context) => {
    const plan = await planOf(context, run);
    const { name, kubernetesVersion: version, roleArn, subnetIds } = plan.settings.target;
    const found = await makeEks(context.aws.eks).describe(name);
    if (found && found.version !== version)
      throw new Invalid(
        `The cluster ${name} runs Kubernetes ${found.version}, the plan was made for ${version}. Nothing was changed. Make a new plan for ${found.version}, or upgrade the cluster.`,
      );
    return makeEffect(
      context,
      run,
      { step: "ensure-cluster", operation: operationOf(plan, "ensure-cluster"), move: "0" },
      {
        kind: "create-cluster",
        name,
        version,
        clientToken: `repot-${run.migration}`,
        roleArn: roleArn ?? ASSUMED.roleArn,
        subnetIds: [...(subnetIds ?? ASSUMED.subnetIds)],
      },
    );
  },
});
