/** Before anything of the source goes for good: nobody uses it, it holds no lock, and no record leads to it. Changes nothing. */

import { makeMetrics } from "../adapters/metrics.ts";
import type { Verdict } from "../domain/gates.ts";
import { keys } from "../domain/journal.ts";
import { nameOf } from "../domain/plan.ts";
import { edgeRequestRate } from "../domain/queries.ts";
import { gate } from "./gate.ts";
import { bucketOf, kubernetesOf, planOf, type Run, type SlimPlan } from "./run.ts";
import type { Context } from "./step.ts";
import { judge, whereNoHosts } from "./verdicts.ts";

export const checkRetirement = gate({
  name: "check-retirement",
  does: "Reads the source's requests, the ledger's owners and the reclaim policies of its volumes.",
  needs: { metrics: ["query"], kubernetes: { source: ["list persistentvolumes"] } },
  measure: async ({ run }, context) => {
    const plan = await planOf(context, run);
    const traffic = whereNoHosts(context, plan, "retirement/traffic") ?? [await noTraffic(context, plan)];
    return [...traffic, ...(await owners(context, run, plan)), ...(await volumes(context))];
  },
});

const noTraffic = async (context: Context, plan: SlimPlan): Promise<Verdict> => {
  const rate = await makeMetrics(context).query("source", edgeRequestRate(plan.settings.source.name));
  return judge(context, rate === "missing" ? undefined : rate.value <= 0.01, {
    check: "retirement/traffic",
    subject: "source",
    sentence: rate === "missing" ? "Whether the source still gets requests is unknown." : `The source gets ${rate.value.toFixed(3)} requests a second.`,
    remedy: "Find out who still comes, and have them look DNS up again.",
    value: rate === "missing" ? null : rate.value,
    threshold: "at most 0.01 a second",
    samples: rate === "missing" ? 0 : 1,
    source: edgeRequestRate(plan.settings.source.name),
  });
};

/** Everything exclusive that moved is the target's. */
const owners = async (context: Context, run: Run, plan: SlimPlan): Promise<readonly Verdict[]> => {
  const verdicts: Verdict[] = [];
  for (const workload of plan.workloads) {
    if (workload.move !== "stop-then-start" && workload.move !== "hand-over-schedule") continue;
    const key = keys.owner(run.migration, nameOf(workload));
    const stored = await bucketOf(context).getJson(key);
    const owner = (stored?.value as { readonly owner?: string } | undefined)?.owner ?? "source";
    verdicts.push(
      judge(context, owner === "target", {
        check: "retirement/owner",
        subject: nameOf(workload),
        sentence: `${nameOf(workload)} is owned by the ${owner}.`,
        remedy: "Hand it over first.",
        value: owner,
        threshold: "target",
        samples: 1,
        source: key,
      }),
    );
  }
  return verdicts;
};

/** A volume whose policy is Delete takes its disk along when its claim goes; nothing of ours deletes claims, and people are told. */
const volumes = async (context: Context): Promise<readonly Verdict[]> => {
  const list = await kubernetesOf(context, "source").list({ apiVersion: "v1", kind: "PersistentVolume" });
  const deleting = list.filter((v) => (v["spec"] as { readonly persistentVolumeReclaimPolicy?: string } | undefined)?.persistentVolumeReclaimPolicy === "Delete");
  return [
    judge(context, true, {
      check: "retirement/volumes",
      subject: "source",
      sentence: `${list.length} volumes; claims are kept, so none of the ${deleting.length} with the policy Delete loses its disk.`,
      remedy: "",
      value: deleting.length,
      threshold: "claims are kept",
      samples: list.length + 1,
      source: "persistentvolumes",
    }),
  ];
};
