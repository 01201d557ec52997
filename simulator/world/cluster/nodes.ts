/** The nodes of a cluster: pools with a size, a start-up time and a limit; what is free on each; the Node objects. */

import type { Side } from "../../../domain/phases.ts";
import type { Settings } from "../../../domain/settings.ts";
import { type Fields, fieldsAt, labelsOf, listAt, textAt } from "./fields.ts";
import type { Machine } from "./machine.ts";
import type { NodeShape, Room, Taint } from "./placement.ts";

export type ClusterSettings = Settings["source"];
export type NodePool = ClusterSettings["nodePools"][number];

export type Node = NodeShape & {
  readonly pool: string;
  /** Within the VPC: what flow logs know it by. */
  readonly address: string;
  labels: Readonly<Record<string, string>>;
  taints: readonly Taint[];
  readonly os: string;
  /** False while it starts; it holds reservations already. */
  ready: boolean;
  cordoned: boolean;
  /** What pods may take of it in all. */
  readonly cpuMilli: number;
  readonly memoryBytes: number;
  cpuMilliFree: number;
  memoryBytesFree: number;
  podsFree: number;
  /** Uids of the pods on it, or reserved for it. */
  readonly pods: Set<string>;
};

/** The kubelet's default. */
const PODS_PER_NODE = 110;
/** What a node keeps for itself. */
const RESERVED_CPU_MILLI = 100;
const RESERVED_MEMORY_BYTES = 512 * 2 ** 20;
const ZONES = ["a", "b", "c"];
const SYSTEM_MS = 10_000;

export class Nodes {
  readonly #machine: Machine;
  readonly #pools: readonly NodePool[];
  readonly #nodes = new Map<string, Node>();
  #serial = 0;
  /** Told when a node has become Ready. */
  onReady: (node: Node) => void = () => {};

  constructor(machine: Machine, pools: readonly NodePool[]) {
    this.#machine = machine;
    this.#pools = pools;
    machine.store.onChange(({ key, after }) => {
      const node = key === "nodes" && after ? this.#nodes.get(after.metadata.name) : undefined;
      if (!node || !after) return;
      const woken =
        node.cordoned && after["spec"] !== undefined && fieldsAt(after, "spec")["unschedulable"] !== true;
      node.cordoned = fieldsAt(after, "spec")["unschedulable"] === true;
      node.labels = labelsOf(after);
      node.taints = listAt(after, "spec", "taints").map(taintOf);
      if (woken) this.onReady(node);
    });
  }

  get(name: string): Node | undefined {
    return this.#nodes.get(name);
  }

  all(): Iterable<Node> {
    return this.#nodes.values();
  }

  /** The minimum of each pool: there already, or on its way. */
  start(ready: boolean): void {
    for (const pool of this.#pools)
      for (let i = 0; i < pool.nodesMin; i += 1) {
        if (ready) this.#join(this.#make(pool));
        else this.#launch(pool);
      }
  }

  /** A new node for a pod that fits nowhere, if some pool may grow and such a node would do. */
  grow(suits: (node: Node) => boolean): Node | undefined {
    for (const pool of this.#pools)
      if (this.#count(pool.name) < pool.nodesMax && suits(this.#make(pool, true))) return this.#launch(pool);
    return undefined;
  }

  /** The same for the source as it stands: the node is there, and no limit of ours says that it can't be. */
  growLoaded(suits: (node: Node) => boolean): Node | undefined {
    const pool = this.#pools.find((p) => suits(this.#make(p, true)));
    if (!pool) return undefined;
    const node = this.#make(pool);
    this.#join(node);
    return node;
  }

  /** A node that isn't in the settings but must have been there, since a pod of the source ran on it. */
  imply(labels: Readonly<Record<string, string>>, room: Room): Node {
    const pool = this.#pools[0] as NodePool;
    const os = labels["kubernetes.io/os"] === "windows" ? "windows" : pool.os;
    const bigger = {
      ...pool,
      os: os as "linux" | "windows",
      labels: { ...pool.labels, ...labels },
      taints: [],
      cpuPerNode: Math.max(pool.cpuPerNode, room.cpuMilli / 1_000 + 1),
      memoryGibPerNode: Math.max(pool.memoryGibPerNode, room.memoryBytes / 2 ** 30 + 1),
    };
    const node = this.#make({ ...bigger, name: "implied" });
    this.#join(node);
    return node;
  }

  reserve(node: Node, uid: string, room: Room): void {
    node.pods.add(uid);
    node.cpuMilliFree -= room.cpuMilli;
    node.memoryBytesFree -= room.memoryBytes;
    node.podsFree -= 1;
  }

  release(node: Node, uid: string, room: Room): void {
    if (!node.pods.delete(uid)) return;
    node.cpuMilliFree += room.cpuMilli;
    node.memoryBytesFree += room.memoryBytes;
    node.podsFree += 1;
  }

  /** The machine is gone: nothing is placed there any more; its object stays until somebody notices. @returns the uids of the pods on it. */
  lose(name: string): readonly string[] {
    const node = this.#nodes.get(name);
    if (!node) return [];
    this.#nodes.delete(name);
    return [...node.pods];
  }

  /** The node controller has heard nothing of it for too long. */
  silence(name: string): void {
    const { store, registry } = this.#machine;
    const object = store.get("nodes", "", name);
    if (!object) return;
    const ready = {
      type: "Ready",
      status: "Unknown",
      reason: "NodeStatusUnknown",
      message: "Kubelet stopped posting node status.",
      lastTransitionTime: registry.stamp(),
    };
    registry.setStatus("nodes", object, { ...fieldsAt(object, "status"), conditions: [ready] });
  }

  /** The cloud knows no such machine: its object goes. */
  forget(name: string): void {
    const object = this.#machine.store.get("nodes", "", name);
    if (object) this.#machine.registry.finish("nodes", object);
  }

  #count(pool: string): number {
    let count = 0;
    for (const node of this.#nodes.values()) if (node.pool === pool) count += 1;
    return count;
  }

  #make(pool: NodePool, trial = false): Node {
    // A trial is the node that would come next: under the name of one that is there, its pods would seem to be neighbours.
    const serial = this.#serial + 1;
    if (!trial) this.#serial = serial;
    const name = `${pool.name}-${String(serial).padStart(4, "0")}`;
    const cpuMilli = pool.cpuPerNode * 1_000 - RESERVED_CPU_MILLI;
    const memoryBytes = pool.memoryGibPerNode * 2 ** 30 - RESERVED_MEMORY_BYTES;
    return {
      name,
      pool: pool.name,
      address: nodeAddress(this.#machine.side, serial),
      os: pool.os,
      labels: {
        ...pool.labels,
        "kubernetes.io/os": pool.os,
        "kubernetes.io/arch": pool.arch,
        // Deprecated names; the node lifecycle controller keeps them equal to the others, and manifests still select by them.
        "beta.kubernetes.io/os": pool.os,
        "beta.kubernetes.io/arch": pool.arch,
        "kubernetes.io/hostname": name,
        "topology.kubernetes.io/zone": ZONES[serial % ZONES.length] ?? "a",
        "eks.amazonaws.com/nodegroup": pool.name,
      },
      taints: pool.taints,
      ready: false,
      cordoned: false,
      cpuMilli,
      memoryBytes,
      cpuMilliFree: cpuMilli,
      memoryBytesFree: memoryBytes,
      podsFree: PODS_PER_NODE,
      pods: new Set(),
    };
  }

  /** Asks for a node; it takes the pool's start-up time and a little chance. */
  #launch(pool: NodePool): Node {
    const node = this.#make(pool);
    this.#nodes.set(node.name, node);
    const jitter = this.#machine.random.fork(`node ${node.name}`).between(0, SYSTEM_MS);
    this.#machine.clock.after(pool.startSeconds * 1_000 + jitter, () => {
      if (this.#nodes.has(node.name)) this.#join(node);
    });
    return node;
  }

  #join(node: Node): void {
    this.#nodes.set(node.name, node);
    node.ready = true;
    const { registry } = this.#machine;
    // Not what is free: pods may have been promised room on it while it started.
    const quantities = (cpuMilli: number, memoryBytes: number) => ({
      cpu: `${cpuMilli}m`,
      memory: `${Math.round(memoryBytes / 2 ** 20)}Mi`,
      pods: String(PODS_PER_NODE),
    });
    const stamp = registry.stamp();
    this.#machine.store.put("nodes", {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: node.name, labels: node.labels, uid: registry.uid(), creationTimestamp: stamp },
      spec: node.taints.length === 0 ? {} : { taints: node.taints },
      status: {
        capacity: quantities(node.cpuMilli + RESERVED_CPU_MILLI, node.memoryBytes + RESERVED_MEMORY_BYTES),
        allocatable: quantities(node.cpuMilli, node.memoryBytes),
        addresses: [
          { type: "InternalIP", address: node.address },
          { type: "Hostname", address: node.name },
        ],
        nodeInfo: {
          operatingSystem: node.os,
          architecture: node.labels["kubernetes.io/arch"] ?? "",
          kubeletVersion: `v1.${registry.kinds.minor}.0`,
        },
        conditions: [{ type: "Ready", status: "True", reason: "KubeletReady", lastTransitionTime: stamp }],
      },
    });
    this.onReady(node);
  }
}

/** Each cluster's nodes lie in a quarter of the VPC of their own. */
const nodeAddress = (side: Side, serial: number): string =>
  `10.0.${(side === "source" ? 16 : 80) + Math.floor(serial / 250)}.${(serial % 250) + 4}`;

const taintOf = (taint: Fields): Taint => ({
  key: textAt(taint, "key") ?? "",
  value: textAt(taint, "value") ?? "",
  effect: textAt(taint, "effect") ?? "NoSchedule",
});
