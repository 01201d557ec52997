/** ResourceQuotas: how many objects, and how much CPU and memory, a namespace may ask for. */

import type { KubeObject } from "../../../../domain/kube.ts";
import { apiVersionOf } from "../../../../domain/kube-kinds.ts";
import { at, fieldsAt, isDeleting, listAt, quantity } from "../fields.ts";
import type { Machine } from "../machine.ts";
import { requestsOf } from "../placement.ts";
import type { Attempt } from "../registry.ts";
import { forbidden, qualified } from "../status.ts";

/** @throws ApiError 403 where the new object would go over a hard limit of its namespace. */
export const quotas = (machine: Machine, attempt: Attempt): void => {
  const { operation, namespace, after, resource, name } = attempt;
  if (operation !== "CREATE" || namespace === "" || !after) return;
  for (const quota of machine.store.in("resourcequotas", namespace)) {
    const hard = fieldsAt(quota, "spec", "hard");
    const over: {
      readonly what: string;
      readonly asked: number;
      readonly used: number;
      readonly hard: string;
    }[] = [];
    for (const [what, limit] of Object.entries(hard)) {
      const asked = costOf(attempt, after, what);
      if (asked === undefined) continue;
      if (asked === "unspecified")
        throw forbidden(
          resource,
          name,
          `failed quota: ${quota.metadata.name}: must specify ${what} for: ${containerNames(after)}`,
        );
      const used = usage(machine, namespace, what);
      if (used + asked > (quantity(limit) ?? 0) + 1e-9) over.push({ what, asked, used, hard: String(limit) });
    }
    if (over.length === 0) continue;
    const list = (field: "asked" | "used" | "hard") => over.map((o) => `${o.what}=${o[field]}`).join(",");
    throw forbidden(
      resource,
      name,
      `exceeded quota: ${quota.metadata.name}, requested: ${list("asked")}, used: ${list("used")}, limited: ${list("hard")}`,
    );
  }
};

const containerNames = (pod: KubeObject): string =>
  listAt(pod, "spec", "containers")
    .map((c) => String(c["name"]))
    .join(",");

/** What a new object takes of a quota's entry; undefined where the entry isn't about it. */
const costOf = (
  { resource }: Attempt,
  object: KubeObject,
  what: string,
): number | "unspecified" | undefined => {
  if (what === resource.resource || what === `count/${qualified(resource)}`) return 1;
  if (resource.key !== "pods") return undefined;
  return computeOf(object, what);
};

const computeOf = (pod: KubeObject, what: string): number | "unspecified" | undefined => {
  const [kind, name] = what.includes(".") ? what.split(".") : ["requests", what];
  if ((name !== "cpu" && name !== "memory") || (kind !== "requests" && kind !== "limits")) return undefined;
  const containers = listAt(pod, "spec", "containers");
  const specified = containers.every((c) => {
    const resources = fieldsAt(c, "resources");
    return fieldsAt(resources, kind)[name] !== undefined || fieldsAt(resources, "limits")[name] !== undefined;
  });
  if (!specified) return "unspecified";
  if (kind === "limits")
    return containers.reduce((sum, c) => sum + (quantity(fieldsAt(c, "resources", "limits")[name]) ?? 0), 0);
  const room = requestsOf(pod["spec"]);
  return name === "cpu" ? room.cpuMilli / 1_000 : room.memoryBytes;
};

/** What the namespace uses of an entry: all objects of a kind, or the pods that still run. */
const usage = (machine: Machine, namespace: string, what: string): number => {
  const counted = what.startsWith("count/") ? what.slice("count/".length) : what;
  const resource = machine.registry.kinds.all().find((r) => r.key === counted && apiVersionOf(r) !== "");
  if (resource && (what.startsWith("count/") || !["cpu", "memory"].includes(what))) {
    const all = [...machine.store.in(resource.key, namespace)];
    return resource.key === "pods" ? all.filter(runs).length : all.length;
  }
  let sum = 0;
  for (const pod of machine.store.in("pods", namespace)) {
    const cost = runs(pod) ? computeOf(pod, what) : undefined;
    if (typeof cost === "number") sum += cost;
  }
  return sum;
};

const runs = (pod: KubeObject): boolean => {
  const phase = at(pod, "status", "phase");
  return phase !== "Succeeded" && phase !== "Failed" && !(isDeleting(pod) && phase === undefined);
};
