/** Before anything of the source goes for good: nobody uses it, it holds no lock, and no record leads to it. Changes nothing. */

import { fieldOf } from "../adapters/effects/fields.ts";
import { ownerOf } from "../adapters/effects/owners.ts";
import { makeMetrics } from "../adapters/metrics.ts";
import { makeRoute53 } from "../adapters/route53.ts";
import { undotted } from "../domain/dns-names.ts";
import type { Verdict } from "../domain/gates.ts";
import { keys } from "../domain/journal.ts";
import { byCodeUnit, type KubeObject } from "../domain/kube.ts";
import { nameOf } from "../domain/plan.ts";
import { edgeRequestRate } from "../domain/queries.ts";
import { balancerNamesOn } from "./balancers.ts";
import { forEach } from "./check.ts";
import { gate } from "./gate.ts";
import { bucketOf, kubernetesOf, planOf, type Run, type SlimPlan } from "./run.ts";
import type { Context } from "./step.ts";
import { judge, whereNoHosts } from "./verdicts.ts";
import { freshOf, RECORD_READS, zonesOf } from "./zones.ts";

/** What a sentence names, one by one. */
const NAMED_MAX = 5;

export const checkRetirement = gate({
  name: "check-retirement",
  does: "Reads the source's requests, the ledger's owners, the records of both zones and the reclaim policies of the source's volumes.",
  needs: {
    metrics: ["query"],
    route53: RECORD_READS,
    kubernetes: {
      source: ["list ingresses", "list persistentvolumes", "list services", "list statefulsets"],
    },
  },
  measure: async ({ run }, context) => {
    const plan = await planOf(context, run);
    const traffic = whereNoHosts(context, plan, "retirement/traffic") ?? [await noTraffic(context, plan)];
    return [
      ...traffic,
      ...(await owners(context, run, plan)),
      await records(context, run, plan),
      ...(await volumes(context)),
    ];
  },
});

const noTraffic = async (context: Context, plan: SlimPlan): Promise<Verdict> => {
  const rate = await makeMetrics(context).query("source", edgeRequestRate(plan.settings.source.name));
  return judge(context, rate === "missing" ? undefined : rate.value <= 0.01, {
    check: "retirement/traffic",
    subject: "source",
    sentence:
      rate === "missing"
        ? "Whether the source still gets requests is unknown."
        : `The source gets ${rate.value.toFixed(3)} requests a second.`,
    remedy: "Find out who still comes, and have them look DNS up again.",
    value: rate === "missing" ? null : rate.value,
    threshold: "at most 0.01 a second",
    samples: rate === "missing" ? 0 : 1,
    source: edgeRequestRate(plan.settings.source.name),
  });
};

const EXCLUSIVE: ReadonlySet<string> = new Set(["stop-then-start", "copy-with-pause", "hand-over-schedule"]);

/** Everything exclusive that moved is the target's. */
const owners = async (context: Context, run: Run, plan: SlimPlan): Promise<readonly Verdict[]> => {
  const exclusive = plan.workloads.filter(
    (w) => EXCLUSIVE.has(w.move) || (w.move === "hand-over-controller" && w.controller?.way === "owned"),
  );
  return forEach(exclusive, async (workload) => {
    const key = keys.owner(run.migration, nameOf(workload));
    const owner = await ownerOf(bucketOf(context), run.migration, nameOf(workload));
    return judge(context, owner === "target", {
      check: "retirement/owner",
      subject: nameOf(workload),
      sentence: `${nameOf(workload)} is owned by the ${owner}.`,
      remedy: "Hand it over first.",
      value: owner,
      threshold: "target",
      samples: 1,
      source: key,
    });
  });
};

/** A record that isn't of a public host may lead to the source as well: whoever wrote it isn't asked by any other gate. */
const records = async (context: Context, run: Run, plan: SlimPlan): Promise<Verdict> => {
  const route53 = makeRoute53(context.aws.route53);
  const zones = await zonesOf(context, run, plan);
  const staying = new Set(
    plan.workloads.filter((w) => w.move === "keep-on-source").flatMap((w) => w.services),
  );
  const balancers = await balancerNamesOn(context, "source", staying);
  const found: string[] = [];
  let seen = 0;
  for (const { id } of [freshOf(zones), zones.old])
    for (const record of await route53.listRecords(id)) {
      seen += 1;
      const leads = [record.alias?.dnsName ?? [], record.values ?? []].flat();
      const to = leads.map(undotted).find((name) => balancers.has(name));
      if (to !== undefined) found.push(`${record.type} ${undotted(record.name)} of ${id} to ${to}`);
    }
  return judge(context, found.length === 0, {
    check: "retirement/records",
    subject: plan.settings.dns.zone,
    sentence:
      found.length === 0
        ? `None of the ${seen} records of the old and the new zone leads to a load balancer of the source.`
        : `${found.length} records still lead to the source: ${found.slice(0, NAMED_MAX).join("; ")}.`,
    remedy: "Point each at what answers for it on the target, or delete it.",
    value: found.length,
    threshold: "0 records to load balancers of the source",
    samples: seen,
    source: "both zones' records, and the source's Services and Ingresses, status.loadBalancer",
  });
};

/**
 * Claims are kept, so that their disks are. A StatefulSet may say otherwise of its own: where its claims go with it and their volumes' policy is
 * Delete, retiring it would destroy the data (Kubernetes reference, persistentVolumeClaimRetentionPolicy).
 */
const volumes = async (context: Context): Promise<readonly Verdict[]> => {
  const source = kubernetesOf(context, "source");
  const list = await source.list({ apiVersion: "v1", kind: "PersistentVolume" });
  const sets = await source.list({ apiVersion: "apps/v1", kind: "StatefulSet" });
  const greedy = sets.filter(
    (set) => fieldOf(set, ["spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"]) === "Delete",
  );
  const lost = list.filter(
    (volume) =>
      fieldOf(volume, ["spec", "persistentVolumeReclaimPolicy"]) === "Delete" &&
      greedy.some((set) => isClaimOf(volume, set)),
  );
  const names = lost.map((volume) => volume.metadata.name).sort(byCodeUnit);
  return [
    judge(context, names.length === 0, {
      check: "retirement/volumes",
      subject: "source",
      sentence:
        names.length === 0
          ? `None of the ${list.length} volumes goes with a workload.`
          : `${names.length} volumes would be destroyed with their StatefulSets: ${names.slice(0, NAMED_MAX).join(", ")}.`,
      remedy: `Set their persistentVolumeReclaimPolicy to Retain: kubectl --context source patch pv ${names[0] ?? ""} -p '{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}'`,
      value: names.length,
      threshold: "none whose claim is deleted with its StatefulSet and whose policy is Delete",
      samples: list.length + sets.length + 1,
      source: "persistentvolumes, statefulsets",
    }),
  ];
};

/** A StatefulSet's claims are called `template-set-ordinal`. */
const isClaimOf = (volume: KubeObject, set: KubeObject): boolean =>
  fieldOf(volume, ["spec", "claimRef", "namespace"]) === (set.metadata.namespace ?? null) &&
  String(fieldOf(volume, ["spec", "claimRef", "name"]))
    .replace(/-\d+$/, "")
    .endsWith(`-${set.metadata.name}`);
