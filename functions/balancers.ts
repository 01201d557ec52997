/** Which load balancer answers for a host or a Service, as the cluster's own status says it. */

import type { KubeObject } from "../domain/kube.ts";
import { byCodeUnit } from "../domain/kube.ts";
import type { Side } from "../domain/phases.ts";
import { at, isLoose } from "../domain/pods.ts";
import { kubernetesOf } from "./run.ts";
import type { Context } from "./step.ts";

/** `status.loadBalancer.ingress[0].hostname`, undefined while there is none. */
export const hostnameOf = (object: KubeObject | undefined): string | undefined => {
  const ingress = at(object, "status", "loadBalancer", "ingress");
  const [first] = Array.isArray(ingress) ? ingress : [];
  const hostname = at(first, "hostname");
  return typeof hostname === "string" && hostname !== "" ? hostname : undefined;
};

const carries = (ingress: KubeObject, host: string): boolean => {
  const rules = at(ingress, "spec", "rules");
  return Array.isArray(rules) && rules.some((r) => isLoose(r) && matches(String(r["host"] ?? ""), host));
};

/** An Ingress host may be a wildcard of one label. */
const matches = (pattern: string, host: string): boolean =>
  pattern === host || (pattern.startsWith("*.") && host.split(".").slice(1).join(".") === pattern.slice(2));

/** From the Ingress that carries the host, else from the Service that answers for it. */
export const balancerOf = async (
  context: Context,
  side: Side,
  host: { readonly host: string; readonly namespace: string; readonly service: string },
): Promise<string | undefined> => {
  const cluster = kubernetesOf(context, side);
  const ingresses = await cluster.list({ apiVersion: "networking.k8s.io/v1", kind: "Ingress" });
  const names = ingresses.filter((i) => carries(i, host.host)).flatMap((i) => hostnameOf(i) ?? []);
  const [first] = [...new Set(names)].sort(byCodeUnit);
  if (first !== undefined) return first;
  return hostnameOf(
    await cluster.find({ apiVersion: "v1", kind: "Service", namespace: host.namespace, name: host.service }),
  );
};
