/** Preflight, pipelines: who deploys, whether that can be stopped and started again, and what goes past it. Changes nothing. */

import { judgeWindow } from "../domain/checks/opening.ts";
import { judgeBypasses, judgeFreeze, judgeGitOps, judgePipelines } from "../domain/checks/pipelines.ts";
import { asking, check, wholePlanOf } from "./check.ts";
import { kubernetesOf } from "./run.ts";

export const checkPipelines = check({
  name: "check-pipelines",
  does: "Judges whether each pipeline can be paused, whether the clusters can refuse changes, and lists what bypasses the pipelines.",
  needs: { kubernetes: { source: ["list deployments"] } },
  measure: async (run, context) => {
    const at = context.now().toISOString();
    const plan = await wholePlanOf(context, run);
    const source = kubernetesOf(context, "source");
    const policies = await asking(() =>
      source.knows({ apiVersion: "admissionregistration.k8s.io/v1", kind: "ValidatingAdmissionPolicy" }),
    );
    const deployments = await asking(() => source.list({ apiVersion: "apps/v1", kind: "Deployment" }));
    return [
      ...judgePipelines(plan, at),
      judgeFreeze(policies, plan, at),
      judgeBypasses(deployments, plan.settings.source.name, at),
      judgeGitOps(plan, at),
      judgeWindow(plan, context.now()),
    ];
  },
});
