/** Preflight's judgement of who deploys: each pipeline can be stopped and started again, the clusters can refuse changes, and what goes past the pipelines is listed. */

import {
  BREAK_GLASS_GROUP,
  FREEZE_MINOR_MIN,
  freezeExpression,
  REPOT_GROUP,
  scalersOf,
} from "../freeze-policy.ts";
import type { Verdict } from "../gates.ts";
import { byCodeUnit, type KubeObject, refOf, sentenceOf } from "../kube.ts";
import { nameOf, type Plan } from "../plan.ts";
import { at as field, isLoose } from "../pods.ts";
import type { Settings } from "../settings.ts";
import { answered, counted, judging, type Observed, objectsOf, seen, some } from "./judging.ts";

type SlimPlan = Omit<Plan, "objects">;
type Pipeline = Settings["pipelines"][number];

/** Groups that the freeze lets through. */
const EXEMPT_GROUPS: ReadonlySet<string> = new Set([BREAK_GLASS_GROUP, REPOT_GROUP, "system:nodes"]);

/** Who of a pipeline's identities the freeze's own policy names as let through. */
const letThrough = (plan: Pick<Plan, "settings" | "objects">, pipeline: Pipeline): readonly string[] => {
  const users = plan.settings.pipelines.map((p) => p.user);
  const expression = freezeExpression(scalersOf(objectsOf(plan), users));
  return [
    ...(expression.includes(`'${pipeline.user}'`) ? [pipeline.user] : []),
    ...pipeline.groups.filter((g) => EXEMPT_GROUPS.has(g)),
  ];
};

/** pipelines/pausable: one for each pipeline: whoever it is to the API, the freeze refuses it. */
export const judgePipelines = (
  plan: Pick<Plan, "platform" | "settings" | "workloads" | "objects">,
  at: string,
): readonly Verdict[] => {
  const pipelines = [...plan.settings.pipelines].sort((a, b) => byCodeUnit(a.name, b.name));
  if (pipelines.length > 0) return pipelines.map((pipeline) => judgePipeline(plan, pipeline, at));
  return [
    judging(at)("pipelines/pausable", plan.platform).pass(
      "repot.yaml names no pipeline; the freeze refuses everybody alike, watch who is surprised by it.",
      [seen("pipelines", 0, "each can be paused", "repot.yaml: pipelines")],
    ),
  ];
};

const judgePipeline = (
  plan: Pick<Plan, "settings" | "workloads" | "objects">,
  pipeline: Pipeline,
  at: string,
): Verdict => {
  const say = judging(at)("pipelines/pausable", pipeline.name);
  const source = "repot.yaml: pipelines, and the freeze's policy";
  const exempt = letThrough(plan, pipeline);
  const known = new Set(plan.workloads.map(nameOf));
  const strangers = pipeline.deploys.filter((w) => !known.has(w)).sort(byCodeUnit);
  const unfrozen = pipeline.deploys.filter((w) => w.startsWith("kube-system/")).sort(byCodeUnit);
  const evidence = [
    seen(
      "identity of the pipeline",
      [pipeline.user, ...pipeline.groups].join(", "),
      "one that the freeze refuses",
      source,
    ),
    seen(
      "workloads that it deploys and the plan doesn't know",
      strangers.length,
      "0",
      source,
      pipeline.deploys.length,
    ),
  ];
  if (pipeline.user.trim() === "")
    return say.fail(
      `The pipeline ${pipeline.name} has no user, so the freeze can't tell it from anybody else.`,
      "Name the user that the pipeline is to the Kubernetes API.",
      evidence,
    );
  if (exempt.length > 0)
    return say.fail(
      `The pipeline ${pipeline.name} acts as ${some(exempt)}, which the freeze lets through: it can't be paused.`,
      "Give the pipeline a user of its own, outside of break-glass and of the cluster's own controllers.",
      evidence,
    );
  const watch = [
    ...(strangers.length === 0 ? [] : [`it also deploys ${some(strangers)}, which the plan doesn't know`]),
    ...(unfrozen.length === 0
      ? []
      : [`the freeze leaves kube-system alone, so ${some(unfrozen)} isn't refused by it`]),
  ];
  return say.pass(
    watch.length === 0
      ? `${pipeline.name} can be paused: the switch stops it, and the freeze refuses ${pipeline.user}.`
      : `${pipeline.name} can be paused; watch that ${watch.join(", and ")}.`,
    evidence,
  );
};

/** pipelines/freeze: the source can refuse changes by policy. */
export const judgeFreeze = (knowsPolicies: Observed<boolean>, plan: SlimPlan, at: string): Verdict => {
  const { source: from, target: to } = plan.settings;
  const say = judging(at)("pipelines/freeze", from.name);
  const source = "discovery of admissionregistration.k8s.io/v1";
  if (!("value" in knowsPolicies)) return say.unanswered(knowsPolicies.missing, source);
  const minor = Number(to.kubernetesVersion.split(".")[1]);
  const evidence = [
    seen("the source serves ValidatingAdmissionPolicy", knowsPolicies.value, "true", source),
    seen(
      "version of the target",
      to.kubernetesVersion,
      "at least 1.30",
      "repot.yaml: target.kubernetesVersion",
    ),
  ];
  if (!knowsPolicies.value)
    return say.fail(
      `${from.name} knows no ValidatingAdmissionPolicy (it is there from Kubernetes 1.30 on), so it can't be frozen by policy.`,
      "Upgrade the source to 1.30 or later; this plan can't freeze by webhook.",
      evidence,
    );
  return minor >= FREEZE_MINOR_MIN
    ? say.pass("Both clusters can refuse changes by a ValidatingAdmissionPolicy.", evidence)
    : say.fail(
        `${to.name} is planned with ${to.kubernetesVersion}, which knows no ValidatingAdmissionPolicy.`,
        "Plan the target with Kubernetes 1.30 or later.",
        evidence,
      );
};

/** Field managers of people rather than of controllers or pipelines. */
const BY_HAND =
  /^(kubectl-(edit|patch|create|client-side-apply|set|scale|annotate|label|rollout|replace|run)|kubectl|k9s|Lens|node-fetch|HashiCorp|OpenLens|Mozilla)$/;

const managersOf = (object: KubeObject): readonly string[] => {
  const fields = field(object, "metadata", "managedFields");
  return Array.isArray(fields)
    ? fields.flatMap((f: unknown) => (isLoose(f) && typeof f["manager"] === "string" ? [f["manager"]] : []))
    : [];
};

/** pipelines/bypasses: what was changed past the pipelines, by the field managers of the source's workloads. */
export const judgeBypasses = (
  workloads: Observed<readonly KubeObject[]>,
  subject: string,
  at: string,
): Verdict => {
  const say = judging(at)("pipelines/bypasses", subject);
  const source = "metadata.managedFields of the source's Deployments";
  if (!("value" in workloads)) return say.unanswered(workloads.missing, source);
  const byHand = workloads.value
    .filter((o) => managersOf(o).some((m) => BY_HAND.test(m)))
    .map((o) => sentenceOf(refOf(o)))
    .sort(byCodeUnit);
  const evidence = [
    seen("workloads that people changed by hand", byHand.length, "known", source, answered(workloads.value)),
  ];
  return byHand.length === 0
    ? say.pass(
        `No Deployment was changed past the pipelines (${counted(workloads.value.length, "Deployment")}).`,
        evidence,
      )
    : say.pass(
        `${some(byHand)} ${byHand.length === 1 ? "was" : "were"} changed by hand as well: watch for changes during the freeze, which are refused but for break-glass.`,
        evidence,
      );
};

const GITOPS: Readonly<Record<string, string>> = {
  "argoproj.io/Application": "Argo CD",
  "argoproj.io/ApplicationSet": "Argo CD",
  "kustomize.toolkit.fluxcd.io/Kustomization": "Flux",
  "helm.toolkit.fluxcd.io/HelmRelease": "Flux",
};

/** pipelines/gitops: controllers that deploy from inside the cluster. */
export const judgeGitOps = (plan: Pick<Plan, "platform" | "objects">, at: string): Verdict => {
  const say = judging(at)("pipelines/gitops", plan.platform);
  const found = objectsOf(plan).flatMap((o) => {
    const tool = GITOPS[`${o.apiVersion.split("/")[0]}/${o.kind}`];
    return tool === undefined ? [] : [`${tool}: ${sentenceOf(refOf(o))}`];
  });
  const evidence = [
    seen(
      "applications that a controller in the cluster deploys",
      found.length,
      "paused by the freeze",
      "the plan's objects",
      objectsOf(plan).length,
    ),
  ];
  return found.length === 0
    ? say.pass("Nothing in the cluster deploys by itself (no Argo CD, no Flux).", evidence)
    : say.pass(
        `${counted(found.length, "application")} ${found.length === 1 ? "is" : "are"} deployed from inside the cluster (${some(found.sort(byCodeUnit), 3)}): the freeze refuses that too; watch that both controllers don't fight over the target.`,
        evidence,
      );
};
