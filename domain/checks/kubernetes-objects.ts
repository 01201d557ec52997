/** Preflight's judgement of what the target has to know and hold: custom kinds, quotas, tokens that are used from outside. */

import type { Verdict } from "../gates.ts";
import { byCodeUnit, type KubeObject, refOf, sentenceOf } from "../kube.ts";
import type { Plan } from "../plan.ts";
import { containersOf, at as field, isLoose, templateOf, workloadKindOf } from "../pods.ts";
import { parseQuantity } from "../quantity.ts";
import { answered, counted, judging, type Observed, objectsOf, seen, some } from "./judging.ts";

type WithObjects = Pick<Plan, "platform" | "objects">;

/** What discovery says about one kind of the plan. */
export type KindSeen = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly custom: boolean;
  readonly served: boolean;
};

/** kubernetes/kinds: what a server can't discover, Velero silently leaves out. */
export const judgeKinds = (kinds: Observed<readonly KindSeen[]>, plan: WithObjects, at: string): Verdict => {
  const say = judging(at)("kubernetes/kinds", plan.platform);
  const source = "discovery of the source, CustomResourceDefinitions of the plan";
  if (!("value" in kinds)) return say.unanswered(kinds.missing, source);
  const unserved = kinds.value
    .filter((k) => !k.served)
    .map((k) => `${k.kind} (${k.apiVersion})`)
    .sort(byCodeUnit);
  const defined = new Set(
    objectsOf(plan).flatMap((o) =>
      o.kind === "CustomResourceDefinition"
        ? [`${String(field(o, "spec", "group"))}/${String(field(o, "spec", "names", "kind"))}`]
        : [],
    ),
  );
  const custom = kinds.value.filter((k) => k.custom);
  const undefinedKinds = custom
    .filter((k) => !defined.has(`${k.apiVersion.split("/")[0]}/${k.kind}`))
    .map((k) => k.kind)
    .sort(byCodeUnit);
  const evidence = [
    seen("kinds of the plan that the source doesn't serve", unserved.length, "0", source, kinds.value.length),
    seen(
      "custom kinds whose definition isn't in the plan",
      undefinedKinds.length,
      "0, or installed on the target first",
      source,
      custom.length,
    ),
  ];
  if (kinds.value.length === 0)
    return say.unknown(
      "The plan has no object of any kind.",
      "Plan again from the platform's manifests.",
      evidence,
    );
  if (unserved.length > 0)
    return say.fail(
      `The source doesn't serve ${some(unserved)}: a backup would silently leave ${unserved.length === 1 ? "it" : "them"} out.`,
      "Plan again in the versions that the source serves (`kubectl get -o yaml` prints those).",
      evidence,
    );
  return undefinedKinds.length > 0
    ? say.pass(
        `The source serves every kind of the plan; watch that the definitions of ${some(undefinedKinds)} reach the target before their objects.`,
        evidence,
      )
    : say.pass(
        `The source serves every kind of the plan (${counted(kinds.value.length, "kind")})${custom.length === 0 ? "" : ", and the plan has the definition of each custom one"}.`,
        evidence,
      );
};

type Demand = { cpu: number; memory: number; pods: number };

/** What a workload's pods request, and one surge of a rolling update beside them. */
const demandOf = (object: KubeObject, surge: boolean): Demand | undefined => {
  const kind = workloadKindOf(object);
  if (kind !== "Deployment" && kind !== "StatefulSet") return undefined;
  const replicas = field(object, "spec", "replicas");
  const pods = typeof replicas === "number" ? replicas : 1;
  const extra =
    surge && kind === "Deployment" && field(object, "spec", "strategy", "type") !== "Recreate"
      ? surgeOf(object, pods)
      : 0;
  const containers = containersOf(templateOf(object, kind).spec).filter((c) => !c.init);
  const each = (resource: string) =>
    containers.reduce(
      (sum, { container: c }) =>
        sum + (parseQuantity(c.resources?.requests?.[resource] ?? c.resources?.limits?.[resource] ?? 0) ?? 0),
      0,
    );
  const total = pods + (pods === 0 ? 0 : extra);
  return { cpu: each("cpu") * total, memory: each("memory") * total, pods: total };
};

const surgeOf = (object: KubeObject, pods: number): number => {
  const surge = field(object, "spec", "strategy", "rollingUpdate", "maxSurge") ?? "25%";
  return typeof surge === "number" ? surge : Math.ceil((pods * Number.parseFloat(String(surge))) / 100);
};

const HARD: Readonly<Record<string, keyof Demand>> = {
  cpu: "cpu",
  "requests.cpu": "cpu",
  memory: "memory",
  "requests.memory": "memory",
  pods: "pods",
  "count/pods": "pods",
};

const totalsOf = (plan: WithObjects, namespace: string, surge: boolean): Demand =>
  objectsOf(plan)
    .filter((o) => (o.metadata.namespace ?? "default") === namespace)
    .map((o) => demandOf(o, surge))
    .reduce<Demand>(
      (sum, d) =>
        d ? { cpu: sum.cpu + d.cpu, memory: sum.memory + d.memory, pods: sum.pods + d.pods } : sum,
      { cpu: 0, memory: 0, pods: 0 },
    );

type Limits = { readonly short: readonly string[]; readonly tight: readonly string[] };

/** Which limits of a quota the platform at full breaks, and which only a rolling update beside it. A quota with a scope counts only some pods. */
const limitsOf = (quota: KubeObject, plan: WithObjects): Limits => {
  const hard = field(quota, "spec", "hard");
  const scoped =
    field(quota, "spec", "scopes") !== undefined || field(quota, "spec", "scopeSelector") !== undefined;
  if (!isLoose(hard) || scoped) return { short: [], tight: [] };
  const namespace = quota.metadata.namespace ?? "default";
  const [full, surging] = [totalsOf(plan, namespace, false), totalsOf(plan, namespace, true)];
  const limits = Object.entries(hard).flatMap(([name, limit]) => {
    const resource = HARD[name];
    const allowed = resource === undefined ? undefined : parseQuantity(String(limit));
    return resource === undefined || allowed === undefined
      ? []
      : [{ name: `${namespace} (${name} ${String(limit)})`, resource, allowed }];
  });
  const short = limits.filter((l) => full[l.resource] > l.allowed);
  const tight = limits.filter((l) => !short.includes(l) && surging[l.resource] > l.allowed);
  return { short: short.map((l) => l.name), tight: tight.map((l) => l.name) };
};

/** kubernetes/quota: the target has the same quotas, and the platform at full has to fit, with room for a rolling update. */
export const judgeQuotas = (
  quotas: Observed<readonly KubeObject[]>,
  plan: WithObjects,
  at: string,
): Verdict => {
  const say = judging(at)("kubernetes/quota", plan.platform);
  const source = "list resourcequotas of the source, requests in the plan";
  if (!("value" in quotas)) return say.unanswered(quotas.missing, source);
  const broken = quotas.value.map((quota) => limitsOf(quota, plan));
  const short = broken.flatMap((l) => l.short).sort(byCodeUnit);
  const tight = broken.flatMap((l) => l.tight).sort(byCodeUnit);
  const samples = answered(quotas.value);
  const evidence = [
    seen("quotas below the requests of the platform at full", short.length, "0", source, samples),
    seen("quotas without room for a rolling update", tight.length, "0, or known to be so", source, samples),
  ];
  if (short.length > 0)
    return say.fail(
      `The quota of ${some(short)} is below what its workloads request: on the target some pods would never be created.`,
      "Raise the quota, or correct the requests, then plan again.",
      evidence,
    );
  if (tight.length > 0)
    return say.pass(
      `The quota of ${some(tight)} leaves no room for a rolling update: watch break-glass deploys during the move.`,
      evidence,
    );
  return say.pass(
    quotas.value.length === 0
      ? "No quota limits the platform."
      : `Every quota holds the platform at full, with room for a rolling update (${counted(quotas.value.length, "quota")}).`,
    evidence,
  );
};

/** kubernetes/tokens: tokens that never expire are used from outside, and are void on the target. Read from the ServiceAccounts: no Secret has to be seen. */
export const judgeTokens = (plan: WithObjects, at: string): Verdict => {
  const say = judging(at)("kubernetes/tokens", plan.platform);
  const accounts = objectsOf(plan).filter((o) => o.kind === "ServiceAccount" && o.apiVersion === "v1");
  const holders = accounts
    .filter((o) => {
      const secrets = field(o, "secrets");
      return Array.isArray(secrets) && secrets.length > 0;
    })
    .map((o) => sentenceOf(refOf(o)))
    .sort(byCodeUnit);
  const evidence = [
    seen(
      "service accounts with a token in a Secret",
      holders.length,
      "0, or replaced for their users",
      "secrets of the plan's ServiceAccounts",
      objectsOf(plan).length,
    ),
  ];
  return holders.length === 0
    ? say.pass("No service account of the plan has a long-lived token.", evidence)
    : say.pass(
        `${some(holders)} ${holders.length === 1 ? "has a long-lived token" : "have long-lived tokens"} that the target doesn't accept: watch who uses ${holders.length === 1 ? "it" : "them"} from outside, and give out new ones at the thaw.`,
        evidence,
      );
};

/** kubernetes/paused: a paused Deployment makes no ReplicaSet, and Velero brings none: on the target it would have no pod for ever. */
export const judgePaused = (plan: WithObjects, at: string): Verdict => {
  const say = judging(at)("kubernetes/paused", plan.platform);
  const deployments = objectsOf(plan).filter((o) => workloadKindOf(o) === "Deployment");
  const paused = deployments
    .filter((o) => field(o, "spec", "paused") === true && field(o, "spec", "replicas") !== 0)
    .map((o) => sentenceOf(refOf(o)))
    .sort(byCodeUnit);
  const evidence = [
    seen(
      "paused Deployments",
      paused.length,
      "0",
      "spec.paused of the plan's Deployments",
      objectsOf(plan).length,
    ),
  ];
  return paused.length === 0
    ? say.pass("No Deployment is paused.", evidence)
    : say.fail(
        `${some(paused)} ${paused.length === 1 ? "is" : "are"} paused: on the target ${paused.length === 1 ? "it" : "they"} would get no pods, and what ${paused.length === 1 ? "its template says" : "their templates say"} may not be what runs.`,
        "kubectl rollout resume (or undo, then resume), wait for the rollout, and make the plan again.",
        evidence,
      );
};
