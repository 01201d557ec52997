/** Public names: which host ends at which Service, as routes say it, else load balancers, else what an in-cluster load generator aims at. */

import type { Classified } from "../classes/classify.ts";
import { targetsOf } from "../classes/clients.ts";
import { BadInput } from "../errors.ts";
import { callsOf } from "../graph.ts";
import type { Inventory, ServiceInfo } from "../inventory.ts";
import { byCodeUnit, type KubeObject, refOf, sentenceOf } from "../kube.ts";
import { at, groupOf } from "../pods.ts";
import { dnsName } from "../settings/shapes.ts";

/** A host as manifests name it; null where a route takes every name. */
export type Route = {
  readonly host: string | null;
  readonly namespace: string;
  readonly service: string;
  readonly field: string;
};

export type Found = {
  readonly routes: readonly Route[];
  /** Which kind of evidence was the first to give any. */
  readonly from: "routes" | "load-balancers" | "load-generator" | "roots" | "nothing";
};

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const textAt = (value: unknown, ...path: readonly string[]): string | undefined => {
  const found = at(value, ...path);
  return typeof found === "string" ? found : undefined;
};

type Target = { readonly service: string; readonly field: string };

const ingressBackends = (
  object: KubeObject,
): readonly { readonly host: string | null; readonly targets: readonly Target[] }[] => {
  const rules = list(at(object, "spec", "rules")).map((rule, i) => ({
    host: textAt(rule, "host") || null,
    targets: list(at(rule, "http", "paths")).flatMap((path, j) => {
      const service = textAt(path, "backend", "service", "name");
      return service === undefined
        ? []
        : [{ service, field: `spec.rules[${i}].http.paths[${j}].backend.service.name` }];
    }),
  }));
  const fallback = textAt(object, "spec", "defaultBackend", "service", "name");
  if (fallback === undefined) return rules;
  const target = { service: fallback, field: "spec.defaultBackend.service.name" };
  return rules.length === 0
    ? [{ host: null, targets: [target] }]
    : rules.map((r) => (r.targets.length > 0 ? r : { ...r, targets: [target] }));
};

const routesOfIngress = (object: KubeObject): Route[] =>
  ingressBackends(object).flatMap(({ host, targets }) =>
    targets.map(({ service, field }) => ({
      host,
      namespace: object.metadata.namespace ?? "default",
      service,
      field: `${sentenceOf(refOf(object))} ${field}`,
    })),
  );

/** Gateway API: HTTPRoute and GRPCRoute. */
const routesOfGateway = (object: KubeObject): Route[] => {
  const hosts = list(at(object, "spec", "hostnames")).filter((h) => typeof h === "string");
  const backends = list(at(object, "spec", "rules")).flatMap((rule) => list(at(rule, "backendRefs")));
  return (hosts.length > 0 ? hosts : [null]).flatMap((host) =>
    backends.flatMap((backend) => {
      const service = textAt(backend, "name");
      if (service === undefined || (textAt(backend, "kind") ?? "Service") !== "Service") return [];
      const namespace = textAt(backend, "namespace") ?? object.metadata.namespace ?? "default";
      return [{ host, namespace, service, field: `${sentenceOf(refOf(object))} spec.rules.backendRefs` }];
    }),
  );
};

/** Istio's VirtualService. */
const routesOfMesh = (object: KubeObject): Route[] => {
  const hosts = list(at(object, "spec", "hosts")).filter(
    (h): h is string => typeof h === "string" && h.includes(".") && !/\.svc(\.|$)/.test(h),
  );
  const targets = list(at(object, "spec", "http")).flatMap((http) => list(at(http, "route")));
  return hosts.flatMap((host) =>
    targets.flatMap((target) => {
      const [service, namespace] = (textAt(target, "destination", "host") ?? "").split(".");
      return service === undefined || service === ""
        ? []
        : [
            {
              host,
              namespace: namespace ?? object.metadata.namespace ?? "default",
              service,
              field: `${sentenceOf(refOf(object))} spec.http.route`,
            },
          ];
    }),
  );
};

const EXTERNAL_DNS = "external-dns.alpha.kubernetes.io/hostname";

/** Services that external-dns publishes under a name of their own. */
const annotated = (service: ServiceInfo): Route[] =>
  (service.object.metadata.annotations?.[EXTERNAL_DNS] ?? "")
    .split(",")
    .map((h) => h.trim().toLowerCase().replace(/\.$/, ""))
    .filter((h) => h !== "")
    .map((host) => ({
      host,
      namespace: service.namespace,
      service: service.name,
      field: `Service ${service.id} metadata.annotations[${EXTERNAL_DNS}]`,
    }));

const published = (services: readonly ServiceInfo[], field: string): Route[] =>
  services.map((s) => ({
    host: null,
    namespace: s.namespace,
    service: s.name,
    field: `Service ${s.id} ${field}`,
  }));

/** No API server takes another name, so the manifests are no platform's. @throws BadInput */
const isName = ({ host, field }: Route): void => {
  if (host !== null && !dnsName.safeParse(host.replace(/^\*\./, "").toLowerCase()).success)
    throw new BadInput(
      `${field} is led to by the host ${host}, which is no DNS name. Write other scripts as DNS has them (xn--…).`,
    );
};

const distinct = (routes: readonly Route[]): readonly Route[] => {
  const seen = new Map<string, Route>();
  for (const route of routes) {
    isName(route);
    const key = `${route.host ?? ""}|${route.namespace}/${route.service}`;
    if (!seen.has(key)) seen.set(key, route);
  }
  return [...seen.entries()].sort(([a], [b]) => byCodeUnit(a, b)).map(([, route]) => route);
};

/** Services that applications stand behind and nobody of the platform calls: the last resort. */
const roots = (classified: readonly Classified[], inventory: Inventory): ServiceInfo[] => {
  const called = new Set(
    classified
      .filter((c) => !c.loadGenerator)
      .flatMap((c) => callsOf(c.subject.running, inventory, c.subject.settings).map((call) => call.service)),
  );
  return classified
    .filter((c) => c.class === "stateless" && !c.loadGenerator)
    .flatMap((c) => inventory.servicesOf.get(c.subject.running.id) ?? [])
    .filter((s) => !called.has(s.id));
};

/** Which Services the outside reaches, and by what name. */
export const findRoutes = (inventory: Inventory, classified: readonly Classified[]): Found => {
  const named = inventory.services.flatMap(annotated);
  const routed = [
    ...inventory
      .ofKind("Ingress")
      .filter((o) => groupOf(o.apiVersion) === "networking.k8s.io")
      .flatMap(routesOfIngress),
    ...["HTTPRoute", "GRPCRoute"].flatMap((kind) => inventory.ofKind(kind)).flatMap(routesOfGateway),
    ...inventory.ofKind("VirtualService").flatMap(routesOfMesh),
  ];
  // A controller's own load balancer publishes routes; it is no name of its own.
  const behind = new Set(
    classified
      .filter((c) => c.class === "core" || c.class === "cloud-controller")
      .map((c) => c.subject.running.id),
  );
  const balancers = inventory.services.filter(
    (s) => s.type === "LoadBalancer" && s.workloads.length > 0 && !s.workloads.some((w) => behind.has(w)),
  );
  const own = named.filter(
    (r) =>
      inventory.serviceById.get(`${r.namespace}/${r.service}`)?.workloads.every((w) => !behind.has(w)) ??
      false,
  );
  if (routed.length > 0) return { from: "routes", routes: distinct([...routed, ...own]) };
  const plain = balancers.filter((s) => annotated(s).length === 0);
  const balanced = [...own, ...published(plain, "spec.type")];
  if (balanced.length > 0) return { from: "load-balancers", routes: distinct(balanced) };
  const aims = classified.filter((c) => c.loadGenerator).flatMap((c) => targetsOf(c.subject, inventory));
  if (aims.length > 0) return { from: "load-generator", routes: distinct(published(aims, "spec.selector")) };
  const last = published(roots(classified, inventory), "spec.selector");
  return { from: last.length > 0 ? "roots" : "nothing", routes: distinct(last) };
};
