/** The defaults that the API server writes into an object before it stores it, for the fields that anything here reads or compares. */

import type { KubeObject } from "../../../domain/kube.ts";
import { type Fields, fieldsAt, isFields, listAt, textAt } from "./fields.ts";

/** Fields of `value`, and what `defaults` has beside them. */
const fill = (value: unknown, defaults: Fields): Fields => {
  const given: Fields = isFields(value) ? value : {};
  const missing = Object.entries(defaults).filter(([key]) => given[key] === undefined || given[key] === null);
  return missing.length === 0 ? given : { ...given, ...Object.fromEntries(missing) };
};

const PROBE = { periodSeconds: 10, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 3 };

const probe = (value: unknown): Fields | undefined => {
  if (!isFields(value)) return undefined;
  const http = isFields(value.httpGet) ? { httpGet: fill(value.httpGet, { path: "/", scheme: "HTTP" }) } : {};
  return { ...fill(value, PROBE), ...http };
};

const pullPolicy = (image: string): string => {
  const tag = /:([^/@]+)(@|$)/.exec(image)?.[1];
  return !image.includes("@") && (tag === undefined || tag === "latest") ? "Always" : "IfNotPresent";
};

const container = (value: Fields): Fields => {
  const probes = Object.fromEntries(
    ["livenessProbe", "readinessProbe", "startupProbe"]
      .map((name) => [name, probe(value[name])] as const)
      .filter(([, p]) => p !== undefined),
  );
  const ports =
    value.ports === undefined
      ? {}
      : { ports: listAt(value, "ports").map((p) => fill(p, { protocol: "TCP" })) };
  return {
    ...fill(value, {
      resources: {},
      imagePullPolicy: pullPolicy(textAt(value, "image") ?? ""),
      terminationMessagePath: "/dev/termination-log",
      terminationMessagePolicy: "File",
    }),
    ...probes,
    ...ports,
  };
};

const POD_SPEC = {
  restartPolicy: "Always",
  terminationGracePeriodSeconds: 30,
  dnsPolicy: "ClusterFirst",
  securityContext: {},
  schedulerName: "default-scheduler",
};

export const podSpec = (value: unknown, defaults: Fields = POD_SPEC): Fields => {
  const spec = fill(value, defaults);
  const account = textAt(spec, "serviceAccountName") ?? textAt(spec, "serviceAccount");
  return {
    ...spec,
    ...(account === undefined ? {} : { serviceAccountName: account, serviceAccount: account }),
    containers: listAt(spec, "containers").map(container),
    ...(spec.initContainers === undefined
      ? {}
      : { initContainers: listAt(spec, "initContainers").map(container) }),
  };
};

const template = (value: unknown): Fields => {
  const from = fill(value, {});
  return { ...from, metadata: fieldsAt(from, "metadata"), spec: podSpec(from.spec) };
};

const rollingUpdate = (value: unknown, defaults: Fields): Fields => {
  const strategy = fill(value, { type: "RollingUpdate" });
  return strategy.type === "RollingUpdate"
    ? { ...strategy, rollingUpdate: fill(strategy.rollingUpdate, defaults) }
    : strategy;
};

const jobSpec = (value: unknown): Fields => ({
  ...fill(value, {
    parallelism: 1,
    completions: 1,
    backoffLimit: 6,
    completionMode: "NonIndexed",
    suspend: false,
  }),
  template: template(fieldsAt(value, "template")),
});

const servicePort = (port: Fields): Fields => fill(port, { protocol: "TCP", targetPort: port.port });

type Default = (spec: Fields) => Fields;

const SPECS: Readonly<Record<string, Default>> = {
  Pod: (spec) => ({ ...podSpec(spec), ...podExtras(spec) }),
  Deployment: (spec) => ({
    ...fill(spec, { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 }),
    strategy: rollingUpdate(spec.strategy, { maxSurge: "25%", maxUnavailable: "25%" }),
    template: template(spec.template),
  }),
  ReplicaSet: (spec) => ({ ...fill(spec, { replicas: 1 }), template: template(spec.template) }),
  StatefulSet: (spec) => ({
    ...fill(spec, {
      replicas: 1,
      revisionHistoryLimit: 10,
      podManagementPolicy: "OrderedReady",
      persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
    }),
    updateStrategy: rollingUpdate(spec.updateStrategy, { partition: 0 }),
    template: template(spec.template),
  }),
  DaemonSet: (spec) => ({
    ...fill(spec, { revisionHistoryLimit: 10 }),
    updateStrategy: rollingUpdate(spec.updateStrategy, { maxSurge: 0, maxUnavailable: 1 }),
    template: template(spec.template),
  }),
  Job: jobSpec,
  CronJob: (spec) => ({
    ...fill(spec, {
      concurrencyPolicy: "Allow",
      suspend: false,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
    }),
    jobTemplate: {
      ...fieldsAt(spec, "jobTemplate"),
      spec: jobTemplateSpec(fieldsAt(spec, "jobTemplate", "spec")),
    },
  }),
  Service: (spec) =>
    fill(
      { ...spec, ...(spec.ports === undefined ? {} : { ports: listAt(spec, "ports").map(servicePort) }) },
      { type: "ClusterIP", sessionAffinity: "None", internalTrafficPolicy: "Cluster" },
    ),
  HorizontalPodAutoscaler: (spec) => fill(spec, { minReplicas: 1 }),
  PersistentVolumeClaim: (spec) => fill(spec, { volumeMode: "Filesystem" }),
  ValidatingAdmissionPolicy: (spec) => ({
    ...fill(spec, { failurePolicy: "Fail" }),
    matchConstraints: fill(spec.matchConstraints, {
      matchPolicy: "Equivalent",
      namespaceSelector: {},
      objectSelector: {},
    }),
  }),
};

const podExtras = (spec: Fields): Fields => {
  const account = textAt(spec, "serviceAccountName") ?? textAt(spec, "serviceAccount") ?? "default";
  return { serviceAccountName: account, serviceAccount: account };
};

/** The template inside a CronJob gets only what its own type defaults; the Job gets the rest when it is made. */
const jobTemplateSpec = (spec: Fields): Fields => ({ ...spec, template: template(spec.template) });

/** HorizontalPodAutoscaler v1 is stored as v2. */
const hpaFromV1 = (object: KubeObject): KubeObject => {
  const { targetCPUUtilizationPercentage: percent, ...spec } = fieldsAt(object, "spec");
  const metrics = percent === undefined ? {} : { metrics: [cpuMetric(percent)] };
  return { ...object, apiVersion: "autoscaling/v2", spec: { ...spec, ...metrics } };
};

const cpuMetric = (percent: unknown) => ({
  type: "Resource",
  resource: { name: "cpu", target: { type: "Utilization", averageUtilization: percent } },
});

const secret = (object: KubeObject): KubeObject => {
  const { stringData, ...rest } = object;
  const data = Object.fromEntries(
    Object.entries(isFields(stringData) ? stringData : {}).map(([key, value]) => [
      key,
      Buffer.from(String(value), "utf8").toString("base64"),
    ]),
  );
  const merged = Object.keys(data).length === 0 ? {} : { data: { ...fieldsAt(object, "data"), ...data } };
  return { ...rest, ...merged, type: object.type ?? "Opaque" } as KubeObject;
};

/** The object as the server would store it. Pure; shares what it doesn't change. */
export const withDefaults = (given: KubeObject): KubeObject => {
  const object = given.apiVersion === "autoscaling/v1" ? hpaFromV1(given) : given;
  if (object.kind === "Secret" && object.apiVersion === "v1") return secret(object);
  if (object.kind === "Namespace" && object.apiVersion === "v1") {
    const labels = { ...object.metadata.labels, "kubernetes.io/metadata.name": object.metadata.name };
    const named: KubeObject = { ...object, metadata: { ...object.metadata, labels } };
    return {
      ...named,
      spec: fill(object.spec, { finalizers: ["kubernetes"] }),
      status: fill(object.status, { phase: "Active" }),
    };
  }
  const defaults = BUILT_IN_GROUPS.has(object.apiVersion) ? SPECS[object.kind] : undefined;
  if (!defaults) return object;
  return { ...object, spec: defaults(fieldsAt(object, "spec")) };
};

const BUILT_IN_GROUPS = new Set([
  "v1",
  "apps/v1",
  "batch/v1",
  "autoscaling/v2",
  "admissionregistration.k8s.io/v1",
]);
