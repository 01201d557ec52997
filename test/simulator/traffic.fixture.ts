/** A small hand-made platform for the tests of traffic: two clusters whose pods are lists, and DNS whose shares are set. */

import type { RunEvent, Unstamped } from "../../domain/events.ts";
import type { KubeObject, Ref } from "../../domain/kube.ts";
import { keyOf, refOf } from "../../domain/kube.ts";
import type { Side } from "../../domain/phases.ts";
import type { Plan, Workload } from "../../domain/plan.ts";
import { SettingsSchema } from "../../domain/settings.ts";
import { Clock } from "../../simulator/clock.ts";
import { makeRandom } from "../../simulator/random.ts";
import { type Control, makeTraffic, type TrafficWorld } from "../../simulator/world/traffic/traffic.ts";
import type { Changed, Cluster, DnsWorld, HostShares, PodView } from "../../simulator/world/types.ts";

export const STARTS_AT = Date.UTC(2026, 2, 3, 2, 0, 0);

/** A cluster whose pods and Services a test sets by hand. */
export type HandCluster = Cluster & {
  /** Sets how many pods a workload has, all ready and listed. */
  readonly scale: (workload: string, pods: number) => void;
  /** Changes pods that match; `listed` says whether the balancers still know them. */
  readonly alter: (workload: string, change: Partial<PodView> & { listed?: boolean }, count?: number) => void;
  readonly put: (object: KubeObject) => void;
  readonly remove: (ref: Ref) => void;
  readonly leadTo: (service: string, externalName: string) => void;
  readonly create: () => void;
};

type HandPod = { view: PodView; listed: boolean };

export const handCluster = (
  side: Side,
  services: Readonly<Record<string, string>>,
  exists = true,
): HandCluster => {
  const pods = new Map<string, HandPod[]>();
  const objects = new Map<string, KubeObject>();
  const external = new Map<string, string>();
  const listeners: ((change?: Changed) => void)[] = [];
  let there = exists;
  let made = 0;
  const tell = (namespace?: string) => {
    for (const listener of listeners)
      listener(namespace === undefined ? undefined : { namespaces: new Set([namespace]) });
  };
  const of = (workload: string): HandPod[] => pods.get(workload) ?? [];
  return {
    side,
    api: () => ({ status: 501, headers: {}, body: "" }),
    exists: () => there,
    get: (ref) => objects.get(keyOf(ref)),
    all: () => [...objects.values()],
    list: ({ apiVersion, kind }) =>
      [...objects.values()].filter((o) => o.apiVersion === apiVersion && o.kind === kind),
    pods: () => [...pods.values()].flat().map((p) => p.view),
    podsIn: (namespace) =>
      [...pods.values()].flatMap((list) => list.map((p) => p.view).filter((v) => v.namespace === namespace)),
    endpoints: (namespace, service) => {
      const name = `${namespace}/${service}`;
      const externalName = external.get(name);
      if (externalName !== undefined) return { pods: [], externalName };
      const workload = services[name];
      if (workload === undefined) return undefined;
      return {
        pods: of(workload)
          .filter((p) => p.listed)
          .map((p) => p.view),
      };
    },
    onChange: (listener) => listeners.push(listener),
    scale: (workload, count) => {
      const [namespace = ""] = workload.split("/");
      const list = of(workload).slice(0, count);
      while (list.length < count) {
        made += 1;
        const name = `${workload.split("/")[1]}-${made}`;
        list.push({
          listed: true,
          view: {
            namespace,
            name,
            workload,
            ready: true,
            accepting: true,
            terminating: false,
            address: `10.${side === "source" ? 0 : 32}.${made >> 8}.${made & 255}`,
          },
        });
      }
      pods.set(workload, list);
      tell(namespace);
    },
    alter: (workload, { listed, ...change }, count = 1) => {
      const list = of(workload).map((pod, i) =>
        i < count ? { view: { ...pod.view, ...change }, listed: listed ?? pod.listed } : pod,
      );
      pods.set(workload, list);
      tell(workload.split("/")[0]);
    },
    put: (object) => {
      objects.set(keyOf(refOf(object)), object);
      tell(object.metadata.namespace);
    },
    remove: (ref) => {
      objects.delete(keyOf(ref));
      tell(ref.namespace);
    },
    leadTo: (service, externalName) => {
      external.set(service, externalName);
      tell(service.split("/")[0]);
    },
    create: () => {
      there = true;
      tell();
    },
  };
};

export type HandDns = DnsWorld & { readonly point: (shares: Partial<HostShares>) => void };

export const handDns = (): HandDns => {
  let shares: HostShares = { source: 1, target: 0, nowhere: 0 };
  const listeners: (() => void)[] = [];
  return {
    answer: () => undefined,
    shares: () => shares,
    targetShareByClass: () => ({ honouring: shares.target }),
    onChange: (listener) => listeners.push(listener),
    point: (to) => {
      shares = { source: 0, target: 0, nowhere: 0, ...to };
      for (const listener of listeners) listener();
    },
  };
};

export const workload = (name: string, more: Partial<Workload> = {}): Workload => {
  const [namespace = "", short = ""] = name.split("/");
  return {
    namespace,
    name: short,
    kind: "Deployment",
    apiVersion: "apps/v1",
    class: "stateless",
    evidence: [],
    move: "half-and-half",
    replicas: 2,
    half: 1,
    floor: 1,
    drains: true,
    readySecondsExpected: 5,
    readyDeadlineSeconds: 600,
    pauseSecondsMax: null,
    services: [name],
    calls: [],
    hosts: [],
    wave: 1,
    operation: null,
    ...more,
  };
};

export const settingsWith = (more: Record<string, unknown> = {}) => {
  const cluster = (name: string, egress: string) => ({
    name,
    kubernetesVersion: "1.33",
    nodePools: [{ name: "general" }],
    egressAddresses: [egress],
  });
  return SettingsSchema.parse({
    platform: "test",
    source: cluster("old", "198.51.100.1"),
    target: cluster("new", "198.51.100.1"),
    dns: { zone: "platform.example", parent: "example" },
    load: [
      {
        host: "shop.platform.example",
        requestsPerSecond: 100,
        peakFactor: 1,
        statuses: { "200": 0.5, "204": 0.3, "404": 0.19, "500": 0.01 },
      },
    ],
    capacity: [{ workload: "*", requestsPerSecondPerPod: 200 }],
    window: { timeZone: "UTC", start: "01:00", end: "05:00" },
    approvals: { approvers: [{ person: "ada", role: "sre" }] },
    gates: {},
    policy: {},
    ...more,
  });
};

/** web → cart → redis, and a collector that web tells everything. */
export const shop = (more: Partial<Plan> = {}, settings: Record<string, unknown> = {}): Plan => ({
  format: 1,
  platform: "test",
  migration: "test-1",
  settings: settingsWith(settings),
  workloads: [
    workload("shop/web", {
      calls: [
        { service: "shop/cart", field: "env" },
        { service: "ops/collector", field: "env" },
      ],
    }),
    workload("shop/cart", {
      calls: [
        { service: "shop/redis", field: "env" },
        { service: "shop/web", field: "env" },
      ],
    }),
    workload("shop/redis", { class: "stateful", replicas: 1 }),
    workload("ops/collector", { class: "core" }),
  ],
  hosts: [{ host: "shop.platform.example", namespace: "shop", service: "web" }],
  operations: [],
  changes: [],
  assumptions: [],
  open: [],
  limits: [],
  price: { stateTransitions: 0, doubleRunningHours: 0, freezeMinutes: 0 },
  objects: [],
  ...more,
});

export type Trial = {
  readonly clock: Clock;
  readonly plan: Plan;
  readonly source: HandCluster;
  readonly target: HandCluster;
  readonly dns: HandDns;
  readonly traffic: TrafficWorld;
  readonly events: (RunEvent | (Unstamped & { at: number }))[];
  /** Lets virtual seconds go by. */
  readonly pass: (seconds: number) => void;
};

/** The shop with all its pods on the source and an empty target. */
export const trial = (plan: Plan = shop(), control?: Control): Trial => {
  const clock = new Clock(STARTS_AT);
  const services = Object.fromEntries(
    plan.workloads.flatMap((w) => w.services.map((s) => [s, `${w.namespace}/${w.name}`] as const)),
  );
  const source = handCluster("source", services);
  const target = handCluster("target", services);
  for (const w of plan.workloads) source.scale(`${w.namespace}/${w.name}`, w.replicas);
  const dns = handDns();
  const events: (Unstamped & { at: number })[] = [];
  const traffic = makeTraffic({
    clock,
    random: makeRandom(7),
    plan,
    source,
    target,
    dns,
    emit: (event) => events.push({ ...event, at: clock.elapsedSeconds() }),
    ...(control === undefined ? {} : { control }),
  });
  const pass = (seconds: number) => clock.advanceTo(clock.now() + seconds * 1000);
  pass(0);
  return { clock, plan, source, target, dns, traffic, events, pass };
};

/** Everything that the target needs to answer: the same pods as the source. */
export const fill = (t: Trial): void => {
  for (const w of t.plan.workloads) t.target.scale(`${w.namespace}/${w.name}`, w.replicas);
};
