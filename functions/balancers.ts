/** Which load balancer answers for a host or a Service, as the cluster's own status says it. */

import type { KubeObject } from "../domain/kube.ts";
import { byCodeUnit } from "../domain/kube.ts";
import type { Side } from "../domain/phases.ts";
import { at, isLoose } from "../domain/pods.ts";
import { kubernetesOf } from "./run.ts";
import type { Context } from "./step.ts";

const pointsOf = (object: KubeObject | undefined, field: "hostname" | "ip"): readonly string[] => {
  const points = at(object, "status", "loadBalancer", "ingress");
  return (Array.isArray(points) ? points : [])
    .map((point) => at(point, field))
    .filter((name) => typeof name === "string" && name !== "") as string[];
};

/** The first name in `status.loadBalancer.ingress`, undefined while there is none. */
export const hostnameOf = (object: KubeObject | undefined): string | undefined =>
  pointsOf(object, "hostname")[0];

/**
 * Every name and address by which a side's load balancers are reached, in lower case.
 * @param but Services (`namespace/name`) whose own balancers don't count.
 */
export const balancerNamesOn = async (
  context: Context,
  side: Side,
  but: ReadonlySet<string>,
): Promise<ReadonlySet<string>> => {
  const cluster = kubernetesOf(context, side);
  const ingresses = await cluster.list({ apiVersion: "networking.k8s.io/v1", kind: "Ingress" });
  const services = (await cluster.list({ apiVersion: "v1", kind: "Service" })).filter(
    ({ metadata }) => !but.has(`${metadata.namespace}/${metadata.name}`),
  );
  return new Set(
    [...ingresses, ...services].flatMap((o) =>
      [...pointsOf(o, "hostname"), ...pointsOf(o, "ip")].map((name) => name.toLowerCase()),
    ),
  );
};

const carries = (ingress: KubeObject, host: string): boolean => {
  const rules = at(ingress, "spec", "rules");
  return Array.isArray(rules) && rules.some((r) => isLoose(r) && matches(String(r["host"] ?? ""), host));
};

/** An Ingress host may be a wildcard of one label. */
const matches = (pattern: string, host: string): boolean =>
  pattern === host || (pattern.startsWith("*.") && host.split(".").slice(1).join(".") === pattern.slice(2));

type Host = { readonly host: string; readonly namespace: string; readonly service: string };

/** The balancer of a host: from the Ingress that carries it, else from the Service that answers for it. Both are listed once, for many hosts. */
export const balancersOn = async (
  context: Context,
  side: Side,
): Promise<(host: Host) => string | undefined> => {
  const cluster = kubernetesOf(context, side);
  const ingresses = await cluster.list({ apiVersion: "networking.k8s.io/v1", kind: "Ingress" });
  const services = new Map(
    (await cluster.list({ apiVersion: "v1", kind: "Service" })).map((s) => [
      `${s.metadata.namespace}/${s.metadata.name}`,
      s,
    ]),
  );
  const named = ingresses.map((ingress) => ({ ingress, name: hostnameOf(ingress) }));
  return ({ host, namespace, service }) => {
    const names = named
      .filter((i) => i.name !== undefined && carries(i.ingress, host))
      .map((i) => i.name ?? "");
    const [first] = [...new Set(names)].sort(byCodeUnit);
    return first ?? hostnameOf(services.get(`${namespace}/${service}`));
  };
};
