/** The door for manifests: every field that Repot relies on is checked here, and a wrong one is named by file, line, object and field. */

import * as z from "zod";
import { BadInput } from "./errors.ts";
import { PodSpecSchema, TemplateSchema } from "./pod-shapes.ts";
import { groupOf, templatePathOf, workloadKindOf } from "./pods.ts";

const text = z.string();
const stringMap = z.record(z.string(), z.string());
/** Above this a count is a typing error rather than a workload. */
const REPLICAS_MAX = 100_000;
const replicas = z.number().int().nonnegative().max(REPLICAS_MAX).optional();
const name = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[^\s/]+$/, { message: "holds blanks or slashes" });
/** What names a pod ends up in DNS and in keys of the journal. */
const workloadName = name.regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, {
  message: "is no name that Kubernetes takes (lower-case letters, digits, '-' and '.')",
});
const namespace = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, { message: "is no namespace's name" })
  .optional();

const Metadata = z.looseObject({
  name,
  namespace,
  labels: stringMap.optional(),
  annotations: stringMap.optional(),
});
const WorkloadMetadata = Metadata.extend({ name: workloadName });

const port = z.union([z.number().int().min(0).max(65_535), z.string()]);
const ServiceSpec = z.looseObject({
  type: z.enum(["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]).optional(),
  selector: stringMap.optional(),
  externalName: text.optional(),
  ports: z
    .array(
      z.looseObject({
        port: z.number().int().min(1).max(65_535),
        targetPort: port.optional(),
        name: text.optional(),
      }),
    )
    .optional(),
});
const backend = z.looseObject({ service: z.looseObject({ name: text }).optional() });
const IngressSpec = z.looseObject({
  defaultBackend: backend.optional(),
  rules: z
    .array(
      z.looseObject({
        host: text.optional(),
        http: z
          .looseObject({
            paths: z.array(z.looseObject({ path: text.optional(), backend: backend.optional() })),
          })
          .optional(),
      }),
    )
    .optional(),
});

const templated = (path: readonly string[], more: z.ZodRawShape = {}): z.ZodType =>
  z.looseObject({
    metadata: WorkloadMetadata,
    spec: z.looseObject({
      ...more,
      [path[0] ?? "template"]: path.length > 1 ? nested(path.slice(1)) : TemplateSchema,
    }),
  });
const nested = (path: readonly string[]): z.ZodType =>
  z.looseObject({ [path[0] ?? ""]: path.length > 1 ? nested(path.slice(1)) : TemplateSchema });

const WORKLOADS: Readonly<Record<string, z.ZodType>> = {
  Deployment: templated(["template"], {
    replicas,
    minReadySeconds: z.number().int().nonnegative().optional(),
    strategy: z.looseObject({ type: text.optional() }).optional(),
  }),
  StatefulSet: templated(["template"], {
    replicas,
    volumeClaimTemplates: z.array(z.looseObject({ metadata: z.looseObject({ name: text }) })).optional(),
  }),
  DaemonSet: templated(["template"]),
  ReplicaSet: templated(["template"], { replicas }),
  Job: templated(["template"], { suspend: z.boolean().optional() }),
  CronJob: templated(templatePathOf("CronJob").slice(1), {
    schedule: text,
    suspend: z.boolean().optional(),
    timeZone: text.optional(),
    startingDeadlineSeconds: z.number().int().nonnegative().optional(),
  }),
  Pod: z.looseObject({ metadata: WorkloadMetadata, spec: PodSpecSchema }),
};

const OTHERS: Readonly<Record<string, z.ZodType>> = {
  "/Service": z.looseObject({ spec: ServiceSpec.optional() }),
  "networking.k8s.io/Ingress": z.looseObject({ spec: IngressSpec.optional() }),
  "/ConfigMap": z.looseObject({ data: stringMap.optional(), binaryData: stringMap.optional() }),
  "/Secret": z.looseObject({ data: stringMap.optional(), stringData: stringMap.optional() }),
  "autoscaling/HorizontalPodAutoscaler": z.looseObject({
    spec: z.looseObject({
      scaleTargetRef: z.looseObject({ kind: text, name: text }),
      minReplicas: z.number().int().nonnegative().max(REPLICAS_MAX).optional(),
      maxReplicas: z.number().int().min(1).max(REPLICAS_MAX),
    }),
  }),
};

const Base = z.looseObject({
  apiVersion: z.string().regex(/^([a-z0-9.-]+\/)?v\d[a-z0-9]*$/, { message: "is no API version" }),
  kind: z.string().regex(/^[A-Za-z][A-Za-z0-9]*$/, { message: "is no kind" }),
  metadata: Metadata,
});

const pathText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (sofar, key) =>
      typeof key === "number" ? `${sofar}[${key}]` : `${sofar}${sofar === "" ? "" : "."}${String(key)}`,
    "",
  );

const kindOfValue = (value: unknown): string => {
  if (value === undefined || value === null) return "absent";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  return typeof value === "number"
    ? `the number ${value}`
    : typeof value === "boolean"
      ? `${value}`
      : "a text";
};

const WANTED: Readonly<Record<string, string>> = {
  string: "a text (quote it)",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping",
  record: "a mapping",
};

/** What is wrong, as the end of a sentence. Numbers are shown; texts never are, since they may be secrets. */
const complaint = (issue: z.core.$ZodIssue, value: unknown): string => {
  if (value === undefined) return "is missing";
  switch (issue.code) {
    case "invalid_type":
      return `must be ${WANTED[issue.expected] ?? issue.expected} and is ${kindOfValue(value)}`;
    case "too_small":
      return issue.origin === "array" || issue.origin === "string"
        ? "is empty"
        : `is ${String(value)}; it must be ${String(issue.minimum)} or more`;
    case "too_big":
      return typeof value === "number"
        ? `is ${value}; it may be at most ${String(issue.maximum)}`
        : `is longer than ${String(issue.maximum)} characters`;
    case "invalid_union":
      return `can't be ${kindOfValue(value)}`;
    case "invalid_value":
      return `must be one of ${issue.values.map(String).join(", ")}`;
    default:
      return issue.message;
  }
};

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((v, key) => (v as Record<PropertyKey, unknown> | null | undefined)?.[key], value);

const check = (schema: z.ZodType, value: unknown, what: string): void => {
  const result = schema.safeParse(value);
  if (result.success) return;
  const issue = result.error.issues[0];
  if (issue)
    throw new BadInput(`${what}: ${pathText(issue.path)} ${complaint(issue, valueAt(value, issue.path))}.`);
};

/**
 * @param where File and line, for the message.
 * @throws BadInput for the first field that is missing or of the wrong type or size.
 */
export const checkObject = (value: unknown, where: string): void => {
  const partial = value as { kind?: unknown; metadata?: { name?: unknown; namespace?: unknown } };
  for (const field of ["apiVersion", "kind"] as const)
    if ((value as Record<string, unknown>)[field] === undefined)
      throw new BadInput(`${where}: this manifest has no ${field}.`);
  const named = [partial.metadata?.namespace, partial.metadata?.name]
    .filter((s) => typeof s === "string")
    .join("/");
  const what = `${where}: ${typeof partial.kind === "string" ? partial.kind : "the object"}${named === "" ? "" : ` ${named}`}`;
  if (partial.metadata?.name === undefined) throw new BadInput(`${what} has no metadata.name.`);
  check(Base, value, what);
  const { apiVersion, kind } = value as { apiVersion: string; kind: string };
  const schema = workloadKindOf({ apiVersion, kind })
    ? WORKLOADS[kind]
    : OTHERS[`${groupOf(apiVersion)}/${kind}`];
  if (schema) check(schema, value, what);
};
