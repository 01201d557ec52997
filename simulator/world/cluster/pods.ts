/** The pods of a cluster as processes: what the kubelet does from binding to exit, and the views that traffic and queues have of it. */

import type { KubeObject } from "../../../domain/kube.ts";
import type { Random } from "../../random.ts";
import type { PodView } from "../types.ts";
import { at, fieldsAt, isDeleting, listAt, namespaceOf, numberAt, textAt, uidOf } from "./fields.ts";
import type { Machine } from "./machine.ts";
import { addressOf, gatesOpen, isOneShot, osOf, workloadOf } from "./pod-facts.ts";
import { condition, containerStates, type Deaths } from "./pod-status.ts";
import { missingReferences } from "./references.ts";
import { acceptsAfterTermMs, imagesOf, jobSeconds, pullMs, timeline } from "./timing.ts";

/** A pod's process. The views share this one object, so that who holds one sees it change. */
export class Pod implements PodView {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly workload: string;
  node: string | undefined;
  ready = false;
  accepting = false;
  terminating = false;
  address = "";
  /** SIGTERM never reached its process: it goes on as before, and nothing takes its object away. */
  hanging = false;
  /** Milliseconds since 1970 from which it has been ready without a break. */
  readyAt = 0;
  /** Succeeded or Failed: it won't run again. */
  finished = false;
  /** Of its process, where it was started again. */
  deaths: Deaths | undefined;
  /** Each turn of its life ends the timers of the one before. */
  turn = 0;

  constructor(object: KubeObject, workload: string) {
    this.uid = uidOf(object);
    this.namespace = namespaceOf(object);
    this.name = object.metadata.name;
    this.workload = workload;
  }
}

/** Which pods a fault keeps from getting ready, or makes crash. */
export type PodFault = (workload: string) => boolean;

const CHECK_AGAIN_MS = 10_000;
/** A process that can't live with what it finds there doesn't find out at once. */
const CRASH_AFTER_MS = 20_000;
/** The kubelet's longest wait before it tries again. */
const CHECK_AGAIN_MAX_MS = 300_000;

export class Pods {
  readonly #machine: Machine;
  readonly #random: Random;
  readonly #byUid = new Map<string, Pod>();
  /** Node → image → when it is there. */
  readonly #images = new Map<string, Map<string, number>>();
  readonly #faults = new Set<PodFault>();
  readonly #byNamespace = new Map<string, Set<Pod>>();
  readonly #hangs = new Set<PodFault>();
  readonly #crashes = new Set<PodFault>();
  #address = 0;
  /** Told of every pod whose readiness or end changed. */
  onReadiness: (pod: Pod) => void = () => {};

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#random = machine.ofWorkloads.fork("kubelet");
    machine.store.onChange(({ key, before, after }) => {
      if (key !== "pods") return;
      if (!before && after) this.#added(after);
      else if (!after && before) this.#gone(before);
      else if (before && after && isDeleting(after) && !isDeleting(before)) this.#terminate(after);
    });
  }

  get(uid: string): Pod | undefined {
    return this.#byUid.get(uid);
  }

  all(): readonly Pod[] {
    return [...this.#byUid.values()].filter((pod) => !pod.finished);
  }

  in(namespace: string): readonly Pod[] {
    return [...(this.#byNamespace.get(namespace) ?? [])].filter((pod) => !pod.finished);
  }

  /** From now on these pods fail their readiness probe. @returns what ends the fault. */
  addFault(fault: PodFault): () => void {
    this.#faults.add(fault);
    for (const pod of this.#byUid.values()) if (pod.ready && fault(pod.workload)) this.#unready(pod);
    return () => void this.#faults.delete(fault);
  }

  /** These pods never hear that they are to stop, from now on; when the fault ends, they are killed. @returns what ends it. */
  addHang(fault: PodFault): () => void {
    this.#hangs.add(fault);
    return () => {
      if (!this.#hangs.delete(fault)) return;
      for (const pod of [...this.#byUid.values()]) {
        const object = pod.terminating ? this.#object(pod) : undefined;
        if (object && pod.hanging) this.#finish(pod);
      }
    };
  }

  /** These pods die a while after they became ready, from now on, again and again. @returns what ends it. */
  addCrash(fault: PodFault): () => void {
    this.#crashes.add(fault);
    return () => void this.#crashes.delete(fault);
  }

  /** The scheduler has chosen a node, `os` is what runs there. */
  bind(object: KubeObject, node: string, os: string): void {
    const pod = this.#byUid.get(uidOf(object));
    if (!pod || pod.terminating || pod.node !== undefined) return;
    pod.node = node;
    const bound = { ...object, spec: { ...fieldsAt(object, "spec"), nodeName: node } };
    const status = {
      ...fieldsAt(object, "status"),
      conditions: [condition("PodScheduled", true, this.#machine)],
    };
    this.#machine.store.put("pods", { ...bound, status: { ...status, phase: "Pending" } });
    if (this.#machine.loading()) this.#startLoaded(pod, node);
    else this.#prepare(pod, os);
  }

  /** The node is lost: its processes are gone at once, the objects stay until somebody evicts them. */
  kill(pod: Pod): void {
    pod.turn += 1;
    this.#stopAccepting(pod);
  }

  #object(pod: Pod): KubeObject | undefined {
    return this.#machine.store.get("pods", pod.namespace, pod.name);
  }

  #added(object: KubeObject): void {
    const pod = new Pod(object, workloadOf(this.#machine, object));
    this.#byUid.set(pod.uid, pod);
    const inside = this.#byNamespace.get(pod.namespace);
    if (inside) inside.add(pod);
    else this.#byNamespace.set(pod.namespace, new Set([pod]));
  }

  #gone(object: KubeObject): void {
    const pod = this.#byUid.get(uidOf(object));
    if (!pod) return;
    pod.turn += 1;
    pod.terminating = true;
    this.#byUid.delete(pod.uid);
    this.#byNamespace.get(pod.namespace)?.delete(pod);
    this.#stopAccepting(pod);
    this.onReadiness(pod);
    this.#machine.changed(pod.namespace);
  }

  #startLoaded(pod: Pod, node: string): void {
    const object = this.#object(pod);
    if (!object) return;
    for (const image of imagesOf(object)) this.#imagesOn(node).set(image, 0);
    this.#started(pod, object);
    if (isOneShot(object)) this.#runToEnd(pod, object);
    else this.#becomeReady(pod);
  }

  /** Waits for volumes and references, pulls, runs init containers, starts. */
  #prepare(pod: Pod, os: string, againMs = CHECK_AGAIN_MS): void {
    const object = this.#object(pod);
    if (!object || pod.terminating) return;
    const missing = missingReferences(this.#machine.store, object);
    const wrongOs = os !== osOf(object);
    if (missing !== undefined || wrongOs) {
      const reason = wrongOs ? "ImagePullBackOff" : "CreateContainerConfigError";
      this.#waiting(pod, reason, missing ?? `no matching manifest for ${os} in the manifest list entries`);
      this.#later(pod, againMs, () => this.#prepare(pod, os, Math.min(againMs * 2, CHECK_AGAIN_MAX_MS)));
      return;
    }
    const plan = timeline(object, this.#random.fork(pod.workload));
    const pulled = this.#pulled(pod.node ?? "", object);
    this.#later(pod, pulled + plan.startMs, () => {
      const current = this.#object(pod);
      if (!current || pod.terminating) return;
      this.#started(pod, current);
      if (isOneShot(current)) this.#runToEnd(pod, current);
      else this.#later(pod, plan.readyMs, () => this.#probe(pod, plan.probeMs));
    });
  }

  /** Milliseconds until all images are on the node; two pods that want one image pull it once. */
  #pulled(node: string, object: KubeObject): number {
    const here = this.#imagesOn(node);
    const now = this.#machine.clock.now();
    let latest = now;
    for (const image of imagesOf(object)) {
      const there = here.get(image) ?? now + pullMs(image, osOf(object));
      here.set(image, there);
      latest = Math.max(latest, there);
    }
    return latest - now;
  }

  #imagesOn(node: string): Map<string, number> {
    const found = this.#images.get(node) ?? new Map<string, number>();
    this.#images.set(node, found);
    return found;
  }

  #started(pod: Pod, object: KubeObject): void {
    pod.accepting = true;
    this.#address += 1;
    const podIP = addressOf(this.#machine.side, this.#address);
    pod.address = podIP;
    const conditions = [
      condition("PodScheduled", true, this.#machine),
      condition("Initialized", true, this.#machine),
      condition("ContainersReady", false, this.#machine),
      condition("Ready", false, this.#machine),
    ];
    const stamp = this.#machine.registry.stamp();
    const containerStatuses = containerStates(object, false, { running: { startedAt: stamp } });
    this.#machine.registry.setStatus("pods", object, {
      phase: "Running",
      podIP,
      podIPs: [{ ip: podIP }],
      startTime: stamp,
      conditions,
      containerStatuses,
    });
    this.#machine.changed(pod.namespace);
  }

  #probe(pod: Pod, againMs: number): void {
    if (pod.terminating) return;
    const object = this.#object(pod);
    const faulty = [...this.#faults].some((fault) => fault(pod.workload));
    if (object && !faulty && gatesOpen(object)) this.#becomeReady(pod);
    else this.#later(pod, againMs, () => this.#probe(pod, againMs));
  }

  #becomeReady(pod: Pod): void {
    pod.ready = true;
    // What stands when the run begins has stood for long.
    pod.readyAt = this.#machine.loading() ? 0 : this.#machine.clock.now();
    this.#setReady(pod, true);
    if (this.#crashes.size > 0) this.#later(pod, CRASH_AFTER_MS, () => this.#crash(pod));
  }

  /** Its process dies; the kubelet starts it again, later each time. */
  #crash(pod: Pod): void {
    const object = this.#object(pod);
    if (!object || pod.terminating || ![...this.#crashes].some((fault) => fault(pod.workload))) return;
    const restarts = (pod.deaths?.restarts ?? 0) + 1;
    const backOffMs = Math.min(CHECK_AGAIN_MS * 2 ** (restarts - 1), CHECK_AGAIN_MAX_MS);
    pod.deaths = { restarts, at: this.#machine.registry.stamp() };
    pod.turn += 1;
    this.#stopAccepting(pod);
    this.#setReady(pod, false, { waiting: { reason: "CrashLoopBackOff", message: "back-off restarting" } });
    this.#later(pod, backOffMs, () => {
      pod.accepting = true;
      this.#probe(pod, CHECK_AGAIN_MS);
    });
  }

  #unready(pod: Pod): void {
    pod.ready = false;
    pod.turn += 1;
    this.#setReady(pod, false);
    this.#later(pod, CHECK_AGAIN_MS, () => this.#probe(pod, CHECK_AGAIN_MS));
  }

  #setReady(pod: Pod, ready: boolean, now?: object): void {
    const object = this.#object(pod);
    if (object) {
      const kept = listAt(object, "status", "conditions").filter(
        (c) => c["type"] !== "Ready" && c["type"] !== "ContainersReady",
      );
      const conditions = [
        ...kept,
        condition("ContainersReady", ready, this.#machine),
        condition("Ready", ready, this.#machine),
      ];
      const state = now ?? { running: { startedAt: textAt(object, "status", "startTime") ?? "" } };
      const containerStatuses = containerStates(object, ready, state, pod.deaths);
      this.#machine.registry.setStatus("pods", object, {
        ...fieldsAt(object, "status"),
        conditions,
        containerStatuses,
      });
    }
    this.onReadiness(pod);
    this.#machine.changed(pod.namespace);
  }

  #waiting(pod: Pod, reason: string, message: string): void {
    const object = this.#object(pod);
    if (!object) return;
    const containerStatuses = containerStates(object, false, { waiting: { reason, message } });
    this.#machine.registry.setStatus("pods", object, { ...fieldsAt(object, "status"), containerStatuses });
  }

  #runToEnd(pod: Pod, object: KubeObject): void {
    const seconds = jobSeconds(object, this.#random.fork(`job ${pod.workload} ${pod.name}`));
    pod.ready = true;
    pod.readyAt = this.#machine.clock.now();
    this.#setReady(pod, true);
    this.#later(pod, seconds * 1_000, () => {
      const current = this.#object(pod) ?? object;
      pod.finished = true;
      this.#stopAccepting(pod);
      const { message, failed = false } = this.#machine.program(current);
      const terminated = {
        terminated: {
          exitCode: failed ? 1 : 0,
          reason: failed ? "Error" : "Completed",
          finishedAt: this.#machine.registry.stamp(),
          ...(message === undefined ? {} : { message }),
        },
      };
      const kept = fieldsAt(current, "status");
      const conditions = [
        condition("PodScheduled", true, this.#machine),
        condition("Ready", false, this.#machine),
      ];
      const containerStatuses = containerStates(current, false, terminated);
      this.#machine.registry.setStatus("pods", current, {
        ...kept,
        phase: failed ? "Failed" : "Succeeded",
        conditions,
        containerStatuses,
      });
      this.#machine.changed(pod.namespace);
    });
  }

  /** SIGTERM: it goes on accepting while it drains, then exits; the kubelet takes the object away at the end. */
  #terminate(object: KubeObject): void {
    const pod = this.#byUid.get(uidOf(object));
    if (!pod || pod.terminating) return;
    pod.terminating = true;
    pod.turn += 1;
    const graceMs = (numberAt(object, "metadata", "deletionGracePeriodSeconds") ?? 30) * 1_000;
    if ([...this.#hangs].some((fault) => fault(pod.workload))) {
      pod.hanging = true;
      this.onReadiness(pod);
      this.#machine.changed(pod.namespace);
      return;
    }
    const acceptsMs = pod.accepting ? Math.min(graceMs, acceptsAfterTermMs(object)) : 0;
    this.onReadiness(pod);
    this.#machine.changed(pod.namespace);
    this.#later(pod, acceptsMs, () => this.#stopAccepting(pod));
    this.#later(pod, Math.min(graceMs, acceptsMs + 1_000), () => this.#finish(pod));
  }

  #finish(pod: Pod): void {
    const current = this.#object(pod);
    if (current && uidOf(current) === pod.uid && !at(current, "metadata", "finalizers"))
      this.#machine.registry.finish("pods", current);
  }

  #stopAccepting(pod: Pod): void {
    if (!pod.accepting && !pod.ready) return;
    pod.accepting = false;
    pod.ready = false;
    this.onReadiness(pod);
    this.#machine.changed(pod.namespace);
  }

  #later(pod: Pod, milliseconds: number, run: () => void): void {
    const turn = pod.turn;
    this.#machine.clock.after(milliseconds, () => {
      if (pod.turn === turn) run();
    });
  }
}
