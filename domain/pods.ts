/** The parts of a pod template that Repot relies on: their shapes (checked at the door), and how to reach them in an object. */

import * as z from "zod";
import type { KubeObject } from "./kube.ts";
import { parseQuantity } from "./quantity.ts";

const text = z.string();
const seconds = z.number().int().nonnegative().max(31_536_000);
const stringMap = z.record(z.string(), z.string());

/** Requests and limits: a quantity as the API takes it, not negative and not beyond any machine. */
const quantity = z.union([z.string(), z.number()]).refine(
  (value) => {
    const parsed = parseQuantity(value);
    return parsed !== undefined && parsed >= 0 && parsed <= 1e18;
  },
  { message: "is no quantity that Kubernetes takes (for example 250m, 2, 512Mi)" },
);
const quantities = z.record(z.string(), quantity);

const ProbeSchema = z.looseObject({
  initialDelaySeconds: seconds.optional(),
  periodSeconds: z.number().int().min(1).max(31_536_000).optional(),
  timeoutSeconds: z.number().int().min(1).max(31_536_000).optional(),
  successThreshold: z.number().int().min(1).max(1_000_000).optional(),
  failureThreshold: z.number().int().min(1).max(1_000_000).optional(),
});

const EnvSchema = z.looseObject({
  name: text,
  value: text.optional(),
  valueFrom: z
    .looseObject({
      configMapKeyRef: z.looseObject({ name: text, key: text }).optional(),
      secretKeyRef: z.looseObject({ name: text, key: text }).optional(),
    })
    .optional(),
});

const ContainerSchema = z.looseObject({
  name: text,
  image: text.optional(),
  command: z.array(text).optional(),
  args: z.array(text).optional(),
  env: z.array(EnvSchema).optional(),
  envFrom: z.array(z.looseObject({ configMapRef: z.looseObject({ name: text }).optional() })).optional(),
  ports: z
    .array(z.looseObject({ containerPort: z.number().int().min(1).max(65_535), name: text.optional() }))
    .optional(),
  volumeMounts: z
    .array(z.looseObject({ name: text, mountPath: text, readOnly: z.boolean().optional() }))
    .optional(),
  resources: z.looseObject({ requests: quantities.optional(), limits: quantities.optional() }).optional(),
  readinessProbe: ProbeSchema.optional(),
  startupProbe: ProbeSchema.optional(),
  livenessProbe: ProbeSchema.optional(),
  lifecycle: z
    .looseObject({
      preStop: z
        .looseObject({
          sleep: z.looseObject({ seconds }).optional(),
          exec: z.looseObject({ command: z.array(text).optional() }).optional(),
        })
        .optional(),
    })
    .optional(),
  restartPolicy: text.optional(),
});

const VolumeSchema = z.looseObject({
  name: text,
  persistentVolumeClaim: z.looseObject({ claimName: text }).optional(),
  configMap: z.looseObject({ name: text.optional() }).optional(),
  secret: z.looseObject({ secretName: text.optional() }).optional(),
  hostPath: z.looseObject({ path: text }).optional(),
  emptyDir: z.looseObject({}).optional(),
  projected: z
    .looseObject({
      sources: z
        .array(z.looseObject({ configMap: z.looseObject({ name: text.optional() }).optional() }))
        .optional(),
    })
    .optional(),
});

const TolerationSchema = z.looseObject({
  key: text.optional(),
  operator: text.optional(),
  value: text.optional(),
  effect: text.optional(),
});

export const PodSpecSchema = z.looseObject({
  containers: z.array(ContainerSchema).min(1),
  initContainers: z.array(ContainerSchema).optional(),
  volumes: z.array(VolumeSchema).optional(),
  nodeSelector: stringMap.optional(),
  tolerations: z.array(TolerationSchema).optional(),
  terminationGracePeriodSeconds: seconds.optional(),
  serviceAccountName: text.optional(),
  hostNetwork: z.boolean().optional(),
  readinessGates: z.array(z.looseObject({ conditionType: text })).optional(),
});

export const TemplateSchema = z.looseObject({
  metadata: z.looseObject({ labels: stringMap.optional(), annotations: stringMap.optional() }).optional(),
  spec: PodSpecSchema,
});

export type Container = z.infer<typeof ContainerSchema>;
export type Probe = z.infer<typeof ProbeSchema>;
export type PodSpec = z.infer<typeof PodSpecSchema>;
export type Template = z.infer<typeof TemplateSchema>;

/** Kinds that run pods and that a plan knows how to name. */
export const WORKLOAD_KINDS = [
  "Deployment",
  "StatefulSet",
  "DaemonSet",
  "CronJob",
  "Job",
  "ReplicaSet",
  "Pod",
] as const;
export type WorkloadKind = (typeof WORKLOAD_KINDS)[number];

const GROUPS: Readonly<Record<WorkloadKind, readonly string[]>> = {
  Deployment: ["apps", "extensions"],
  StatefulSet: ["apps"],
  DaemonSet: ["apps", "extensions"],
  ReplicaSet: ["apps", "extensions"],
  CronJob: ["batch"],
  Job: ["batch"],
  Pod: [""],
};

/** `apps` of `apps/v1`, the empty string for the core group. */
export const groupOf = (apiVersion: string): string =>
  apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";

/** The kind as a workload, undefined for all others (a CRD may well define a kind called Job). */
export const workloadKindOf = (object: Pick<KubeObject, "apiVersion" | "kind">): WorkloadKind | undefined => {
  const kind = WORKLOAD_KINDS.find((k) => k === object.kind);
  return kind && GROUPS[kind].includes(groupOf(object.apiVersion)) ? kind : undefined;
};

type Loose = { readonly [field: string]: unknown };
export const isLoose = (value: unknown): value is Loose =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What stands at a path of an object, undefined where it ends early. */
export const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((v, key) => (isLoose(v) ? v[key] : undefined), value);

/** Path from an object to its pod template: `spec.template`, a CronJob's job template, or the pod itself. */
export const templatePathOf = (kind: WorkloadKind): readonly string[] => {
  if (kind === "CronJob") return ["spec", "jobTemplate", "spec", "template"];
  return kind === "Pod" ? [] : ["spec", "template"];
};

/** The pod template of an object that intake has checked. */
export const templateOf = (object: KubeObject, kind: WorkloadKind): Template =>
  (kind === "Pod"
    ? { metadata: object.metadata, spec: object["spec"] }
    : at(object, ...templatePathOf(kind))) as Template;

/** All containers with the path of each, init containers first. */
export const containersOf = (
  spec: PodSpec,
): readonly { readonly container: Container; readonly path: string; readonly init: boolean }[] => [
  ...(spec.initContainers ?? []).map((container) => ({
    container,
    path: `initContainers[${container.name}]`,
    init: container.restartPolicy !== "Always",
  })),
  ...spec.containers.map((container) => ({ container, path: `containers[${container.name}]`, init: false })),
];

/** Made and remade by a controller that Kubernetes brings along: it moves with its owner. */
export const isOwned = (object: KubeObject): boolean => {
  const owners = object.metadata["ownerReferences"];
  if (!Array.isArray(owners)) return false;
  return owners.some(
    (o) =>
      at(o, "controller") === true &&
      [
        "Deployment",
        "ReplicaSet",
        "StatefulSet",
        "DaemonSet",
        "Job",
        "CronJob",
        "Node",
        "ReplicationController",
      ].includes(String(at(o, "kind"))),
  );
};
