/** The scheduler and the node autoscaler: pending pods get a node with room, else a new node, else wait and say why. */

import type { KubeObject } from "../../../domain/kube.ts";
import { fieldsAt, labelsOf, textAt, uidOf } from "./fields.ts";
import type { Machine } from "./machine.ts";
import type { Node, Nodes } from "./nodes.ts";
import { antiAffinityOf, mismatch, type Room, repelled, requestsOf } from "./placement.ts";
import type { Pods } from "./pods.ts";

/** From a pod's creation to its binding. */
const SCHEDULING_MS = 100;
/** Capacity that comes free is looked at after this, together. */
const RETRY_MS = 1_000;

type Pending = { readonly object: KubeObject; readonly room: Room };

export class Scheduler {
  readonly #machine: Machine;
  readonly #nodes: Nodes;
  readonly #pods: Pods;
  /** Uid → a pod without a place. */
  readonly #pending = new Map<string, Pending>();
  /** Uid → what it holds on which node. */
  readonly #placed = new Map<string, { readonly node: Node; readonly room: Room }>();
  readonly #rooms = new WeakMap<object, Room>();
  #scheduled = false;

  constructor(machine: Machine, nodes: Nodes, pods: Pods) {
    this.#machine = machine;
    this.#nodes = nodes;
    this.#pods = pods;
    nodes.onReady = (node) => this.#nodeReady(node);
    machine.store.onChange(({ key, before, after }) => {
      if (key !== "pods") return;
      if (after && !before) this.#added(after);
      else if (before && !after) this.#free(uidOf(before));
      else if (after && fieldsAt(after, "status")["phase"] === "Succeeded") this.#free(uidOf(after));
    });
  }

  /** Whether a pod of this spec could run on the node if it were empty: what a DaemonSet asks. */
  suits(object: KubeObject, node: Node): boolean {
    return mismatch(object, node) === undefined;
  }

  #added(object: KubeObject): void {
    const fixed = textAt(object, "spec", "nodeName");
    const room = this.#roomOf(object);
    if (fixed !== undefined) {
      this.#later(0, () => this.#bindTo(object, fixed, room));
      return;
    }
    this.#pending.set(uidOf(object), { object, room });
    this.#wake(SCHEDULING_MS);
  }

  #bindTo(object: KubeObject, name: string, room: Room): void {
    const node = this.#nodes.get(name);
    if (!node || !this.#pods.get(uidOf(object))) return;
    this.#nodes.reserve(node, uidOf(object), room);
    this.#placed.set(uidOf(object), { node, room });
    this.#bind(object, node);
  }

  #later(milliseconds: number, run: () => void): void {
    if (this.#machine.loading()) run();
    else this.#machine.clock.after(milliseconds, run);
  }

  #wake(milliseconds: number): void {
    if (this.#machine.loading()) {
      this.#pass();
      return;
    }
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#machine.clock.after(milliseconds, () => {
      this.#scheduled = false;
      this.#pass();
    });
  }

  #free(uid: string): void {
    this.#pending.delete(uid);
    const held = this.#placed.get(uid);
    if (!held) return;
    this.#placed.delete(uid);
    this.#nodes.release(held.node, uid, held.room);
    if (this.#pending.size > 0) this.#wake(RETRY_MS);
  }

  #nodeReady(node: Node): void {
    if (this.#machine.loading()) return;
    for (const uid of node.pods) {
      const entry = this.#machine.store.byUid(uid);
      if (entry) this.#bind(entry.object, node);
    }
    if (this.#pending.size > 0) this.#wake(RETRY_MS);
  }

  #pass(): void {
    /** What found no place in this pass: pods of the same template needn't be tried again. */
    const hopeless = new Set<unknown>();
    for (const [uid, { object, room }] of this.#pending) {
      const template = fieldsAt(object, "spec")["containers"];
      if (hopeless.has(template)) continue;
      const node = this.#place(object, room);
      if (!node) {
        if (antiAffinityOf(object).length === 0) hopeless.add(template);
        this.#unschedulable(object);
        continue;
      }
      this.#pending.delete(uid);
      this.#nodes.reserve(node, uid, room);
      this.#placed.set(uid, { node, room });
      if (node.ready) this.#bind(object, node);
    }
  }

  #place(object: KubeObject, room: Room): Node | undefined {
    const suits = (node: Node) => this.#fits(object, room, node);
    let best: Node | undefined;
    let starting: Node | undefined;
    for (const node of this.#nodes.all()) {
      if (node.ready ? best && node.podsFree <= best.podsFree : starting !== undefined) continue;
      if (!suits(node)) continue;
      if (node.ready) best = node;
      else starting = node;
    }
    if (best) return best;
    if (!this.#machine.loading()) return starting ?? this.#nodes.grow(suits);
    // It runs on the source, whatever our settings say of its nodes.
    const implied = fieldsAt(object, "spec", "nodeSelector") as Readonly<Record<string, string>>;
    return this.#nodes.growLoaded(suits) ?? this.#nodes.imply(implied, room);
  }

  #fits(object: KubeObject, room: Room, node: Node): boolean {
    if (node.podsFree < 1 || node.cpuMilliFree < room.cpuMilli || node.memoryBytesFree < room.memoryBytes)
      return false;
    if (node.cordoned || Object.values(room.others).some((count) => count > 0)) return false;
    if (mismatch(object, node) !== undefined) return false;
    return !this.#repelled(object, node);
  }

  #repelled(object: KubeObject, node: Node): boolean {
    return repelled(object, node, (topologyKey) => this.#neighbours(node, topologyKey));
  }

  *#neighbours(node: Node, topologyKey: string): Iterable<KubeObject> {
    for (const other of this.#nodes.all()) {
      if (other.labels[topologyKey] !== node.labels[topologyKey]) continue;
      for (const uid of other.pods) {
        const entry = this.#machine.store.byUid(uid);
        if (entry) yield entry.object;
      }
    }
  }

  #bind(object: KubeObject, node: Node): void {
    const current = this.#machine.store.byUid(uidOf(object))?.object;
    if (current) this.#pods.bind(current, node.name, node.os);
  }

  #unschedulable(object: KubeObject): void {
    const reasons = new Map<string, number>();
    let count = 0;
    for (const node of this.#nodes.all()) {
      count += 1;
      const why =
        mismatch(object, node) ??
        (node.cordoned ? "node(s) were unschedulable" : undefined) ??
        (this.#repelled(object, node)
          ? "node(s) didn't match pod anti-affinity rules"
          : "Insufficient cpu or memory");
      reasons.set(why, (reasons.get(why) ?? 0) + 1);
    }
    const said = [...reasons].map(([why, n]) => `${n} ${why}`).join(", ");
    const message = `0/${count} nodes are available: ${said || "no nodes"}. No node pool can grow for it.`;
    const current = this.#machine.store.byUid(uidOf(object))?.object;
    if (!current) return;
    const conditions = [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }];
    if (
      textAt((fieldsAt(current, "status")["conditions"] as unknown[] | undefined)?.[0], "message") === message
    )
      return;
    this.#machine.registry.setStatus("pods", current, { phase: "Pending", conditions });
    this.#event(current, message);
  }

  /** The event that people look for: one for each pod that has no place. */
  #event(pod: KubeObject, message: string): void {
    const { store, registry } = this.#machine;
    const namespace = pod.metadata.namespace ?? "default";
    const name = `${pod.metadata.name}.failedscheduling`;
    const first = store.get("events", namespace, name);
    store.put("events", {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name, namespace, uid: first ? uidOf(first) : registry.uid(), labels: labelsOf(first) },
      involvedObject: { kind: "Pod", namespace, name: pod.metadata.name, uid: uidOf(pod) },
      reason: "FailedScheduling",
      message,
      type: "Warning",
      source: { component: "default-scheduler" },
      lastTimestamp: registry.stamp(),
    });
  }

  /** Pods of one template share their containers, and so their requests. */
  #roomOf(object: KubeObject): Room {
    const spec = fieldsAt(object, "spec");
    const containers = spec["containers"];
    if (typeof containers !== "object" || containers === null) return requestsOf(spec);
    const known = this.#rooms.get(containers) ?? requestsOf(spec);
    this.#rooms.set(containers, known);
    return known;
  }
}
