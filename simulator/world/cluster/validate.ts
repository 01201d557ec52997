/** What the API server refuses of an object's own content (422), for the fields that anything here relies on. */

import { Cron } from "croner";
import type { KubeObject } from "../../../domain/kube.ts";
import {
  at,
  type Fields,
  fieldsAt,
  isFields,
  type Labels,
  listAt,
  numberAt,
  quantity,
  same,
  selects,
  textAt,
} from "./fields.ts";
import type { Resource } from "./kinds.ts";
import { type FieldError, invalid } from "./status.ts";

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

const SUBDOMAIN_SAYS =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const LABEL_SAYS =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
/** Kinds whose names may hold anything that a path may. */
const FREE_NAMES = new Set(["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"]);

type Check = (object: KubeObject) => readonly FieldError[];

/** Throws 422 with every field that is wrong. */
export const validate = (resource: Resource, object: KubeObject): void => {
  const errors = [...nameErrors(resource, object), ...labelErrors(object)];
  if (!resource.custom) errors.push(...(CHECKS[resource.kind]?.(object) ?? []));
  if (errors.length > 0) throw invalid(resource.kind, resource.group, object.metadata.name, errors);
};

const nameErrors = (resource: Resource, object: KubeObject): readonly FieldError[] => {
  const { name } = object.metadata;
  if (FREE_NAMES.has(resource.kind)) return [];
  const strict = resource.kind === "Namespace" || resource.kind === "Service";
  const ok = strict ? name.length <= 63 && LABEL.test(name) : name.length <= 253 && SUBDOMAIN.test(name);
  const detail = strict ? LABEL_SAYS : SUBDOMAIN_SAYS;
  return ok ? [] : [{ field: "metadata.name", type: "Invalid value", value: name, detail }];
};

const labelErrors = (object: KubeObject): readonly FieldError[] =>
  Object.entries(fieldsAt(object, "metadata", "labels"))
    .filter(([, value]) => typeof value !== "string" || value.length > 63 || !LABEL_VALUE.test(value))
    .map(([, value]) => ({
      field: "metadata.labels",
      type: "Invalid value",
      value,
      detail:
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    }));

const notNegative = (object: unknown, ...path: readonly string[]): readonly FieldError[] => {
  const value = at(object, ...path);
  if (value === undefined) return [];
  if (typeof value === "number" && Number.isInteger(value) && value >= 0) return [];
  return [
    { field: path.join("."), type: "Invalid value", value, detail: "must be greater than or equal to 0" },
  ];
};

const containers = (spec: Fields, path: string): readonly FieldError[] => {
  const list = listAt(spec, "containers");
  if (list.length === 0) return [{ field: `${path}.containers`, type: "Required value", detail: "" }];
  const names = new Set<unknown>();
  return list.flatMap((container, i) => {
    const field = `${path}.containers[${i}]`;
    const errors: FieldError[] = [];
    const name = container.name;
    if (!textAt(container, "name"))
      errors.push({ field: `${field}.name`, type: "Required value", detail: "" });
    else if (names.has(name))
      errors.push({ field: `${field}.name`, type: "Duplicate value", value: name, detail: "" });
    names.add(name);
    if (!textAt(container, "image"))
      errors.push({ field: `${field}.image`, type: "Required value", detail: "" });
    return [...errors, ...requests(container, field)];
  });
};

const requests = (container: Fields, field: string): readonly FieldError[] => {
  const limits = fieldsAt(container, "resources", "limits");
  return Object.entries(fieldsAt(container, "resources", "requests")).flatMap(
    ([name, value]): FieldError[] => {
      const asked = quantity(value);
      const limit = quantity(limits[name]);
      const place = `${field}.resources.requests`;
      if (asked === undefined)
        return [
          {
            field: `${place}[${name}]`,
            type: "Invalid value",
            value,
            detail:
              "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
          },
        ];
      if (limit !== undefined && asked > limit)
        return [
          {
            field: place,
            type: "Invalid value",
            value,
            detail: `must be less than or equal to ${name} limit of ${limits[name]}`,
          },
        ];
      return [];
    },
  );
};

const workload: Check = (object) => {
  const selector = at(object, "spec", "selector");
  const labels = fieldsAt(object, "spec", "template", "metadata", "labels") as Labels;
  const errors: FieldError[] = [...notNegative(object, "spec", "replicas")];
  errors.push(...notNegative(object, "spec", "minReadySeconds"));
  if (!isFields(selector)) errors.push({ field: "spec.selector", type: "Required value", detail: "" });
  else if (!selects(selector, labels))
    errors.push({
      field: "spec.template.metadata.labels",
      type: "Invalid value",
      value: labels,
      detail: "`selector` does not match template `labels`",
    });
  errors.push(...containers(fieldsAt(object, "spec", "template", "spec"), "spec.template.spec"));
  const policy = at(object, "spec", "template", "spec", "restartPolicy");
  if (policy !== "Always")
    errors.push({
      field: "spec.template.spec.restartPolicy",
      type: "Unsupported value",
      value: policy,
      detail: 'supported values: "Always"',
    });
  return errors;
};

const job = (spec: Fields, path: string): readonly FieldError[] => {
  const policy = at(spec, "template", "spec", "restartPolicy");
  const errors: FieldError[] = [...containers(fieldsAt(spec, "template", "spec"), `${path}.template.spec`)];
  if (policy !== "Never" && policy !== "OnFailure")
    errors.push({
      field: `${path}.template.spec.restartPolicy`,
      type: "Required value",
      detail: 'valid values: "OnFailure", "Never"',
    });
  return errors;
};

/** `Local` would be the controller's own zone: the real server refuses it as well. */
const isTimeZone = (zone: string): boolean => {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return zone !== "Local" && zone !== "";
  } catch {
    return false;
  }
};

/** Whether a schedule parses, and why not. Descriptors (`@hourly`, `@every 1h30m`) are schedules too. */
export const scheduleProblem = (schedule: string): string | undefined => {
  if (/^@every (\d+(\.\d+)?(h|m|s|ms))+$/.test(schedule)) return undefined;
  try {
    new Cron(schedule, { paused: true, mode: "5-part" });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

const cronJob: Check = (object) => {
  const schedule = textAt(object, "spec", "schedule") ?? "";
  const zone = textAt(object, "spec", "timeZone");
  const errors: FieldError[] = [
    ...job(fieldsAt(object, "spec", "jobTemplate", "spec"), "spec.jobTemplate.spec"),
  ];
  if (schedule === "") return [{ field: "spec.schedule", type: "Required value", detail: "" }, ...errors];
  if (zone !== undefined && !isTimeZone(zone))
    errors.push({
      field: "spec.timeZone",
      type: "Invalid value",
      value: zone,
      detail: `unknown time zone ${zone}`,
    });
  else {
    const problem = scheduleProblem(schedule);
    if (problem !== undefined)
      errors.push({ field: "spec.schedule", type: "Invalid value", value: schedule, detail: problem });
  }
  return [...errors, ...notNegative(object, "spec", "startingDeadlineSeconds")];
};

const autoscaler: Check = (object) => {
  const max = numberAt(object, "spec", "maxReplicas") ?? 0;
  const min = numberAt(object, "spec", "minReplicas") ?? 1;
  if (max < 1)
    return [
      { field: "spec.maxReplicas", type: "Invalid value", value: max, detail: "must be greater than 0" },
    ];
  if (max >= min) return [];
  const detail = "must be greater than or equal to `minReplicas`";
  return [{ field: "spec.maxReplicas", type: "Invalid value", value: max, detail }];
};

const service: Check = (object) => {
  const type = textAt(object, "spec", "type");
  if (type === "ExternalName")
    return textAt(object, "spec", "externalName")
      ? []
      : [{ field: "spec.externalName", type: "Required value", detail: "" }];
  const headless = at(object, "spec", "clusterIP") === "None";
  if (listAt(object, "spec", "ports").length === 0 && !headless)
    return [{ field: "spec.ports", type: "Required value", detail: "" }];
  return [];
};

const CHECKS: Readonly<Record<string, Check>> = {
  Deployment: workload,
  ReplicaSet: workload,
  StatefulSet: workload,
  DaemonSet: workload,
  Pod: (object) => containers(fieldsAt(object, "spec"), "spec"),
  Job: (object) => [...job(fieldsAt(object, "spec"), "spec"), ...notNegative(object, "spec", "parallelism")],
  CronJob: cronJob,
  HorizontalPodAutoscaler: autoscaler,
  Service: service,
};

const IMMUTABLE: Readonly<Record<string, readonly (readonly string[])[]>> = {
  Deployment: [["spec", "selector"]],
  ReplicaSet: [["spec", "selector"]],
  DaemonSet: [["spec", "selector"]],
  StatefulSet: [
    ["spec", "selector"],
    ["spec", "serviceName"],
    ["spec", "volumeClaimTemplates"],
    ["spec", "podManagementPolicy"],
  ],
  Job: [
    ["spec", "selector"],
    ["spec", "template"],
    ["spec", "completions"],
  ],
  PersistentVolumeClaim: [
    ["spec", "storageClassName"],
    ["spec", "accessModes"],
  ],
  Service: [["spec", "clusterIP"]],
  Secret: [["type"]],
  Pod: [
    ["spec", "containers"],
    ["spec", "nodeName"],
    ["spec", "volumes"],
    ["spec", "serviceAccountName"],
  ],
};

/** Throws 422 where a field changes that never may. A field that gets its first value is fine. */
export const validateUpdate = (resource: Resource, before: KubeObject, after: KubeObject): void => {
  if (resource.custom) return;
  const errors = (IMMUTABLE[resource.kind] ?? [])
    .filter((path) => at(before, ...path) !== undefined && !same(at(before, ...path), at(after, ...path)))
    .map(
      (path): FieldError => ({
        field: path.join("."),
        type: "Invalid value",
        value: at(after, ...path) ?? null,
        detail: "field is immutable",
      }),
    );
  const frozen = at(before, "immutable") === true && !same(at(before, "data"), at(after, "data"));
  if (frozen)
    errors.push({ field: "data", type: "Forbidden", detail: "field is immutable when `immutable` is set" });
  if (errors.length > 0) throw invalid(resource.kind, resource.group, after.metadata.name, errors);
};
