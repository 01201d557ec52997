/**
 * Admission webhooks. What they decide isn't simulated (they allow); that they must answer is: one with `failurePolicy: Fail` whose Service has
 * nobody behind it blocks every write that its rules take.
 */

import type { Endpoints } from "../endpoints.ts";
import { fieldsAt, listAt, textAt } from "../fields.ts";
import type { Machine } from "../machine.ts";
import type { Attempt } from "../registry.ts";
import { ApiError } from "../status.ts";
import { rulesTake, selectorsTake } from "./rules.ts";

const KINDS = [
  "mutatingwebhookconfigurations.admissionregistration.k8s.io",
  "validatingwebhookconfigurations.admissionregistration.k8s.io",
];

/** @throws ApiError 500 where a webhook that must answer can't. */
export const webhooks = (machine: Machine, endpoints: Endpoints, attempt: Attempt): void => {
  // The API server never asks webhooks about the objects that configure admission itself.
  if (attempt.resource.group === "admissionregistration.k8s.io") return;
  for (const key of KINDS)
    for (const configuration of machine.store.list(key))
      for (const webhook of listAt(configuration, "webhooks")) {
        if (webhook["failurePolicy"] === "Ignore") continue;
        if (!rulesTake(listAt(webhook, "rules"), attempt) || !selectorsTake(machine, webhook, attempt))
          continue;
        const service = fieldsAt(webhook, "clientConfig", "service");
        const name = textAt(service, "name");
        const namespace = textAt(service, "namespace") ?? "default";
        if (name === undefined) continue;
        const behind = endpoints.of(namespace, name);
        if (behind?.pods.some((pod) => pod.accepting)) continue;
        const url = `https://${name}.${namespace}.svc:${String(service["port"] ?? 443)}${textAt(service, "path") ?? ""}?timeout=10s`;
        const why = behind ? `no endpoints available for service "${name}"` : `service "${name}" not found`;
        throw new ApiError(
          500,
          "InternalError",
          `Internal error occurred: failed calling webhook "${String(webhook["name"])}": failed to call webhook: Post "${url}": ${why}`,
        );
      }
};
