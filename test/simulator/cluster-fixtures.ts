/** Clusters, callers and objects for the tests of the simulated Kubernetes. */

import { type Kubernetes, makeKubernetes } from "../../adapters/kubernetes.ts";
import type { Unstamped } from "../../domain/events.ts";
import type { KubeObject } from "../../domain/kube.ts";
import type { Side } from "../../domain/phases.ts";
import type { Settings } from "../../domain/settings.ts";
import { Clock } from "../../simulator/clock.ts";
import { makeRandom } from "../../simulator/random.ts";
import {
  type BackupStorage,
  type ClusterOptions,
  makeBackupStorage,
  makeCluster,
  type SimulatedCluster,
} from "../../simulator/world/cluster/index.ts";
import type { Caller } from "../../simulator/world/types.ts";

/** A Monday in winter, 08:00 UTC. */
export const STARTS_AT = Date.UTC(2026, 0, 5, 8);

export const POOL: Settings["source"]["nodePools"][number] = {
  name: "general",
  labels: {},
  taints: [],
  cpuPerNode: 16,
  memoryGibPerNode: 64,
  nodesMin: 2,
  nodesMax: 10,
  startSeconds: 60,
  os: "linux",
  arch: "amd64",
};

export const CALLER: Caller = {
  name: "test",
  kind: "actor",
  user: "tester",
  groups: ["system:masters", "system:authenticated"],
  mayKubernetes: () => true,
};

export type World = {
  readonly clock: Clock;
  readonly cluster: SimulatedCluster;
  readonly kube: Kubernetes;
  readonly events: Unstamped[];
  readonly clientAs: (caller: Partial<Caller>) => Kubernetes;
  /** Lets time pass, in seconds. */
  readonly wait: (seconds: number) => void;
};

export type WorldOptions = {
  readonly side?: Side;
  readonly objects?: readonly KubeObject[];
  readonly version?: string;
  readonly pools?: Settings["source"]["nodePools"];
  readonly exposed?: readonly string[];
  readonly storage?: BackupStorage;
  readonly clock?: Clock;
  readonly seed?: number;
  readonly program?: ClusterOptions["program"];
};

/** A cluster that stands, with these objects in it. */
export const makeWorld = (options: WorldOptions = {}): World => {
  const clock = options.clock ?? new Clock(STARTS_AT);
  const events: Unstamped[] = [];
  const cluster = makeCluster({
    side: options.side ?? "source",
    clock,
    random: makeRandom(options.seed ?? 1),
    settings: {
      name: "test",
      kubernetesVersion: options.version ?? "1.33",
      nodePools: options.pools ?? [POOL],
      egressAddresses: ["192.0.2.1"],
    },
    objects: options.objects ?? [],
    exists: true,
    exposed: new Set(options.exposed ?? []),
    velero: options.storage ?? makeBackupStorage(),
    emit: (event) => void events.push(event),
    ...(options.program ? { program: options.program } : {}),
  });
  const clientAs = (caller: Partial<Caller>) => clientOf(cluster, { ...CALLER, ...caller });
  const wait = (seconds: number) => clock.advanceTo(clock.now() + seconds * 1_000);
  return { clock, cluster, kube: clientAs({}), events, clientAs, wait };
};

export const clientOf = (cluster: SimulatedCluster, caller: Caller = CALLER): Kubernetes =>
  makeKubernetes({
    baseUrl: "https://kubernetes.test",
    http: async (request) => cluster.api(request, caller),
  });

export type Fields = Readonly<Record<string, unknown>>;

export const object = (
  apiVersion: string,
  kind: string,
  name: string,
  rest: Fields = {},
  namespace = "shop",
): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name, namespace },
  ...rest,
});

export const podSpec = (container: Fields = {}, spec: Fields = {}): Fields => ({
  containers: [{ name: "app", image: "registry.test/app:1", ...container }],
  ...spec,
});

/** A Deployment, StatefulSet or DaemonSet `shop/name` whose pods are labelled `app: name`. */
export const workload = (
  kind: string,
  name: string,
  replicas: number,
  pod: Fields = podSpec(),
  rest: Fields = {},
): KubeObject =>
  object("apps/v1", kind, name, {
    spec: {
      ...(kind === "DaemonSet" ? {} : { replicas }),
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: pod },
      ...rest,
    },
  });

export const deployment = (
  name: string,
  replicas: number,
  pod: Fields = podSpec(),
  rest: Fields = {},
): KubeObject => workload("Deployment", name, replicas, pod, rest);

export const service = (name: string, rest: Fields = {}): KubeObject =>
  object("v1", "Service", name, { spec: { selector: { app: name }, ports: [{ port: 80 }], ...rest } });

export const ref = (
  apiVersion: string,
  kind: string,
  name: string,
  namespace: string | undefined = "shop",
) => ({
  apiVersion,
  kind,
  name,
  ...(namespace === undefined ? {} : { namespace }),
});
export const deploymentRef = (name: string) => ref("apps/v1", "Deployment", name);

export const namespace = (name: string, labels: Readonly<Record<string, string>> = {}): KubeObject => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name, labels },
});

/** Ready pods of a workload, not counting those that are going. */
export const readyPods = (cluster: SimulatedCluster, name: string): number =>
  cluster.pods().filter((pod) => pod.workload === `shop/${name}` && pod.ready && !pod.terminating).length;

export const podsOf = (cluster: SimulatedCluster, name: string) =>
  cluster.pods().filter((pod) => pod.workload === `shop/${name}`);
