/**
 * Who the functions are to the clusters that EKS runs: an access entry each, in a group of its own and in Repot's, for those that declare
 * something there. What the groups may do is RBAC (`repot permissions --manifests`): that an administrator of the cluster applies.
 */

import { accessEntryOf } from "../domain/permissions/kubernetes.ts";
import { SIDES } from "../domain/phases.ts";
import { steps } from "../functions/index.ts";
import { listeners } from "../functions/listeners.ts";
import { type Functions, resourceName } from "./functions.ts";
import type { Stage } from "./stage.ts";

/** Only where the deployment says so: the cluster has to be there, and the deployer has to be allowed to let others in. */
export const makeAccessEntries = ({ place, deployment }: Stage, functions: Functions): void => {
  for (const side of SIDES) {
    const { name: clusterName, accessEntries } = deployment[side];
    if (!accessEntries) continue;
    for (const step of [...steps, ...listeners]) {
      const fn = functions.get(step.name);
      if (step.needs.kubernetes?.[side] === undefined || !fn) continue;
      const { principalArn, username, kubernetesGroups } = accessEntryOf(
        { ...place, keyArn: "" },
        clusterName,
        step,
      );
      new aws.eks.AccessEntry(
        `${resourceName(step.name)}In${resourceName(side)}`,
        {
          clusterName,
          principalArn,
          userName: username,
          kubernetesGroups: [...kubernetesGroups],
          type: "STANDARD",
        },
        // The function comes after its role, and an entry is for a role that exists.
        { dependsOn: [fn] },
      );
    }
  }
};
