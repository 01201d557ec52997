/** The objects of a platform, indexed once: workloads with their pod templates, Services with the workloads behind them, configuration by name. */

import { byCodeUnit, type KubeObject } from "./kube.ts";
import { at, isOwned, type Template, templateOf, type WorkloadKind, workloadKindOf } from "./pods.ts";

/** An object that runs pods and that no other object of the platform owns. */
export type Running = {
  readonly object: KubeObject;
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
  /** `namespace/name`. */
  readonly id: string;
  readonly template: Template;
  readonly replicas: number;
};

export type ServiceInfo = {
  readonly object: KubeObject;
  readonly namespace: string;
  readonly name: string;
  readonly id: string;
  readonly type: string;
  readonly selector: Readonly<Record<string, string>>;
  readonly ports: readonly {
    readonly port: number;
    readonly targetPort?: string | number;
    readonly name?: string;
  }[];
  readonly externalName?: string;
  /** Ids of the workloads that it selects. */
  readonly workloads: readonly string[];
};

export type Inventory = {
  readonly objects: readonly KubeObject[];
  readonly running: readonly Running[];
  readonly byId: ReadonlyMap<string, Running>;
  readonly services: readonly ServiceInfo[];
  readonly serviceById: ReadonlyMap<string, ServiceInfo>;
  /** Services that select a workload's pods, by the workload's id. */
  readonly servicesOf: ReadonlyMap<string, readonly ServiceInfo[]>;
  readonly configMaps: ReadonlyMap<string, KubeObject>;
  readonly ofKind: (kind: string) => readonly KubeObject[];
};

const DEFAULT_NAMESPACE = "default";

const namespaceOf = (object: KubeObject): string => object.metadata.namespace ?? DEFAULT_NAMESPACE;

/** Pods that a workload wants: the API's default of one, an autoscaler's minimum where nothing is said, none between a CronJob's ticks. */
const replicasOf = (
  object: KubeObject,
  kind: WorkloadKind,
  minimums: ReadonlyMap<string, number>,
): number => {
  if (kind === "CronJob" || kind === "Job") return 0;
  if (kind === "DaemonSet" || kind === "Pod") return 1;
  const replicas = at(object, "spec", "replicas");
  if (typeof replicas === "number") return replicas;
  return minimums.get(`${namespaceOf(object)}/${object.metadata.name}`) ?? 1;
};

const autoscalerMinimums = (objects: readonly KubeObject[]): ReadonlyMap<string, number> =>
  new Map(
    objects
      .filter((o) => o.kind === "HorizontalPodAutoscaler")
      .map((o) => [
        `${namespaceOf(o)}/${String(at(o, "spec", "scaleTargetRef", "name"))}`,
        Math.max(1, Number(at(o, "spec", "minReplicas") ?? 1)),
      ]),
  );

const runningOf = (objects: readonly KubeObject[]): Running[] => {
  const minimums = autoscalerMinimums(objects);
  return objects.flatMap((object) => {
    const kind = workloadKindOf(object);
    if (!kind || isOwned(object)) return [];
    const namespace = namespaceOf(object);
    const name = object.metadata.name;
    return [
      {
        object,
        kind,
        namespace,
        name,
        id: `${namespace}/${name}`,
        template: templateOf(object, kind),
        replicas: replicasOf(object, kind, minimums),
      },
    ];
  });
};

const selects = (
  selector: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
): boolean => {
  const wanted = Object.entries(selector);
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value);
};

const labelsOf = (running: Running): Readonly<Record<string, string>> =>
  running.template.metadata?.labels ?? {};

const serviceOf = (object: KubeObject, candidates: readonly Running[]): ServiceInfo => {
  const selector = (at(object, "spec", "selector") ?? {}) as ServiceInfo["selector"];
  const externalName = at(object, "spec", "externalName");
  return {
    object,
    namespace: namespaceOf(object),
    name: object.metadata.name,
    id: `${namespaceOf(object)}/${object.metadata.name}`,
    type: String(at(object, "spec", "type") ?? "ClusterIP"),
    selector,
    ports: (at(object, "spec", "ports") ?? []) as ServiceInfo["ports"],
    ...(typeof externalName === "string" ? { externalName } : {}),
    workloads: candidates
      .filter((r) => r.kind !== "CronJob" && r.kind !== "Job" && selects(selector, labelsOf(r)))
      .map((r) => r.id),
  };
};

const groupBy = <T>(items: readonly T[], keysOf: (item: T) => readonly string[]): Map<string, T[]> => {
  const groups = new Map<string, T[]>();
  for (const item of items)
    for (const key of keysOf(item)) {
      const group = groups.get(key);
      if (group) group.push(item);
      else groups.set(key, [item]);
    }
  return groups;
};

/** @param objects as `gather` leaves them. */
export const takeInventory = (objects: readonly KubeObject[]): Inventory => {
  const running = runningOf(objects).sort((a, b) => byCodeUnit(a.id, b.id));
  const byNamespace = groupBy(running, (r) => [r.namespace]);
  const byKind = groupBy(objects, (o) => [o.kind]);
  const services = (byKind.get("Service") ?? [])
    .filter((o) => o.apiVersion === "v1")
    .map((o) => serviceOf(o, byNamespace.get(namespaceOf(o)) ?? []))
    .sort((a, b) => byCodeUnit(a.id, b.id));
  return {
    objects,
    running,
    byId: new Map(running.map((r) => [r.id, r])),
    services,
    serviceById: new Map(services.map((s) => [s.id, s])),
    servicesOf: groupBy(services, (s) => s.workloads),
    configMaps: new Map(
      (byKind.get("ConfigMap") ?? []).map((o) => [`${namespaceOf(o)}/${o.metadata.name}`, o]),
    ),
    ofKind: (kind) => byKind.get(kind) ?? [],
  };
};
