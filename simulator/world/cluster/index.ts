/** One simulated cluster: an API server with its machinery, and the controllers, scheduler and kubelets that act on what it stores. */

import type { KubeObject, Ref } from "../../../domain/kube.ts";
import type { Side } from "../../../domain/phases.ts";
import type { Clock } from "../../clock.ts";
import type { Random } from "../../random.ts";
import { makeKubernetesApi } from "../../services/kubernetes/api.ts";
import type { Changed, Cluster, Emit, HttpService } from "../types.ts";
import { makeAdmission } from "./admission/index.ts";
import { Autoscalers, type Signals } from "./autoscalers.ts";
import { type Balancer, Balancers } from "./balancers.ts";
import { cronJobs } from "./cronjobs.ts";
import { daemonSets } from "./daemonsets.ts";
import { deployments } from "./deployments.ts";
import { disruptionBudgets, evict } from "./disruption.ts";
import { Endpoints } from "./endpoints.ts";
import { collectGarbage, customKinds, namespaces } from "./garbage.ts";
import { jobs } from "./jobs.ts";
import { Kinds } from "./kinds.ts";
import { makeLeases } from "./leases.ts";
import { bootstrapObjects, defaultStorageClass, loadObjects } from "./load.ts";
import { loseNode } from "./lost-nodes.ts";
import { type Ended, type Machine, Queue } from "./machine.ts";
import { type ClusterSettings, Nodes } from "./nodes.ts";
import { type PodFault, Pods } from "./pods.ts";
import { makeReadyReports } from "./ready-reports.ts";
import { Registry } from "./registry.ts";
import { replicaSets } from "./replicasets.ts";
import { Scheduler } from "./scheduler.ts";
import { makeSlowness, type Slowness } from "./slowness.ts";
import { statefulSets } from "./statefulsets.ts";
import { Store } from "./store.ts";
import { velero } from "./velero/index.ts";
import type { BackupStorage } from "./velero/storage.ts";
import { volumes } from "./volumes.ts";

export type { Signals } from "./autoscalers.ts";
export { type Balancer, loadBalancerName } from "./balancers.ts";
export type { PodFault } from "./pods.ts";
export { type BackupStorage, makeBackupStorage } from "./velero/storage.ts";

export type ClusterOptions = {
  readonly side: Side;
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: ClusterSettings;
  /** What stands in it when the run begins; empty for a target that is yet to be made. */
  readonly objects: readonly KubeObject[];
  readonly exists: boolean;
  /** `namespace/service` of Services of any type that have a load balancer of their own. */
  readonly exposed: ReadonlySet<string>;
  /** The bucket that both clusters' Velero share. */
  readonly velero: BackupStorage;
  readonly emit: Emit;
  /** How a pod that runs to its end ends: well and without a message where absent. */
  readonly program?: (pod: KubeObject) => Ended;
};

export type SimulatedCluster = Cluster & {
  /** The control plane is there from now on: an empty cluster whose first nodes are starting. */
  readonly create: () => void;
  /** Everything of it is gone; no answer comes any more. */
  readonly destroy: () => void;
  /** These pods fail their readiness probe from now on. @returns what ends the fault. */
  readonly addPodFault: (fault: PodFault) => () => void;
  /** These pods hang in Terminating from now on. @returns what ends the fault. */
  readonly addHang: (fault: PodFault) => () => void;
  /** These pods become ready and crash, from now on. @returns what ends the fault. */
  readonly addCrash: (fault: PodFault) => () => void;
  /** A node is gone: its pods die at once and are made anew elsewhere some time later. */
  readonly loseNode: (name: string) => void;
  /** What autoscalers measure from now on; nothing was measured before. Stays over create and destroy. */
  readonly setSignals: (signals: Signals) => void;
  /** The load balancer of a Service, undefined while it has none. */
  readonly balancer: (namespace: string, service: string) => Balancer | undefined;
  /** Pods with their nodes and what keeps them from running, for reports and faults. */
  readonly nodeNames: () => readonly string[];
  /** Faults of its machinery: set what is to take longer. */
  readonly slowness: Slowness;
};

/** Thrown where no answer comes: the seam turns it into a rejected exchange. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

export const makeCluster = (options: ClusterOptions): SimulatedCluster => {
  const listeners: ((change?: Changed) => void)[] = [];
  let signals: Signals = {};
  let room: Room | undefined;
  /** How many clusters of this name there were: each draws its own chance. */
  let made = 0;
  const slowness = makeSlowness();
  const build = (): Room => {
    made += 1;
    const next = makeRoom(options, listeners, made, slowness);
    next.autoscalers.signals = signals;
    room = next;
    return next;
  };
  if (options.exists) build().load(options.objects);
  return {
    side: options.side,
    slowness,
    api: (request, caller) => {
      if (!room) throw new NoAnswer(`The ${options.side} cluster ${options.settings.name} doesn't exist.`);
      return room.api(request, caller);
    },
    exists: () => room !== undefined,
    get: (ref) => room?.get(ref),
    all: () => room?.all() ?? [],
    list: (kind) => room?.list(kind) ?? NONE,
    pods: () => room?.pods.all() ?? [],
    podsIn: (namespace) => room?.pods.in(namespace) ?? [],
    endpoints: (namespace, service) => room?.endpoints.of(namespace, service),
    onChange: (listener) => void listeners.push(listener),
    create: () => {
      if (room) throw new Error(`The ${options.side} cluster ${options.settings.name} exists already.`);
      build().open();
    },
    destroy: () => {
      room?.machine.queue.stop();
      room = undefined;
      for (const listener of listeners) listener();
    },
    addPodFault: (fault) => room?.pods.addFault(fault) ?? (() => {}),
    addHang: (fault) => room?.pods.addHang(fault) ?? (() => {}),
    addCrash: (fault) => room?.pods.addCrash(fault) ?? (() => {}),
    loseNode: (name) => room && loseNode(room.machine, room.nodes, room.pods, name),
    setSignals: (next) => {
      signals = next;
      if (room) room.autoscalers.signals = next;
    },
    balancer: (namespace, service) => room?.balancers.of(namespace, service),
    nodeNames: () => [...(room?.nodes.all() ?? [])].map((node) => node.name),
  };
};

const NONE: readonly KubeObject[] = [];

type Room = {
  readonly machine: Machine;
  readonly pods: Pods;
  readonly nodes: Nodes;
  readonly endpoints: Endpoints;
  readonly balancers: Balancers;
  readonly autoscalers: Autoscalers;
  readonly api: HttpService;
  readonly get: (ref: Ref) => KubeObject | undefined;
  readonly all: () => readonly KubeObject[];
  readonly list: Cluster["list"];
  readonly load: (objects: readonly KubeObject[]) => void;
  readonly open: () => void;
};

/** Builds the parts of one cluster and ties them together. */
const makeRoom = (options: ClusterOptions, listeners: Listeners, made: number, slowness: Slowness): Room => {
  const machine = makeMachine(options, listeners, made, slowness);
  const { registry, store, side } = machine;
  const pods = new Pods(machine);
  const nodes = new Nodes(machine, options.settings.nodePools);
  new Scheduler(machine, nodes, pods);
  const endpoints = new Endpoints(machine, pods);
  const balancers = new Balancers(machine, options.exposed);
  const autoscalers = new Autoscalers(machine);
  addControllers(machine, pods, nodes, options.velero);
  registry.admit = makeAdmission(machine, endpoints);
  registry.refreshLeases = makeLeases(machine, pods);
  pods.onReadiness = (pod) => endpoints.touched(pod);
  const start = (ready: boolean, objects: readonly KubeObject[]) => {
    registry.loading = true;
    bootstrapObjects(machine);
    if (!ready) defaultStorageClass(machine);
    nodes.start(ready);
    loadObjects(machine, objects);
    machine.queue.drain();
    balancers.settle();
    registry.loading = false;
    endpoints.publishAll();
    registry.refreshLeases();
  };
  return {
    machine,
    pods,
    nodes,
    endpoints,
    balancers,
    autoscalers,
    api: makeKubernetesApi({ side, registry, evict: evict(machine, pods) }),
    get: (ref) => {
      const resource = registry.kinds.byKind(ref.apiVersion, ref.kind);
      return resource && store.get(resource.key, ref.namespace ?? "", ref.name);
    },
    all: () => store.keys().flatMap((key) => store.list(key)),
    list: ({ apiVersion, kind }) => {
      const resource = registry.kinds.byKind(apiVersion, kind);
      return resource ? store.list(resource.key) : NONE;
    },
    load: (objects) => start(true, objects),
    open: () => start(false, []),
  };
};

type Listeners = readonly ((change?: Changed) => void)[];

const makeMachine = (
  options: ClusterOptions,
  listeners: Listeners,
  made: number,
  slowness: Slowness,
): Machine => {
  const { clock, side, emit } = options;
  const random = options.random.fork(`cluster ${side} ${made}`);
  const store = new Store();
  const kinds = new Kinds(options.settings.kubernetesVersion);
  const registry = new Registry({ kinds, store, clock, random });
  const queue = new Queue(clock, store);
  let namespaces = new Set<string>();
  store.onChange(({ before, after }) => {
    const { namespace } = (after ?? before)?.metadata ?? {};
    if (namespace !== undefined) namespaces.add(namespace);
  });
  const tell = oncePerInstant(clock, () => {
    const change = { namespaces };
    namespaces = new Set();
    if (!registry.loading) for (const listener of listeners) listener(change);
  });
  const changed = (namespace: string) => {
    namespaces.add(namespace);
    tell();
  };
  const program = options.program ?? (() => ({}));
  return {
    side,
    clock,
    random,
    ofWorkloads: options.random.fork("workloads"),
    registry,
    store,
    queue,
    emit,
    loading: () => registry.loading,
    slowness,
    program,
    changed,
  };
};

const addControllers = (machine: Machine, pods: Pods, nodes: Nodes, storage: BackupStorage): void => {
  const report = makeReadyReports(machine);
  customKinds(machine);
  const controllers = [
    namespaces(machine),
    volumes(machine, storage.disks),
    cronJobs(machine),
    jobs(machine, pods),
    deployments(machine, pods, report),
    replicaSets(machine, pods),
    statefulSets(machine, pods, report),
    daemonSets(machine, pods, nodes, report),
    disruptionBudgets(machine, pods),
    ...velero(machine, storage),
  ];
  for (const controller of controllers) machine.queue.add(controller);
  collectGarbage(machine);
};

/** Many changes of one instant are one piece of news. */
const oncePerInstant = (clock: Clock, run: () => void): (() => void) => {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    clock.after(0, () => {
      waiting = false;
      run();
    });
  };
};
