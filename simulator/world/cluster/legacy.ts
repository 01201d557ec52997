/** Versions of built-in kinds that newer servers no longer serve: a source that has objects of them does, and stores them in today's version. */

import type { KubeObject } from "../../../domain/kube.ts";
import { at, type Fields, fieldsAt, isFields, listAt, withAt } from "./fields.ts";

/** Where the kinds of the group `extensions` went. */
const MOVED: Readonly<Record<string, string>> = {
  Deployment: "apps/v1",
  ReplicaSet: "apps/v1",
  DaemonSet: "apps/v1",
  Ingress: "networking.k8s.io/v1",
  NetworkPolicy: "networking.k8s.io/v1",
};

/** The group in which a kind of this group lives today. */
export const groupToday = (group: string, kind: string): string =>
  group === "extensions" ? (MOVED[kind]?.split("/")[0] ?? group) : group;

/** An object of an old version in the shape of today's, for the kinds whose shape changed. */
export const inShapeOfToday = (object: KubeObject, apiVersion: string): KubeObject => {
  const renamed = { ...object, apiVersion };
  if (object.apiVersion === apiVersion) return object;
  if (apiVersion === "apps/v1") return withSelector(renamed);
  if (apiVersion === "networking.k8s.io/v1" && object.kind === "Ingress") return ingress(renamed);
  if (apiVersion === "autoscaling/v2") return autoscaler(renamed);
  return renamed;
};

/** A selector that was left out was the template's labels. */
const withSelector = (object: KubeObject): KubeObject => {
  const labels = fieldsAt(object, "spec", "template", "metadata", "labels");
  return isFields(at(object, "spec", "selector"))
    ? object
    : withAt(object, ["spec", "selector"], { matchLabels: labels });
};

const backend = (old: unknown): unknown => {
  const name = at(old, "serviceName");
  const port = at(old, "servicePort");
  if (name === undefined) return old;
  return { service: { name, port: typeof port === "number" ? { number: port } : { name: port } } };
};

const ingress = (object: KubeObject): KubeObject => {
  const { backend: fallback, ...spec } = fieldsAt(object, "spec");
  const rules = listAt(spec, "rules").map((rule): Fields => {
    const paths = listAt(rule, "http", "paths").map((path) => ({
      pathType: "ImplementationSpecific",
      ...path,
      backend: backend(path["backend"]),
    }));
    return paths.length === 0 ? rule : { ...rule, http: { paths } };
  });
  const rest = fallback === undefined ? {} : { defaultBackend: backend(fallback) };
  return { ...object, spec: { ...spec, ...rest, ...(spec["rules"] === undefined ? {} : { rules }) } };
};

/** v2beta1 wrote its targets flat. */
const autoscaler = (object: KubeObject): KubeObject => {
  const metrics = listAt(object, "spec", "metrics").map((metric): Fields => {
    const resource = fieldsAt(metric, "resource");
    const percent = resource["targetAverageUtilization"];
    if (percent === undefined) return metric;
    const target = { type: "Utilization", averageUtilization: percent };
    return { type: "Resource", resource: { name: resource["name"], target } };
  });
  return metrics.length === 0 ? object : withAt(object, ["spec", "metrics"], metrics);
};
