/** The parts of a pod template that Repot relies on (domain/pod-shapes.ts has their shapes), and how to reach them in an object. */

import type { KubeObject } from "./kube.ts";
import type { Container, PodSpec, Template } from "./pod-shapes.ts";

export type { Container, PodSpec, Probe, Template } from "./pod-shapes.ts";

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
