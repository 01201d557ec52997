/** Objects are stored in one version of their kind and shown in the version that was asked for. */

import type { KubeObject } from "../../../domain/kube.ts";
import { apiVersionOf } from "../../../domain/kube-kinds.ts";
import { fieldsAt, listAt, numberAt, textAt } from "../../world/cluster/fields.ts";
import type { Resource } from "../../world/cluster/kinds.ts";

/** The object as this version of its kind shows it. Custom kinds with several versions differ in the version's name only (conversion `None`). */
export const served = (resource: Resource, object: KubeObject): KubeObject => {
  const apiVersion = apiVersionOf(resource);
  if (object.apiVersion === apiVersion) return object;
  if (resource.kind === "HorizontalPodAutoscaler" && resource.version === "v1") return autoscalerV1(object);
  return { ...object, apiVersion };
};

const autoscalerV1 = (object: KubeObject): KubeObject => {
  const { metrics: _, behavior: __, ...spec } = fieldsAt(object, "spec");
  const cpu = listAt(object, "spec", "metrics").find((m) => textAt(m, "resource", "name") === "cpu");
  const percent = numberAt(cpu, "resource", "target", "averageUtilization");
  const target = percent === undefined ? {} : { targetCPUUtilizationPercentage: percent };
  return { ...object, apiVersion: "autoscaling/v1", spec: { ...spec, ...target } };
};
