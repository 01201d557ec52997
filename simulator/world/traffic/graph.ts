/**
 * The way of a request through the platform, as the plan knows it: public hosts, the Services behind them, the workloads behind those,
 * and what these call in turn. Split into parts that share nothing, so that a change costs only its own part.
 */

import { productOfImage } from "../../../domain/classes/images.ts";
import type { KubeObject, Ref } from "../../../domain/kube.ts";
import { byCodeUnit, refOf } from "../../../domain/kube.ts";
import type { Plan, Workload } from "../../../domain/plan.ts";
import { nameOf } from "../../../domain/plan.ts";
import { neededCalls } from "../../../domain/queries.ts";
import { DEFAULT_LOAD, type HostLoad } from "./demand.ts";

export type HostNode = {
  readonly host: string;
  readonly load: HostLoad;
  /** Services that answer for it, `namespace/name`; requests are spread over them. */
  readonly entries: readonly string[];
  /** The Ingresses that route it; empty where a Service is its load balancer. */
  readonly ingresses: readonly Ref[];
};

export type WorkloadNode = {
  readonly name: string;
  readonly calls: readonly string[];
  readonly services: readonly string[];
  readonly requestsPerSecondPerPod: number;
  readonly serviceMs: number;
};

/** Hosts, Services and workloads that no call connects to those of another part. */
export type Part = {
  readonly index: number;
  readonly hosts: readonly HostNode[];
  readonly services: readonly string[];
  readonly workloads: readonly WorkloadNode[];
  readonly namespaces: ReadonlySet<string>;
};

export type Graph = {
  readonly hosts: readonly HostNode[];
  readonly workloads: ReadonlyMap<string, WorkloadNode>;
  readonly parts: readonly Part[];
  /** Ingress controllers that requests pass through; empty where the platform has none that runs as pods. */
  readonly ingress: readonly { readonly workload: WorkloadNode; readonly services: readonly string[] }[];
};

const DEFAULT_CAPACITY = { requestsPerSecondPerPod: 200, serviceMs: 12 };
const INGRESS_CAPACITY = { requestsPerSecondPerPod: 5_000, serviceMs: 1 };
/** Databases answer many small questions: they get this many times the capacity of an application by default. */
const STATEFUL_FACTOR = 10;

export const makeGraph = (plan: Plan): Graph => {
  const ingress = plan.workloads.filter((w) => isIngressController(w, plan.objects));
  const isIngress = new Set(ingress.map(nameOf));
  const calls = neededCalls(plan);
  const workloads = new Map(
    plan.workloads.map((w) => {
      const node: WorkloadNode = {
        name: nameOf(w),
        calls: calls.get(nameOf(w)) ?? [],
        services: w.services,
        ...capacityOf(w, plan, isIngress.has(nameOf(w))),
      };
      return [node.name, node] as const;
    }),
  );
  const hosts = hostsOf(plan);
  return {
    hosts,
    workloads,
    parts: partsOf(hosts, [...workloads.values()]),
    ingress: ingress.flatMap((w) => {
      const workload = workloads.get(nameOf(w));
      return workload ? [{ workload, services: publicServices(w, plan) }] : [];
    }),
  };
};

const capacityOf = (w: Workload, plan: Plan, isIngress: boolean) => {
  const settings = plan.settings.capacity;
  const own = settings.find((c) => c.workload === nameOf(w));
  if (own) return { requestsPerSecondPerPod: own.requestsPerSecondPerPod, serviceMs: own.serviceMs };
  if (isIngress) return INGRESS_CAPACITY;
  const other = settings.find((c) => c.workload === "*") ?? DEFAULT_CAPACITY;
  const factor = w.class === "stateful" ? STATEFUL_FACTOR : 1;
  return {
    requestsPerSecondPerPod: other.requestsPerSecondPerPod * factor,
    serviceMs: other.serviceMs / factor,
  };
};

const hostsOf = (plan: Plan): readonly HostNode[] => {
  const ingresses = plan.objects.filter((o) => o["kind"] === "Ingress") as unknown as readonly KubeObject[];
  const names = [...new Set(plan.hosts.map((h) => h.host))].sort(byCodeUnit);
  return names.map((host) => ({
    host,
    load: loadOf(host, plan),
    entries: [
      ...new Set(plan.hosts.filter((h) => h.host === host).map((h) => `${h.namespace}/${h.service}`)),
    ].sort(byCodeUnit),
    ingresses: ingresses.filter((i) => routes(i, host)).map(refOf),
  }));
};

/** The host's load as the settings have it, its answers as shares that sum to exactly 1. */
const loadOf = (host: string, plan: Plan): HostLoad => {
  const load = plan.settings.load.find((l) => l.host === host) ?? { host, ...DEFAULT_LOAD };
  const sum = Object.values(load.statuses).reduce((a, b) => a + b, 0);
  if (sum <= 0) return { ...load, statuses: DEFAULT_LOAD.statuses };
  return {
    ...load,
    statuses: Object.fromEntries(Object.entries(load.statuses).map(([c, s]) => [c, s / sum])),
  };
};

const routes = (ingress: KubeObject, host: string): boolean => {
  const rules = (ingress["spec"] as { rules?: readonly { host?: string }[] } | undefined)?.rules ?? [];
  const parent = host.slice(host.indexOf(".") + 1);
  return rules.some((r) => r.host === host || r.host === `*.${parent}`);
};

const CONTROLLER_ARGUMENTS = /--(ingress-class|controller-class|providers\.kubernetesingress)/;

/** Core workloads that requests go through: told by what they run, not by what they are called. */
const isIngressController = (w: Workload, objects: Plan["objects"]): boolean => {
  if (w.class !== "core") return false;
  const object = objects.find((o) => {
    const meta = o["metadata"] as { readonly namespace?: string; readonly name?: string } | undefined;
    return o["kind"] === w.kind && meta?.name === w.name && (meta?.namespace ?? "default") === w.namespace;
  }) as { spec?: { template?: { spec?: { containers?: readonly { image?: string }[] } } } } | undefined;
  const containers = object?.spec?.template?.spec?.containers ?? [];
  return containers.some(
    (c) =>
      productOfImage(c.image ?? "")?.product === "an ingress controller" ||
      CONTROLLER_ARGUMENTS.test(JSON.stringify(c)),
  );
};

/** Of a controller's Services, those that face the outside; all of them where none says so. */
const publicServices = (w: Workload, plan: Plan): readonly string[] => {
  const outside = w.services.filter((service) =>
    plan.objects.some((o) => {
      const meta = o["metadata"] as { readonly namespace?: string; readonly name?: string } | undefined;
      const type = (o["spec"] as { readonly type?: string } | undefined)?.type;
      return (
        o["kind"] === "Service" &&
        `${meta?.namespace ?? "default"}/${meta?.name ?? ""}` === service &&
        (type === "LoadBalancer" || type === "NodePort")
      );
    }),
  );
  return outside.length > 0 ? outside : w.services;
};

/** Follows calls from the hosts; what is reached from two hosts joins their parts. */
const partsOf = (hosts: readonly HostNode[], workloads: readonly WorkloadNode[]): readonly Part[] => {
  const behind = new Map<string, WorkloadNode[]>();
  for (const w of workloads) {
    for (const s of w.services) behind.set(s, [...(behind.get(s) ?? []), w]);
  }
  const groups = new Set<{ hosts: HostNode[]; services: Set<string> }>();
  const groupOf = new Map<string, { hosts: HostNode[]; services: Set<string> }>();
  for (const host of hosts) {
    const services = reach(host.entries, behind);
    const group = { hosts: [host], services };
    for (const service of [...services]) {
      const other = groupOf.get(service);
      if (!other || !groups.has(other) || other === group) continue;
      groups.delete(other);
      group.hosts.push(...other.hosts);
      for (const s of other.services) group.services.add(s);
    }
    for (const service of group.services) groupOf.set(service, group);
    groups.add(group);
  }
  return [...groups].map((group, index) => {
    const services = [...group.services].sort(byCodeUnit);
    const inside = [...new Set(services.flatMap((s) => behind.get(s) ?? []))];
    return {
      index,
      hosts: group.hosts.sort((a, b) => byCodeUnit(a.host, b.host)),
      services,
      workloads: inside.sort((a, b) => byCodeUnit(a.name, b.name)),
      namespaces: new Set([...services, ...inside.map((w) => w.name)].map((n) => n.split("/")[0] ?? "")),
    };
  });
};

const reach = (
  entries: readonly string[],
  behind: ReadonlyMap<string, readonly WorkloadNode[]>,
): Set<string> => {
  const seen = new Set(entries);
  const open = [...entries];
  for (let service = open.pop(); service !== undefined; service = open.pop()) {
    for (const w of behind.get(service) ?? []) {
      // Its other Services lead to the same pods, and so to the same load.
      for (const next of [...w.calls, ...w.services]) {
        if (seen.has(next)) continue;
        seen.add(next);
        open.push(next);
      }
    }
  }
  return seen;
};
