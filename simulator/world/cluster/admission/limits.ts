/** LimitRanges: defaults for containers that ask for nothing, and bounds on what they ask. */

import type { KubeObject } from "../../../../domain/kube.ts";
import { type Fields, fieldsAt, listAt, quantity, textAt } from "../fields.ts";
import type { Machine } from "../machine.ts";
import type { Attempt } from "../registry.ts";
import { forbidden } from "../status.ts";

/** The attempt with the defaults of its namespace's LimitRanges. @throws ApiError 403 beyond a bound. */
export const limitRanges = (machine: Machine, attempt: Attempt): Attempt => {
  const { resource, operation, namespace, after } = attempt;
  if (resource.key !== "pods" || operation !== "CREATE" || !after) return attempt;
  const limits = [...machine.store.in("limitranges", namespace)].flatMap((range) =>
    listAt(range, "spec", "limits"),
  );
  const forContainers = limits.filter((limit) => textAt(limit, "type") === "Container");
  if (forContainers.length === 0) return attempt;
  const containers = listAt(after, "spec", "containers").map((c) => defaulted(c, forContainers));
  for (const container of containers) for (const limit of forContainers) bounds(attempt, container, limit);
  return { ...attempt, after: { ...after, spec: { ...fieldsAt(after, "spec"), containers } } as KubeObject };
};

const defaulted = (container: Fields, limits: readonly Fields[]): Fields => {
  const resources = fieldsAt(container, "resources");
  const from = (field: string) => Object.assign({}, ...limits.map((l) => fieldsAt(l, field))) as Fields;
  const ownLimits = fieldsAt(resources, "limits");
  const newLimits = { ...from("default"), ...ownLimits };
  const requests = {
    ...from("default"),
    ...from("defaultRequest"),
    ...ownLimits,
    ...fieldsAt(resources, "requests"),
  };
  return { ...container, resources: { ...resources, limits: newLimits, requests } };
};

const bounds = (attempt: Attempt, container: Fields, limit: Fields): void => {
  for (const [name, max] of Object.entries(fieldsAt(limit, "max"))) {
    const asked =
      fieldsAt(container, "resources", "limits")[name] ?? fieldsAt(container, "resources", "requests")[name];
    if (asked === undefined)
      refuse(attempt, `maximum ${name} usage per Container is ${String(max)}.  No limit is specified`);
    if ((quantity(asked) ?? 0) > (quantity(max) ?? Number.POSITIVE_INFINITY))
      refuse(attempt, `maximum ${name} usage per Container is ${String(max)}, but limit is ${String(asked)}`);
  }
  for (const [name, min] of Object.entries(fieldsAt(limit, "min"))) {
    const asked = fieldsAt(container, "resources", "requests")[name];
    if ((quantity(asked) ?? 0) < (quantity(min) ?? 0))
      refuse(
        attempt,
        `minimum ${name} usage per Container is ${String(min)}, but request is ${String(asked ?? 0)}`,
      );
  }
};

const refuse = ({ resource, name }: Attempt, why: string): never => {
  throw forbidden(resource, name, why);
};
