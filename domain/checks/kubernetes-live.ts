/** Preflight's judgement of the source as its API server shows it now: whether the plan still fits it, and what of it would not survive the move. */

import { holds } from "../conditions.ts";
import type { Verdict } from "../gates.ts";
import { byCodeUnit, type KubeObject, refOf, sentenceOf } from "../kube.ts";
import { nameOf, type Plan } from "../plan.ts";
import { at as field } from "../pods.ts";
import { NAMESPACES_NEVER } from "../restore.ts";
import { answered, counted, judging, type Observed, objectsOf, seen, some } from "./judging.ts";

type SlimPlan = Omit<Plan, "objects">;
type Objects = Observed<readonly KubeObject[]>;

const nameIn = (o: KubeObject): string => `${o.metadata.namespace ?? "default"}/${o.metadata.name}`;
const numberAt = (o: KubeObject, ...path: readonly string[]): number | undefined => {
  const value = field(o, ...path);
  return typeof value === "number" ? value : undefined;
};
const textAt = (o: KubeObject, ...path: readonly string[]): string | undefined => {
  const value = field(o, ...path);
  return typeof value === "string" ? value : undefined;
};

/** kubernetes/version: Velero can't restore to a lower version, and the plan was made for the version that is there. */
export const judgeVersion = (minor: Observed<number>, plan: SlimPlan, at: string): Verdict => {
  const { source: from, target: to } = plan.settings;
  const say = judging(at)("kubernetes/version", from.name);
  const source = "GET /version of the source";
  if (!("value" in minor)) return say.unanswered(minor.missing, source);
  const planned = Number(to.kubernetesVersion.split(".")[1]);
  const evidence = [
    seen(
      "Kubernetes of the source",
      `1.${minor.value}`,
      `at most that of the target, ${to.kubernetesVersion}`,
      source,
    ),
  ];
  if (planned < minor.value)
    return say.fail(
      `${from.name} runs Kubernetes 1.${minor.value} and ${to.name} is planned with ${to.kubernetesVersion}: a restore to a lower version isn't supported.`,
      `Plan the target with 1.${minor.value} or later.`,
      evidence,
    );
  const moved =
    from.kubernetesVersion === `1.${minor.value}`
      ? ""
      : ` The plan took it for ${from.kubernetesVersion}: watch what was judged by that.`;
  return say.pass(
    `${from.name} runs Kubernetes 1.${minor.value}, ${to.name} is planned with ${to.kubernetesVersion}.${moved}`,
    evidence,
  );
};

/** kubernetes/nodes: the source is well before anything is moved. */
export const judgeNodes = (nodes: Objects, subject: string, at: string): Verdict => {
  const say = judging(at)("kubernetes/nodes", subject);
  const source = "list nodes of the source";
  if (!("value" in nodes)) return say.unanswered(nodes.missing, source);
  const ready = nodes.value.filter((node) => holds(node, "Ready"));
  const evidence = [seen("nodes that are Ready", ready.length, "at least 1", source, nodes.value.length)];
  if (nodes.value.length === 0)
    return say.unknown(
      "The source lists no node, though its workloads run somewhere.",
      "Correct the rights to see nodes.",
      evidence,
    );
  if (ready.length === 0)
    return say.fail(
      "No node of the source is Ready.",
      "Repair the source first; a platform that is broken isn't moved.",
      evidence,
    );
  return ready.length === nodes.value.length
    ? say.pass(`Every node of the source is Ready (${counted(ready.length, "node")}).`, evidence)
    : say.pass(
        `${ready.length} of ${nodes.value.length} nodes of the source are Ready: watch that it keeps its capacity through the move.`,
        evidence,
      );
};

/** kubernetes/plan-current: what runs on the source is what the plan was made of. */
export const judgeCurrent = (live: Objects, plan: SlimPlan, at: string): Verdict => {
  const say = judging(at)("kubernetes/plan-current", plan.settings.source.name);
  const source = "list deployments, statefulsets, daemonsets and cronjobs of the source";
  if (!("value" in live)) return say.unanswered(live.missing, source);
  const kinds = new Set(["Deployment", "StatefulSet", "DaemonSet", "CronJob"]);
  const keyOf = (kind: string, name: string) => `${kind} ${name}`;
  const there = new Set(live.value.map((o) => keyOf(o.kind, nameIn(o))));
  const planned = new Set(
    plan.workloads.filter((w) => kinds.has(w.kind)).map((w) => keyOf(w.kind, nameOf(w))),
  );
  const gone = [...planned].filter((k) => !there.has(k)).sort(byCodeUnit);
  const fresh = live.value
    .filter(
      (o) =>
        field(o, "metadata", "ownerReferences") === undefined &&
        !NAMESPACES_NEVER.includes(o.metadata.namespace ?? "default"),
    )
    .map((o) => keyOf(o.kind, nameIn(o)))
    .filter((k) => !planned.has(k))
    .sort(byCodeUnit);
  const evidence = [
    seen("planned workloads that are gone", gone.length, "0", source, planned.size),
    seen("workloads that the plan doesn't know", fresh.length, "0", source, live.value.length),
  ];
  if (live.value.length === 0 && planned.size > 0)
    return say.unknown(
      "The source lists no workload at all, and the plan has some.",
      "Correct the rights to see workloads, or the source's endpoint.",
      evidence,
    );
  if (gone.length > 0)
    return say.fail(
      `${some(gone)} ${gone.length === 1 ? "is" : "are"} in the plan and no longer on the source.`,
      "Plan again from the source as it is.",
      evidence,
    );
  return fresh.length > 0
    ? say.fail(
        `${some(fresh)} ${fresh.length === 1 ? "runs" : "run"} on the source and ${fresh.length === 1 ? "isn't" : "aren't"} in the plan: after the cut ${fresh.length === 1 ? "it" : "they"} would be missing.`,
        "Plan again from the source as it is.",
        evidence,
      )
    : say.pass(
        `The source runs the ${counted(planned.size, "workload")} of the plan and no other.`,
        evidence,
      );
};

/** kubernetes/workloads-ready: what isn't ready before the move won't be compared well after it. */
export const judgeReadiness = (live: Objects, subject: string, at: string): Verdict => {
  const say = judging(at)("kubernetes/workloads-ready", subject);
  const source = "status of the source's Deployments and StatefulSets";
  if (!("value" in live)) return say.unanswered(live.missing, source);
  const scaled = live.value.filter((o) => o.kind === "Deployment" || o.kind === "StatefulSet");
  const wanted = scaled.filter((o) => (numberAt(o, "spec", "replicas") ?? 1) > 0);
  const dark = wanted
    .filter((o) => (numberAt(o, "status", "readyReplicas") ?? 0) === 0)
    .map((o) => sentenceOf(refOf(o)))
    .sort(byCodeUnit);
  const evidence = [
    seen("workloads without one ready pod", dark.length, "0, or known to be so", source, answered(wanted)),
  ];
  if (wanted.length > 0 && dark.length === wanted.length)
    return say.fail(
      "No workload of the source has a ready pod.",
      "Repair the source first; a platform that is broken isn't moved.",
      evidence,
    );
  return dark.length > 0
    ? say.pass(
        `${some(dark)} ${dark.length === 1 ? "has" : "have"} no ready pod already now: watch that the move isn't blamed for it.`,
        evidence,
      )
    : say.pass(
        `Every workload that should run has a ready pod (${counted(wanted.length, "workload")}).`,
        evidence,
      );
};

type Hook = { readonly name: string; readonly service: string };

const blockingHooks = (configurations: readonly KubeObject[]): readonly Hook[] =>
  configurations.flatMap((c) => {
    const hooks = field(c, "webhooks");
    return (Array.isArray(hooks) ? hooks : []).flatMap((hook: unknown) => {
      // The API's default is Fail.
      const blocks = (field(hook, "failurePolicy") ?? "Fail") === "Fail";
      const namespace = field(hook, "clientConfig", "service", "namespace");
      const name = field(hook, "clientConfig", "service", "name");
      return blocks && typeof namespace === "string" && typeof name === "string"
        ? [{ name: sentenceOf(refOf(c)), service: `${namespace}/${name}` }]
        : [];
    });
  });

/** kubernetes/webhooks: a webhook that must answer and can't would refuse every object that is restored. */
export const judgeWebhooks = (
  configurations: Objects,
  live: Objects,
  plan: SlimPlan,
  at: string,
): Verdict => {
  const say = judging(at)("kubernetes/webhooks", plan.settings.source.name);
  const source = "list validating- and mutatingwebhookconfigurations of the source";
  if (!("value" in configurations)) return say.unanswered(configurations.missing, source);
  if (!("value" in live)) return say.unanswered(live.missing, source);
  const ready = new Set(
    live.value
      .filter(
        (o) => (numberAt(o, "status", o.kind === "DaemonSet" ? "numberReady" : "readyReplicas") ?? 0) > 0,
      )
      .map((o) => `${o.kind} ${nameIn(o)}`),
  );
  const hooks = blockingHooks(configurations.value);
  const behind = (service: string) => plan.workloads.filter((w) => w.services.includes(service));
  const dead = hooks
    .filter((h) => !behind(h.service).some((w) => ready.has(`${w.kind} ${nameOf(w)}`)))
    .map((h) => `${h.name} (${h.service})`);
  const evidence = [
    seen(
      "webhooks that must answer",
      hooks.length,
      "each with a ready pod behind it",
      source,
      answered(configurations.value),
    ),
    seen("of these without a ready pod", dead.length, "0", source, answered(hooks)),
  ];
  if (dead.length > 0)
    return say.fail(
      `${some(dead.sort(byCodeUnit))} must answer (failurePolicy Fail) and no ready pod of the plan stands behind ${dead.length === 1 ? "it" : "them"}: every restored object would be refused.`,
      "Repair or remove the webhook, or set its failurePolicy to Ignore for the move.",
      evidence,
    );
  return hooks.length === 0
    ? say.pass("No admission webhook of the source must answer.", evidence)
    : say.pass(
        `${counted(hooks.length, "webhook")} must answer; ${hooks.length === 1 ? "it is" : "they are"} restored after the wave that holds their pods.`,
        evidence,
      );
};

/** kubernetes/node-ports: who calls a node by its port meets other nodes, and where it was assigned by chance, another port. */
export const judgeNodePorts = (services: Objects, subject: string, at: string): Verdict => {
  const say = judging(at)("kubernetes/node-ports", subject);
  const source = "list services of the source";
  if (!("value" in services)) return say.unanswered(services.missing, source);
  const ports = services.value
    .filter((s) => field(s, "spec", "type") === "NodePort")
    .map(nameIn)
    .sort(byCodeUnit);
  const evidence = [
    seen(
      "Services of type NodePort",
      ports.length,
      "nobody outside calls nodes by port",
      source,
      answered(services.value),
    ),
  ];
  return ports.length === 0
    ? say.pass("No Service is reached by a node's port.", evidence)
    : say.pass(
        `${some(ports)} ${ports.length === 1 ? "is" : "are"} of type NodePort: watch for clients that call nodes by port, since ports that the API chose change.`,
        evidence,
      );
};

/** kubernetes/reclaim-policy: a disk that two clusters know must not go with the first of them. */
export const judgeReclaim = (volumes: Objects, plan: SlimPlan, at: string): Verdict => {
  const say = judging(at)("kubernetes/reclaim-policy", plan.settings.source.name);
  const source = "list persistentvolumes of the source";
  if (!("value" in volumes)) return say.unanswered(volumes.missing, source);
  const copied = new Set(
    plan.workloads.filter((w) => w.decision === "copy-with-pause").map((w) => w.namespace),
  );
  const deleted = volumes.value.filter((v) => field(v, "spec", "persistentVolumeReclaimPolicy") === "Delete");
  const endangered = deleted
    .filter((v) => copied.has(textAt(v, "spec", "claimRef", "namespace") ?? ""))
    .map((v) => v.metadata.name)
    .sort(byCodeUnit);
  const evidence = [
    seen(
      "volumes that are deleted with their claim",
      deleted.length,
      "none whose data are copied",
      source,
      answered(volumes.value),
    ),
  ];
  if (endangered.length > 0)
    return say.fail(
      `${some(endangered)} ${endangered.length === 1 ? "has" : "have"} reclaim policy Delete and ${endangered.length === 1 ? "its data are" : "their data are"} copied: removing the claim destroys the disk.`,
      "Set persistentVolumeReclaimPolicy to Retain before the move.",
      evidence,
    );
  return deleted.length === 0
    ? say.pass("No volume of the source is deleted with its claim.", evidence)
    : say.pass(
        `${counted(deleted.length, "volume")} ${deleted.length === 1 ? "goes" : "go"} with ${deleted.length === 1 ? "its" : "their"} claim; no data of ${deleted.length === 1 ? "it" : "them"} move: watch the decommission, which asserts Retain.`,
        evidence,
      );
};

/** kubernetes/disruption-budgets: budgets without slack block draining nodes, not the move itself. */
export const judgeBudgets = (budgets: Objects, subject: string, at: string): Verdict => {
  const say = judging(at)("kubernetes/disruption-budgets", subject);
  const source = "list poddisruptionbudgets of the source";
  if (!("value" in budgets)) return say.unanswered(budgets.missing, source);
  const tight = budgets.value
    .filter((b) => numberAt(b, "status", "disruptionsAllowed") === 0)
    .map(nameIn)
    .sort(byCodeUnit);
  const evidence = [
    seen(
      "budgets that allow no disruption now",
      tight.length,
      "0, or known to be so",
      source,
      answered(budgets.value),
    ),
  ];
  return tight.length === 0
    ? say.pass(`Every disruption budget has slack (${counted(budgets.value.length, "budget")}).`, evidence)
    : say.pass(
        `${some(tight)} ${tight.length === 1 ? "allows" : "allow"} no disruption: Repot scales and doesn't evict, but watch that no node has to be drained meanwhile.`,
        evidence,
      );
};

/** kubernetes/replicas-owner: one writer of spec.replicas for each workload. */
export const judgeReplicasOwner = (
  autoscalers: Objects,
  plan: Pick<Plan, "settings" | "objects">,
  at: string,
): Verdict => {
  const say = judging(at)("kubernetes/replicas-owner", plan.settings.source.name);
  const source = "list horizontalpodautoscalers of the source, ScaledObjects of the plan";
  if (!("value" in autoscalers)) return say.unanswered(autoscalers.missing, source);
  const owners = new Map<string, string[]>();
  const scaled = objectsOf(plan).filter(
    (o) => o.kind === "ScaledObject" && o.apiVersion.startsWith("keda.sh/"),
  );
  const byKeda = (o: KubeObject) => {
    const owners = field(o, "metadata", "ownerReferences");
    return Array.isArray(owners) && owners.some((r: unknown) => field(r, "kind") === "ScaledObject");
  };
  for (const o of [...autoscalers.value.filter((h) => !byKeda(h)), ...scaled]) {
    const target = `${textAt(o, "spec", "scaleTargetRef", "kind") ?? "Deployment"} ${o.metadata.namespace ?? "default"}/${textAt(o, "spec", "scaleTargetRef", "name") ?? ""}`;
    owners.set(target, [...(owners.get(target) ?? []), `${o.kind} ${o.metadata.name}`]);
  }
  const twice = [...owners]
    .filter(([, of]) => of.length > 1)
    .map(([target, of]) => `${target} (${of.sort(byCodeUnit).join(", ")})`)
    .sort(byCodeUnit);
  const evidence = [
    seen("workloads with two autoscalers", twice.length, "0", source, answered(autoscalers.value)),
  ];
  return twice.length === 0
    ? say.pass(
        owners.size === 0
          ? "No autoscaler writes a replica count."
          : `Every autoscaled workload has one autoscaler (${counted(owners.size, "workload")}).`,
        evidence,
      )
    : say.fail(
        `${some(twice, 3)}: two autoscalers write one replica count, and the floor would hold for one of them only.`,
        "Remove one of the two autoscalers.",
        evidence,
      );
};
