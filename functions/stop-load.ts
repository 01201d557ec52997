/** The synthetic load on the source ends, and the probes of both clusters: nobody is served there any more, and whatever still asks keeps its workloads in use. */

import * as z from "zod";
import { probesOf } from "../domain/egress-probes.ts";
import { refOf } from "../domain/kube.ts";
import { operationOf } from "../domain/operations.ts";
import { SIDES } from "../domain/phases.ts";
import { LOAD_GENERATOR } from "../domain/queries.ts";
import { place } from "./batch.ts";
import { destinationsOf } from "./destinations.ts";
import { forward, withJournal } from "./effect.ts";
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

const PROBES = ["get cronjobs", "patch cronjobs"];

export const stopLoad = step({
  name: "stop-load",
  does: "Scales Repot's load generator on the source to zero and suspends the probes of both clusters; the target's load goes on.",
  input: z.object({ run: RunSchema }),
  needs: withJournal({
    kubernetes: { source: ["get deployments", "patch deployments/scale", ...PROBES], target: PROBES },
  }),
  run: async ({ run }, context) => {
    const plan = await planOf(context, run);
    const at = { step: "stop-load", operation: operationOf(plan, "stop-load") };
    const now = await kubernetesOf(context, "source").get(DEPLOYMENT);
    const make = forward(context, run, at.step);
    const stopped = await make(
      { ...at, move: "0" },
      setField("source", DEPLOYMENT, ["spec", "replicas"], statusOf(now).wanted, 0),
    );
    const probes = probesOf(
      run.migration,
      await destinationsOf(context, run, plan),
      plan.settings.network.egressEcho,
    );
    for (const side of SIDES)
      for (const [index, probe] of probes.entries())
        await make(
          { ...at, move: `1.${side}.${place(index)}` },
          setField(side, refOf(probe), ["spec", "suspend"], false, true),
        );
    return stopped;
  },
});
