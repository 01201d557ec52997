/** The synthetic load on the source ends: nobody is served there any more, and whatever still asks keeps its workloads in use. */

import * as z from "zod";
import { operationOf } from "../domain/operations.ts";
import { LOAD_GENERATOR } from "../domain/queries.ts";
import { makeEffect, withJournal } from "./effect.ts";
import { setField } from "./objects.ts";
import { kubernetesOf, planOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";
import { statusOf } from "./workload.ts";

const DEPLOYMENT = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  namespace: LOAD_GENERATOR.namespace,
  name: LOAD_GENERATOR.name,
} as const;

export const stopLoad = step({
  name: "stop-load",
  does: "Scales Repot's load generator on the source to zero; the target's goes on.",
  input: z.object({ run: RunSchema }),
  needs: withJournal({ kubernetes: { source: ["get deployments", "patch deployments/scale"] } }),
  run: async ({ run }, context) => {
    const plan = await planOf(context, run);
    const now = await kubernetesOf(context, "source").get(DEPLOYMENT);
    return makeEffect(
      context,
      run,
      { step: "stop-load", operation: operationOf(plan, "stop-load"), move: "0" },
      setField("source", DEPLOYMENT, ["spec", "replicas"], statusOf(now).wanted, 0),
    );
  },
});
