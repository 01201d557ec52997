/** What the controllers of one cluster share, and the work queue that runs them: keys are collected and reconciled a moment later, together. */

import type { KubeObject } from "../../../domain/kube.ts";
import type { Side } from "../../../domain/phases.ts";
import type { Clock } from "../../clock.ts";
import type { Random } from "../../random.ts";
import type { Emit } from "../types.ts";
import type { Registry, Who } from "./registry.ts";
import type { Slowness } from "./slowness.ts";
import { ApiError } from "./status.ts";
import type { Change, Store } from "./store.ts";

/** From a change to the keys (`namespace/name`) that have to be looked at. */
export type Watch = (object: KubeObject, change: Change) => Iterable<string>;

export type Controller = {
  readonly name: string;
  /** By resource, `deployments.apps`. */
  readonly watches: Readonly<Record<string, Watch>>;
  /** Brings one object closer to what it asks for. A refusal of the API is tried again later. */
  readonly reconcile: (key: string) => void;
};

export type Ended = { readonly message?: string; readonly failed?: boolean };

export type Machine = {
  readonly side: Side;
  readonly clock: Clock;
  readonly random: Random;
  /** Chance that is the same on both sides: how long a workload takes to start is its own, wherever it runs. */
  readonly ofWorkloads: Random;
  readonly registry: Registry;
  readonly store: Store;
  readonly queue: Queue;
  readonly emit: Emit;
  /** True while the source is put up as it stands: everything takes effect at once. */
  readonly loading: () => boolean;
  readonly slowness: Slowness;
  /** How a pod that runs to its end ends: its termination message, and whether it failed. */
  readonly program: (pod: KubeObject) => Ended;
  /** Tells the listeners of the cluster, once an instant, of this namespace and all others in which an object was written since. */
  readonly changed: (namespace: string) => void;
};

/** The identity of a controller of kube-controller-manager, as it authenticates with its own service account. */
export const controllerWho = (name: string): Who => serviceAccount("kube-system", name);

export const serviceAccount = (namespace: string, name: string): Who => ({
  user: `system:serviceaccount:${namespace}:${name}`,
  groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
  manager: name,
});

/** From a change to its reconciliation: watches and work queues take some milliseconds. */
const REACTION_MS = 50;
const BACKOFF_MS = 1_000;
const BACKOFF_MAX_MS = 60_000;
const ROUNDS_MAX = 200;

export class Queue {
  readonly #clock: Clock;
  readonly #watches = new Map<string, { readonly controller: Controller; readonly watch: Watch }[]>();
  /** Controller → its dirty keys, in the order in which they got dirty. */
  readonly #dirty = new Map<Controller, Set<string>>();
  readonly #failures = new Map<string, number>();
  /** When a key will be enqueued, where something waits for that. */
  readonly #later = new Map<string, number>();
  #scheduled = false;
  #stopped = false;

  constructor(clock: Clock, store: Store) {
    this.#clock = clock;
    store.onChange((change) => this.#seen(change));
  }

  add(controller: Controller): void {
    this.#dirty.set(controller, new Set());
    for (const [key, watch] of Object.entries(controller.watches)) {
      const list = this.#watches.get(key) ?? [];
      list.push({ controller, watch });
      this.#watches.set(key, list);
    }
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** The cluster is gone: nothing is reconciled any more. */
  stop(): void {
    this.#stopped = true;
  }

  enqueue(controller: Controller, key: string): void {
    this.#dirty.get(controller)?.add(key);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.after(REACTION_MS, () => {
      this.#scheduled = false;
      this.#round();
    });
  }

  /** Not before then; one that waits already and comes sooner is enough. */
  enqueueAfter(controller: Controller, key: string, milliseconds: number): void {
    const waiting = `${controller.name} ${key}`;
    const at = this.#clock.now() + milliseconds;
    if ((this.#later.get(waiting) ?? Number.POSITIVE_INFINITY) <= at) return;
    this.#later.set(waiting, at);
    this.#clock.at(at, () => {
      if (this.#later.get(waiting) === at) this.#later.delete(waiting);
      this.enqueue(controller, key);
    });
  }

  /** Reconciles until nothing is dirty, without time passing: how the source comes to stand as it is. */
  drain(): void {
    for (let round = 0; round < ROUNDS_MAX; round += 1) if (!this.#round()) return;
    throw new Error(
      "The controllers of the simulated cluster don't come to rest: two of them undo each other's work.",
    );
  }

  #seen(change: Change): void {
    const object = change.after ?? change.before;
    if (!object) return;
    for (const { controller, watch } of this.#watches.get(change.key) ?? [])
      for (const key of watch(object, change)) this.enqueue(controller, key);
  }

  /** @returns whether there was anything to do. */
  #round(): boolean {
    if (this.#stopped) return false;
    let busy = false;
    for (const [controller, keys] of this.#dirty) {
      if (keys.size === 0) continue;
      busy = true;
      const batch = [...keys];
      keys.clear();
      for (const key of batch) this.#reconcile(controller, key);
    }
    return busy;
  }

  #reconcile(controller: Controller, key: string): void {
    const failing = `${controller.name} ${key}`;
    try {
      controller.reconcile(key);
      this.#failures.delete(failing);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const failures = (this.#failures.get(failing) ?? 0) + 1;
      this.#failures.set(failing, failures);
      this.enqueueAfter(controller, key, Math.min(BACKOFF_MS * 2 ** (failures - 1), BACKOFF_MAX_MS));
    }
  }
}

/** Splits `namespace/name`. */
export const splitKey = (key: string): { readonly namespace: string; readonly name: string } => {
  const slash = key.indexOf("/");
  return slash < 0
    ? { namespace: "", name: key }
    : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
};
