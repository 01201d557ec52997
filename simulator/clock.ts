/**
 * The one clock of a rehearsal. Time moves only when every live task is parked on it; then the earliest timer fires, one at a time,
 * ties in the order in which they were set. Deterministic, and thousands of times faster than the night it stands for.
 */

import { AsyncLocalStorage } from "node:async_hooks";

export type Timer = { readonly cancel: () => void };

type Entry = { at: number; order: number; fire: () => boolean; cancelled: boolean };

/** An invocation or a client of the simulated world: parked while it waits for the clock. */
type Task = { parks: number; live: boolean; readonly name: string };

const SPINS_MAX = 20_000;
/** Instants between two turns of the event loop: signals and streams of the process are heard all the same. */
const TURN_EVERY = 256;
/** Cancelled timers stay in the heap until there are this many, and more of them than others. */
const CANCELLED_MAX = 1000;

export class Clock {
  #now: number;
  #order = 0;
  #heap: Entry[] = [];
  #cancelled = 0;
  #settled = 0;
  /** Live tasks that aren't parked. */
  #busy = 0;
  readonly #live = new Set<Task>();
  readonly #current = new AsyncLocalStorage<Task>();
  readonly startedAt: number;

  /** @param startsAt Milliseconds since 1970, UTC. */
  constructor(startsAt: number) {
    this.#now = startsAt;
    this.startedAt = startsAt;
  }

  /** Milliseconds since 1970, UTC. */
  now(): number {
    return this.#now;
  }

  /** Virtual seconds since the clock was made. */
  elapsedSeconds(): number {
    return (this.#now - this.startedAt) / 1000;
  }

  /** Calls `run` at a time (never in the past: then at once, in order). Synchronous: it may start tasks, it can't wait. */
  at(time: number, run: () => void): Timer {
    return this.#push(Math.max(time, this.#now), () => {
      run();
      return this.#live.size > 0;
    });
  }

  after(milliseconds: number, run: () => void): Timer {
    return this.at(this.#now + milliseconds, run);
  }

  /** Parks the calling task for a while. */
  sleep(milliseconds: number): Promise<void> {
    const task = this.#current.getStore();
    this.#parks(task);
    return new Promise((resolve) => {
      this.#enqueue(this.#now + Math.max(0, milliseconds), () => {
        this.#wakes(task);
        resolve();
        return true;
      });
    });
  }

  /** Parks the calling task until somebody calls the returned `wake`. */
  park<T>(): {
    readonly woken: Promise<T>;
    readonly wake: (value: T) => void;
    readonly fail: (error: unknown) => void;
  } {
    const task = this.#current.getStore();
    this.#parks(task);
    let settled = false;
    const once = (settle: () => void) => {
      if (settled) return;
      settled = true;
      this.#wakes(task);
      settle();
    };
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    return {
      woken: promise,
      wake: (value) => once(() => resolve(value)),
      fail: (error) => once(() => reject(error)),
    };
  }

  /** Runs something that waits on this clock. Time stands still while it is not parked; a task that started it is parked until it is over. */
  task<T>(name: string, run: () => Promise<T>): Promise<T> {
    const parent = this.#current.getStore();
    const task: Task = { parks: 0, live: true, name };
    this.#live.add(task);
    this.#busy += 1;
    this.#parks(parent);
    return this.#current.run(task, run).finally(() => {
      this.#live.delete(task);
      task.live = false;
      if (task.parks === 0) this.#busy -= 1;
      this.#wakes(parent);
    });
  }

  #parks(task: Task | undefined): void {
    if (!task) return;
    task.parks += 1;
    if (task.live && task.parks === 1) this.#busy -= 1;
  }

  #wakes(task: Task | undefined): void {
    if (!task) return;
    task.parks -= 1;
    if (task.live && task.parks === 0) this.#busy += 1;
  }

  /** Fires timers until `stop` says so or none is left. @returns whether `stop` said so. */
  async run(stop: () => boolean): Promise<boolean> {
    await this.#turns();
    while (!stop()) {
      const entry = this.#pop();
      if (!entry) return false;
      this.#now = entry.at;
      if (!entry.fire()) continue;
      this.#settled += 1;
      if (this.#settled % TURN_EVERY !== 0) {
        // A tick is called once all promises that were ready have been worked off: nearly always that is all, and a fraction of a turn.
        await new Promise<void>(ticked);
        if (this.#busy === 0) continue;
      }
      await this.#turns();
    }
    return true;
  }

  /** Fires what only needs synchronous timers, up to a time; for worlds without tasks (the control run). */
  advanceTo(time: number): void {
    for (let next = this.#heap[0]; next && next.at <= time; next = this.#heap[0]) {
      this.#takeTop();
      if (next.cancelled) continue;
      this.#now = next.at;
      next.fire();
    }
    this.#now = Math.max(this.#now, time);
  }

  /** Waits until every task is parked, by turns of the event loop: for what takes longer than a tick, and now and then for the rest of the process. */
  async #turns(): Promise<void> {
    for (let spin = 0; spin < SPINS_MAX; spin += 1) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (this.#busy === 0) return;
    }
    const names = [...this.#live].filter((t) => t.parks === 0).map((t) => t.name);
    throw new Error(
      `These wait for something that the virtual clock doesn't know (a real timer or socket): ${names.join(", ")}`,
    );
  }

  #push(at: number, fire: () => boolean): Timer {
    const entry = this.#enqueue(at, fire);
    return {
      cancel: () => {
        if (entry.cancelled) return;
        entry.cancelled = true;
        // What the timer held is let go at once: most timeouts are set for long and cancelled soon.
        entry.fire = never;
        this.#cancelled += 1;
        if (this.#cancelled > CANCELLED_MAX && this.#cancelled * 2 > this.#heap.length) this.#sweep();
      },
    };
  }

  #enqueue(at: number, fire: () => boolean): Entry {
    const entry: Entry = { at, order: this.#order++, fire, cancelled: false };
    const heap = this.#heap;
    heap.push(entry);
    let i = heap.length - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(entry, heap[parent] as Entry)) break;
      heap[i] = heap[parent] as Entry;
      i = parent;
    }
    heap[i] = entry;
    return entry;
  }

  /** Drops the cancelled timers. A sorted list is a heap. */
  #sweep(): void {
    this.#heap = this.#heap.filter((entry) => !entry.cancelled).sort((a, b) => (before(a, b) ? -1 : 1));
    this.#cancelled = 0;
  }

  #pop(): Entry | undefined {
    for (;;) {
      const top = this.#heap[0];
      if (!top) return undefined;
      this.#takeTop();
      if (!top.cancelled) return top;
    }
  }

  #takeTop(): void {
    const last = this.#heap.pop() as Entry;
    if (this.#heap.length > 0) this.#sink(last);
  }

  #sink(entry: Entry): void {
    const heap = this.#heap;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Entry, heap[child] as Entry)) child += 1;
      if (!before(heap[child] as Entry, entry)) break;
      heap[i] = heap[child] as Entry;
      i = child;
    }
    heap[i] = entry;
  }
}

const never = () => false;

const ticked = (resolve: () => void): void => process.nextTick(resolve);

const before = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
