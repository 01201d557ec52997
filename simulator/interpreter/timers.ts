/** What the interpreter waits with: parked threads that hold no task of the clock, so that a thousand sleeping executions cost nothing. */

import type { Clock } from "../clock.ts";
import { ABORTED } from "./errors.ts";

/** A thread as far as waiting goes. */
export type Parkable = { aborted: boolean; cancel: (() => void) | undefined };
export type Settle<T> = { readonly resolve: (value: T) => void; readonly reject: (problem: unknown) => void };

export class Parking {
  readonly #clock: Clock;
  #running = 0;
  #rest: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A thread runs from here on: time stands still until as many have left. */
  enter(): void {
    this.#running += 1;
    if (this.#running > 1) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#rest = resolve;
    void this.#clock.task("the interpreter", () => promise);
  }

  leave(): void {
    this.#running -= 1;
    if (this.#running === 0) this.#rest?.();
  }

  /**
   * Parks a running thread until it is settled or aborted.
   * @param arm Starts what will settle it; returns what disarms it.
   */
  park<T>(thread: Parkable, arm: (settle: Settle<T>) => () => void): Promise<T> {
    if (thread.aborted) return Promise.reject(ABORTED);
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    let open = true;
    let disarm: (() => void) | undefined;
    const close = (settled: () => void) => {
      if (!open) return;
      open = false;
      thread.cancel = undefined;
      disarm?.();
      this.enter();
      settled();
    };
    const settle: Settle<T> = {
      resolve: (value) => close(() => resolve(value)),
      reject: (problem) => close(() => reject(problem)),
    };
    thread.cancel = () => settle.reject(ABORTED);
    const armed = arm(settle);
    if (open) disarm = armed;
    else armed();
    this.leave();
    return promise;
  }

  /** Parks a running thread until a time (milliseconds since 1970). */
  until(thread: Parkable, time: number): Promise<void> {
    return this.park<void>(thread, (settle) => this.#clock.at(time, () => settle.resolve()).cancel);
  }
}
