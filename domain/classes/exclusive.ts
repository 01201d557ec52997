/** What must not run twice: leases, schedulers, Recreate, a person's word. */

import type { Inventory, Running } from "../inventory.ts";
import type { KubeObject } from "../kube.ts";
import { at } from "../pods.ts";
import { type Evidence, objectName, podPath, type Subject } from "./recognise.ts";

/** Somebody's own word on a workload or its pods that there may be only one: `repot.dev/exclusive: "true"`. */
export const EXCLUSIVE_ANNOTATION = "repot.dev/exclusive";

type Rule = { apiGroups?: readonly string[]; resources?: readonly string[]; verbs?: readonly string[] };

const grantsLeases = (role: KubeObject): boolean =>
  ((role["rules"] ?? []) as readonly Rule[]).some(
    (rule) =>
      (rule.apiGroups ?? []).includes("coordination.k8s.io") &&
      (rule.resources ?? []).some((r) => r === "leases" || r === "*") &&
      (rule.verbs ?? []).some((v) => ["update", "patch", "create", "*"].includes(v)),
  );

/** Service accounts that may hold a Lease, `namespace/name`, with the role that says so. */
export const leaseHolders = (inventory: Inventory): ReadonlyMap<string, string> => {
  const roles = new Map(
    [...inventory.ofKind("Role"), ...inventory.ofKind("ClusterRole")]
      .filter(grantsLeases)
      .map((o) => [`${o.kind} ${o.kind === "Role" ? `${o.metadata.namespace}/` : ""}${o.metadata.name}`, o]),
  );
  const holders = new Map<string, string>();
  for (const binding of [...inventory.ofKind("RoleBinding"), ...inventory.ofKind("ClusterRoleBinding")]) {
    const kind = String(at(binding, "roleRef", "kind"));
    const namespace = binding.metadata.namespace;
    const role = `${kind} ${kind === "Role" ? `${namespace}/` : ""}${String(at(binding, "roleRef", "name"))}`;
    if (!roles.has(role)) continue;
    for (const subject of (binding["subjects"] ?? []) as readonly unknown[])
      if (at(subject, "kind") === "ServiceAccount")
        holders.set(
          `${String(at(subject, "namespace") ?? namespace ?? "default")}/${String(at(subject, "name"))}`,
          role,
        );
  }
  return holders;
};

/** A Lease that a pod of the workload holds: holders are called after the pod. */
const heldLease = (running: Running, leases: readonly KubeObject[]): KubeObject | undefined =>
  leases.find(
    (lease) =>
      lease.metadata.namespace === running.namespace &&
      String(at(lease, "spec", "holderIdentity") ?? "").startsWith(`${running.name}-`),
  );

const annotationsOf = (running: Running): Readonly<Record<string, string>> => ({
  ...running.template.metadata?.annotations,
  ...running.object.metadata.annotations,
});

const schedulerWord = (subject: Subject): Evidence | undefined => {
  const { running } = subject;
  for (const container of running.template.spec.containers) {
    const words = [...(container.command ?? []), ...(container.args ?? [])];
    const text = words.join(" ");
    const match =
      /(^|[\s/])(celery(\s.*)?\s(beat|-B\b)|airflow\s+scheduler|rq-?scheduler|rqscheduler|clockwork|whenever|dagster-daemon|rails\s.*cron|php\s+artisan\s+schedule:(work|run)|supercronic|crond?)(\s|$)/.exec(
        text,
      );
    if (match || (words.length > 0 && words[0] === "scheduler"))
      return {
        object: objectName(running),
        field: `${podPath(running)}.containers[${container.name}].${container.args?.length ? "args" : "command"}`,
        sentence: "It runs a scheduler: two of them would start everything twice.",
      };
    const env = container.env?.find(
      (e) =>
        /^(QUARTZ_|SCHEDULER_(ENABLED|INSTANCE|MODE)|ENABLE_SCHEDULER|RUN_SCHEDULER|AIRFLOW__SCHEDULER__)/.test(
          e.name,
        ) && e.value !== "false",
    );
    if (env)
      return {
        object: objectName(running),
        field: `${podPath(running)}.containers[${container.name}].env[${env.name}]`,
        sentence: "It configures a scheduler: two of them would start everything twice.",
      };
  }
  return undefined;
};

/** Why there may be only one of it, undefined where nothing says so. */
export const exclusiveEvidence = (
  subject: Subject,
  facts: { readonly leases: readonly KubeObject[]; readonly holders: ReadonlyMap<string, string> },
): Evidence | undefined => {
  const { running } = subject;
  const said = annotationsOf(running)[EXCLUSIVE_ANNOTATION];
  if (said === "true")
    return {
      object: objectName(running),
      field: `metadata.annotations[${EXCLUSIVE_ANNOTATION}]`,
      sentence: "Its owners say that there may be only one.",
    };
  const lease = heldLease(running, facts.leases);
  if (lease)
    return {
      object: `Lease ${running.namespace}/${lease.metadata.name}`,
      field: "spec.holderIdentity",
      sentence:
        "A pod of it holds this Lease; a leader is elected in each cluster, so two clusters would have two.",
    };
  const account = `${running.namespace}/${running.template.spec.serviceAccountName ?? "default"}`;
  const role = facts.holders.get(account);
  if (role !== undefined)
    return {
      object: role,
      field: "rules[leases]",
      sentence: `ServiceAccount ${account} may hold Leases; a leader is elected in each cluster, so two clusters would have two.`,
    };
  const scheduler = running.replicas <= 1 ? schedulerWord(subject) : undefined;
  if (scheduler) return scheduler;
  if (running.replicas <= 1 && at(running.object, "spec", "strategy", "type") === "Recreate")
    return {
      object: objectName(running),
      field: "spec.strategy.type",
      sentence: "One replica, replaced by Recreate: its owners never let two run at once.",
    };
  return undefined;
};
