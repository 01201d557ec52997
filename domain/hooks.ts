/**
 * What other writes wait for: admission webhooks and aggregated APIs. Without a ready pod behind it, a webhook with `failurePolicy: Fail` refuses
 * every object that its rules take, its own pods among them. So they come to the target after the wave that holds their backends, and they go
 * first on the way back. Pure.
 */

import type { KubeObject } from "./kube.ts";
import type { Plan } from "./plan.ts";
import { nameOf } from "./plan.ts";
import { at } from "./pods.ts";
import { workloadsBehind } from "./queries.ts";

const CONFIGURATIONS = new Set(["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"]);

const serviceOf = (reference: unknown): string | undefined => {
  const [namespace, name] = [at(reference, "namespace"), at(reference, "name")];
  return typeof name === "string"
    ? `${typeof namespace === "string" ? namespace : "default"}/${name}`
    : undefined;
};

/** Services behind a webhook configuration or an aggregated API; all of them, or only those that must answer. */
export const hookServices = (object: KubeObject, mustAnswer = false): readonly string[] => {
  if (object.kind === "APIService") {
    const service = serviceOf(at(object, "spec", "service"));
    return service === undefined ? [] : [service];
  }
  if (!CONFIGURATIONS.has(object.kind)) return [];
  const hooks = at(object, "webhooks");
  const found = (Array.isArray(hooks) ? hooks : []).flatMap((hook: unknown) => {
    // The API's default is Fail.
    if (mustAnswer && (at(hook, "failurePolicy") ?? "Fail") !== "Fail") return [];
    return serviceOf(at(hook, "clientConfig", "service")) ?? [];
  });
  return [...new Set(found)].sort();
};

/** Whether an object is such a hook; an APIService without a Service is the API server's own. */
export const isHook = (object: KubeObject): boolean =>
  CONFIGURATIONS.has(object.kind) || (object.kind === "APIService" && hookServices(object).length > 0);

/** Whether everything behind a hook has been moved once so many waves are over. What the plan doesn't know, or leaves where it is, is not waited for. */
export const isDue = (object: KubeObject, plan: Pick<Plan, "workloads">, wavesOver: number): boolean => {
  const behind = workloadsBehind(plan.workloads);
  const names = new Set(hookServices(object).flatMap((service) => behind.get(service) ?? []));
  return plan.workloads.every((w) => !names.has(nameOf(w)) || w.wave === null || w.wave < wavesOver);
};
