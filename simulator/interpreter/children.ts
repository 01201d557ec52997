/** Runs several threads below one that waits for them: branches and iterations. The first that fails stops the others. */

import { ABORTED } from "./errors.ts";
import type { Thread } from "./thread.ts";
import type { Settle } from "./timers.ts";

/** What to write as a child starts, ends well, fails, or is stopped because another one failed. */
export type Watch = {
  readonly started?: (child: Thread, index: number) => void;
  readonly succeeded?: (child: Thread, index: number) => void;
  readonly failed?: (child: Thread, index: number) => void;
  readonly aborted?: (child: Thread, index: number) => void;
};

const ABORTED_EVENTS: Readonly<Record<string, string>> = {
  Task: "TaskStateAborted",
  Wait: "WaitStateAborted",
  Parallel: "ParallelStateAborted",
  Map: "MapStateAborted",
};

/**
 * Runs the thread's children in order, at most `concurrency` at once; those with an output are done already.
 * Rejects with the error of the first one that fails, once the others were stopped.
 */
export const runChildren = async (parent: Thread, concurrency: number, watch: Watch = {}): Promise<void> => {
  const waiting = (parent.children ?? []).filter((child) => child.output === undefined);
  if (waiting.length === 0) return;
  await parent.run.engine.parking.park<void>(parent, (settle) => {
    const family = new Family(parent, waiting, watch, settle);
    for (let i = 0; i < concurrency && i < waiting.length; i += 1) family.start();
    return () => {};
  });
};

class Family {
  readonly #parent: Thread;
  readonly #waiting: readonly Thread[];
  readonly #watch: Watch;
  readonly #settle: Settle<void>;
  readonly #running = new Set<Thread>();
  #next = 0;
  #ended = 0;

  constructor(parent: Thread, waiting: readonly Thread[], watch: Watch, settle: Settle<void>) {
    this.#parent = parent;
    this.#waiting = waiting;
    this.#watch = watch;
    this.#settle = settle;
  }

  /** Starts the next one, chained to the event after which it was free to start. */
  start(last?: number): void {
    const child = this.#waiting[this.#next];
    if (!child || this.#parent.aborted) return;
    this.#next += 1;
    if (last !== undefined && !child.resumes) child.last = last;
    this.#running.add(child);
    this.#parent.run.engine.parking.enter();
    void this.#follow(child).finally(() => this.#parent.run.engine.parking.leave());
  }

  async #follow(child: Thread): Promise<void> {
    const index = this.#parent.children?.indexOf(child) ?? 0;
    try {
      if (!child.resumes) this.#watch.started?.(child, index);
      await this.#parent.run.engine.runThread(child);
      this.#running.delete(child);
      const { last } = child;
      this.#watch.succeeded?.(child, index);
      this.#done(child, last);
    } catch (problem) {
      this.#running.delete(child);
      if (problem === ABORTED || this.#parent.aborted) return;
      this.#fail(child, index, problem);
    }
  }

  #done(child: Thread, last: number): void {
    this.#ended += 1;
    this.#parent.last = child.last;
    if (this.#ended === this.#waiting.length) this.#settle.resolve();
    else this.start(last);
  }

  #fail(child: Thread, index: number, problem: unknown): void {
    try {
      this.#watch.failed?.(child, index);
      for (const other of this.#running) this.#stop(other);
      this.#parent.last = child.last;
      this.#settle.reject(problem);
    } catch (quota) {
      this.#settle.reject(quota);
    }
  }

  #stop(child: Thread): void {
    const event = ABORTED_EVENTS[child.state.type];
    if (event && !child.aborted) child.record(event);
    child.abort();
    this.#watch.aborted?.(child, this.#parent.children?.indexOf(child) ?? 0);
  }
}
