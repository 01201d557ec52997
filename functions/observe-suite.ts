/** Did the end-to-end suite pass, and does each host answer right now on the target? Changes nothing. */

import { SYSTEM_NAMESPACE } from "../domain/bundle.ts";
import { holds } from "../domain/conditions.ts";
import { suiteNameOf } from "../domain/e2e.ts";
import type { Verdict } from "../domain/gates.ts";
import type { KubeObject } from "../domain/kube.ts";
import { at } from "../domain/pods.ts";
import { forEach } from "./check.ts";
import { gate } from "./gate.ts";
import { probeVerdict } from "./probe-host.ts";
import { kubernetesOf, planOf } from "./run.ts";
import type { Context } from "./step.ts";
import { judge, whereNoHosts } from "./verdicts.ts";
import { freshOf, hostsOf, SERVER_READS, serversOf, zonesOf } from "./zones.ts";

export const observeSuite = gate({
  name: "observe-suite",
  does: "Reads the end of each Job of the suite, and asks each host once more by the new zone's address.",
  needs: { route53: SERVER_READS, dns: ["ask"], probes: ["get"], kubernetes: { target: ["get jobs"] } },
  patience: { pollSeconds: 30, holdSecondsMax: 2_400 },
  measure: async ({ run }, context) => {
    const plan = await planOf(context, run);
    const idle = whereNoHosts(context, plan, "e2e/hosts");
    if (idle) return idle;
    const [server = ""] = await serversOf(context, freshOf(await zonesOf(context, run, plan)));
    const verdicts = await forEach(hostsOf(plan), async (host) => [
      await jobOf(context, host),
      await probeVerdict(context, "e2e/answer", server, host),
    ]);
    return verdicts.flat();
  },
});

const stateOf = (job: KubeObject | undefined): "succeeded" | "failed" | "running" | "absent" => {
  if (!job) return "absent";
  if (Number(at(job, "status", "succeeded") ?? 0) > 0) return "succeeded";
  return holds(job, "Failed") ? "failed" : "running";
};

const jobOf = async (context: Context, host: string): Promise<Verdict> => {
  const name = suiteNameOf(host);
  const state = stateOf(
    await kubernetesOf(context, "target").find({
      apiVersion: "batch/v1",
      kind: "Job",
      namespace: SYSTEM_NAMESPACE,
      name,
    }),
  );
  return judge(context, state === "succeeded" ? true : state === "failed" ? false : undefined, {
    check: "e2e/job",
    subject: host,
    sentence: `The end-to-end Job for ${host} is ${state}.`,
    remedy: `kubectl --context target -n ${SYSTEM_NAMESPACE} logs job/${name}`,
    value: state,
    threshold: "succeeded",
    samples: state === "absent" ? 0 : 1,
    source: `Job ${SYSTEM_NAMESPACE}/${name} status`,
  });
};
