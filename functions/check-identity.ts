/** Preflight, identity: roles of pods, names of people and machines, and the name of the target. Changes nothing. */

import { makeEks } from "../adapters/eks.ts";
import { whoAmI } from "../adapters/sts.ts";
import { judgeAccess, judgePodRoles, judgeTargetName, judgeWindows } from "../domain/checks/identity.ts";
import { asking, check, wholePlanOf } from "./check.ts";
import { kubernetesOf } from "./run.ts";

const RBAC = "rbac.authorization.k8s.io/v1";

export const checkIdentity = check({
  name: "check-identity",
  does: "Judges the AWS roles of pods, who comes in from outside, and whether the target's name is free or to be adopted.",
  needs: {
    sts: ["GetCallerIdentity"],
    eks: ["DescribeCluster"],
    kubernetes: { source: ["list clusterrolebindings", "list rolebindings"] },
  },
  measure: async (run, context) => {
    const at = context.now().toISOString();
    const plan = await wholePlanOf(context, run);
    const source = kubernetesOf(context, "source");
    const account = await asking(async () => (await whoAmI(context.aws.sts)).account);
    const target = await asking(() => makeEks(context.aws.eks).describe(plan.settings.target.name));
    const bindings = await asking(async () => [
      ...(await source.list({ apiVersion: RBAC, kind: "ClusterRoleBinding" })),
      ...(await source.list({ apiVersion: RBAC, kind: "RoleBinding" })),
    ]);
    return [
      judgePodRoles(plan, account, at),
      judgeWindows(plan, at),
      judgeAccess(plan, bindings, at),
      judgeTargetName(plan, target, at),
    ];
  },
});
