/** Preflight, Kubernetes: reads the source's API for what wouldn't survive the move, and judges the rest from the plan. Changes nothing. */

import type { Kubernetes } from "../adapters/kubernetes.ts";
import { judgeCertificates, judgeTargetGroups } from "../domain/checks/controllers.ts";
import { type Observed, objectsOf } from "../domain/checks/judging.ts";
import { checkManifests } from "../domain/checks/kubernetes.ts";
import {
  judgeBudgets,
  judgeCurrent,
  judgeNodePorts,
  judgeNodes,
  judgeReadiness,
  judgeReclaim,
  judgeReplicasOwner,
  judgeVersion,
  judgeWebhooks,
} from "../domain/checks/kubernetes-live.ts";
import {
  judgeKinds,
  judgePaused,
  judgeQuotas,
  judgeTokens,
  type KindSeen,
} from "../domain/checks/kubernetes-objects.ts";
import type { KubeObject } from "../domain/kube.ts";
import { builtInKind } from "../domain/kube-kinds.ts";
import type { Plan } from "../domain/plan.ts";
import { asking, check, forEach, unique, wholePlanOf } from "./check.ts";
import { kubernetesOf } from "./run.ts";

const ADMISSION = "admissionregistration.k8s.io/v1";

export const checkKubernetes = check({
  name: "check-kubernetes",
  does: "Judges versions, kinds, webhooks, NodePorts, reclaim policies, budgets, quotas, tokens and autoscalers of the source, and what controllers of both clusters would fight over.",
  needs: {
    kubernetes: {
      source: [
        "list cronjobs",
        "list daemonsets",
        "list deployments",
        "list horizontalpodautoscalers",
        "list mutatingwebhookconfigurations",
        "list nodes",
        "list persistentvolumes",
        "list poddisruptionbudgets",
        "list resourcequotas",
        "list services",
        "list statefulsets",
        "list validatingwebhookconfigurations",
      ],
    },
  },
  measure: async (run, context) => {
    const at = context.now().toISOString();
    const plan = await wholePlanOf(context, run);
    const source = kubernetesOf(context, "source");
    const subject = plan.settings.source.name;
    const list = (apiVersion: string, kind: string) => asking(() => source.list({ apiVersion, kind }));
    const live = await together([
      () => list("apps/v1", "Deployment"),
      () => list("apps/v1", "StatefulSet"),
      () => list("apps/v1", "DaemonSet"),
      () => list("batch/v1", "CronJob"),
    ]);
    const hooks = await together([
      () => list(ADMISSION, "ValidatingWebhookConfiguration"),
      () => list(ADMISSION, "MutatingWebhookConfiguration"),
    ]);
    return [
      ...checkManifests(plan, at),
      judgeVersion(await asking(async () => minorOf((await source.version()).minor)), plan, at),
      judgeNodes(await list("v1", "Node"), subject, at),
      judgeKinds(await asking(() => kindsOf(source, plan)), plan, at),
      judgeCurrent(live, plan, at),
      judgeReadiness(live, subject, at),
      judgeWebhooks(hooks, live, plan, at),
      judgeNodePorts(await list("v1", "Service"), subject, at),
      judgeReclaim(await list("v1", "PersistentVolume"), plan, at),
      judgeBudgets(await list("policy/v1", "PodDisruptionBudget"), subject, at),
      judgeReplicasOwner(await list("autoscaling/v2", "HorizontalPodAutoscaler"), plan, at),
      judgeQuotas(await list("v1", "ResourceQuota"), plan, at),
      judgeTokens(plan, at),
      judgePaused(plan, at),
      judgeTargetGroups(plan, at),
      judgeCertificates(plan, at),
    ];
  },
});

/** `31+`, as EKS writes it, is 31. */
const minorOf = (minor: string): number => Number.parseInt(minor, 10);

/** Several lists as one; one that is missing makes the whole missing. */
const together = async (
  lists: readonly (() => Promise<Observed<readonly KubeObject[]>>)[],
): Promise<Observed<readonly KubeObject[]>> => {
  const all: KubeObject[] = [];
  for (const list of lists) {
    const found = await list();
    if (!("value" in found)) return found;
    all.push(...found.value);
  }
  return { value: all };
};

/** Every kind of the plan, and whether the source serves it in that very version. */
const kindsOf = async (source: Kubernetes, plan: Plan): Promise<readonly KindSeen[]> => {
  const kinds = unique(objectsOf(plan).map((o) => `${o.apiVersion}|${o.kind}`));
  return forEach(kinds, async (key) => {
    const [apiVersion = "", kind = ""] = key.split("|");
    return {
      apiVersion,
      kind,
      custom: isCustom(apiVersion, kind),
      served: await source.knows({ apiVersion, kind }),
    };
  });
};

/** Groups of Kubernetes itself have no dot, or end in k8s.io. */
const isCustom = (apiVersion: string, kind: string): boolean => {
  const group = apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
  return builtInKind(apiVersion, kind) === undefined && group.includes(".") && !group.endsWith(".k8s.io");
};
