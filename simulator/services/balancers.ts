/** The load balancers that the clusters' Services and Ingresses have made, as Elastic Load Balancing lists them. */

import { byCodeUnit, type KubeObject } from "../../domain/kube.ts";
import type { Cluster, PodView } from "../world/types.ts";
import type { BalancerView, TargetGroupView, TargetHealthView } from "./network.ts";

/** The zone that every load balancer's name lies in, for alias records (Application Load Balancers of eu-central-1). */
export const LOAD_BALANCER_ZONE = "Z215JYRZR1TBD5";

type Loose = { readonly [field: string]: unknown };

const isLoose = (value: unknown): value is Loose => typeof value === "object" && value !== null;
const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((now, part) => (isLoose(now) ? now[part] : undefined), value);
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown): string => (typeof value === "string" ? value : "");

const hostnamesOf = (object: KubeObject): readonly string[] =>
  list(at(object, "status", "loadBalancer", "ingress"))
    .map((entry) => text(at(entry, "hostname")))
    .filter((hostname) => hostname !== "");

type Backend = { readonly namespace: string; readonly service: string; readonly port: number };

const portOf = (value: unknown): number => (typeof value === "number" ? value : 80);

/** The Services behind an object that has a load balancer: itself, or the backends of its rules. */
const backendsOf = (object: KubeObject): readonly Backend[] => {
  const namespace = object.metadata.namespace ?? "default";
  if (object.kind === "Service") {
    const [port] = list(at(object, "spec", "ports"));
    return [{ namespace, service: object.metadata.name, port: portOf(at(port, "port")) }];
  }
  const paths = list(at(object, "spec", "rules")).flatMap((rule) => list(at(rule, "http", "paths")));
  const backends = [at(object, "spec", "defaultBackend"), ...paths.map((path) => at(path, "backend"))];
  return backends.flatMap((backend) => {
    const service = text(at(backend, "service", "name"));
    return service === ""
      ? []
      : [{ namespace, service, port: portOf(at(backend, "service", "port", "number")) }];
  });
};

const healthOf = (cluster: Cluster, pod: PodView, port: number): TargetHealthView => {
  const object = cluster.get({ apiVersion: "v1", kind: "Pod", namespace: pod.namespace, name: pod.name });
  const id = text(at(object, "status", "podIP")) || pod.name;
  if (pod.terminating) return { id, port, state: "draining", reason: "Target.DeregistrationInProgress" };
  return pod.ready
    ? { id, port, state: "healthy" }
    : { id, port, state: "unhealthy", reason: "Target.FailedHealthChecks" };
};

const groupOf = (cluster: Cluster, { namespace, service, port }: Backend): TargetGroupView => ({
  name: `k8s-${cluster.side}-${namespace}-${service}-${port}`,
  port,
  protocol: "HTTP",
  targets: (cluster.endpoints(namespace, service)?.pods ?? []).map((pod) => healthOf(cluster, pod, port)),
});

const balancerOf = (cluster: Cluster, dnsName: string, backends: readonly Backend[]): BalancerView => {
  const unique = new Map(backends.map((b) => [`${b.namespace}/${b.service}:${b.port}`, b]));
  return {
    // A load balancer's name is the first label of its DNS name, without the id at its end.
    name: dnsName.split(".")[0] ?? dnsName,
    dnsName,
    canonicalZoneId: LOAD_BALANCER_ZONE,
    type: "application",
    isInternal: false,
    securityGroupIds: [],
    targetGroups: [...unique.entries()]
      .sort(([a], [b]) => byCodeUnit(a, b))
      .map(([, backend]) => groupOf(cluster, backend)),
  };
};

/** Every load balancer that an object of these clusters shows in its status; several objects may share one. */
export const balancersOf = (clusters: readonly Cluster[]): readonly BalancerView[] =>
  clusters.flatMap((cluster) => {
    const byName = new Map<string, Backend[]>();
    for (const object of cluster.all())
      if (object.kind === "Service" || object.kind === "Ingress")
        for (const hostname of hostnamesOf(object)) {
          const backends = byName.get(hostname) ?? [];
          byName.set(hostname, backends);
          backends.push(...backendsOf(object));
        }
    return [...byName.entries()]
      .sort(([a], [b]) => byCodeUnit(a, b))
      .map(([hostname, backends]) => balancerOf(cluster, hostname, backends));
  });
