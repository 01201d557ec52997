/** Admission: what an API server asks after it knows who writes and that the object is well formed, in the real server's order. */

import type { KubeObject } from "../../../../domain/kube.ts";
import type { Endpoints } from "../endpoints.ts";
import { at, namespaceOf, textAt } from "../fields.ts";
import type { Machine } from "../machine.ts";
import type { Admit, Attempt } from "../registry.ts";
import { forbidden } from "../status.ts";
import { limitRanges } from "./limits.ts";
import { podSecurity } from "./pod-security.ts";
import { makePolicies } from "./policies.ts";
import { quotas } from "./quota.ts";
import { webhooks } from "./webhooks.ts";

/** Mutating steps come first, and quota last: it counts only what everything else let through. */
export const makeAdmission = (machine: Machine, endpoints: Endpoints): Admit => {
  const policies = makePolicies(machine);
  return (attempt) => {
    const mutated = attempt.after ? serviceAccounts(machine, limitRanges(machine, attempt)) : undefined;
    const judged: Attempt = { ...attempt, after: mutated };
    protectSystem(judged);
    webhooks(machine, endpoints, judged);
    podSecurity(machine, judged);
    policies(judged);
    quotas(machine, judged);
    return mutated;
  };
};

/** A pod runs as a service account that exists. */
const serviceAccounts = (
  machine: Machine,
  { resource, operation, after }: Attempt,
): KubeObject | undefined => {
  if (resource.key !== "pods" || operation !== "CREATE" || !after) return after;
  const account = textAt(after, "spec", "serviceAccountName") ?? "default";
  if (machine.store.get("serviceaccounts", namespaceOf(after), account)) return after;
  const name = after.metadata.name;
  throw forbidden(
    resource,
    name,
    `error looking up service account ${namespaceOf(after)}/${account}: serviceaccount "${account}" not found`,
  );
};

/** The namespaces that a cluster can't do without. */
const protectSystem = ({ resource, operation, name }: Attempt): void => {
  if (resource.key !== "namespaces" || operation !== "DELETE") return;
  if (["default", "kube-system", "kube-public"].includes(name))
    throw forbidden(resource, name, "this namespace may not be deleted");
};

/** Whether this attempt is about pods themselves, or about a template that they will be made from. */
export const isPod = (attempt: Attempt): boolean =>
  attempt.resource.key === "pods" && attempt.subresource === "";

export const labelsOfNamespace = (machine: Machine, namespace: string): Readonly<Record<string, string>> =>
  (at(machine.store.get("namespaces", "", namespace), "metadata", "labels") ?? {}) as Readonly<
    Record<string, string>
  >;
