/** Preflight, runtime: whether each image runs on the target's nodes, from the plan and from the nodes that it runs on now. Changes nothing. */

import { judgeDemand } from "../domain/checks/demand.ts";
import { judgeArchitectures } from "../domain/checks/nodes.ts";
import { checkRuntime as judgeRuntime } from "../domain/checks/runtime.ts";
import { asking, check, wholePlanOf } from "./check.ts";
import { kubernetesOf } from "./run.ts";

export const checkRuntime = check({
  name: "check-runtime",
  does: "Judges whether each pod finds a node on the target and runs there: size, labels, taints, sockets, credentials, cgroups, architecture.",
  needs: { kubernetes: { source: ["list nodes"] } },
  measure: async (run, context) => {
    const at = context.now().toISOString();
    const plan = await wholePlanOf(context, run);
    const nodes = await asking(() =>
      kubernetesOf(context, "source").list({ apiVersion: "v1", kind: "Node" }),
    );
    return [...judgeRuntime(plan, at), judgeDemand(plan, at), judgeArchitectures(nodes, plan, at)];
  },
});
