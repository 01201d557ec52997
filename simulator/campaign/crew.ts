/**
 * Who runs the cases of a campaign: this thread alone, or as many threads as there are processors. What a case does depends on nothing
 * but the case, so who runs it changes no record.
 */

import { Worker } from "node:worker_threads";
import type { Case, Platform } from "./case.ts";
import { brokeDown, runCase, type Verdict } from "./run.ts";

export type Crew = {
  /** How many cases are worth having in hand at once. */
  readonly ahead: number;
  /** Never rejects, as `runCase` doesn't: a thread that dies of a case is that case's finding. */
  readonly run: (tried: Case) => Promise<Verdict>;
  /** Ends the threads. What they were at is never answered. */
  readonly close: () => Promise<void>;
};

/** What a thread is asked, and what it answers. */
export type Asked = { readonly tried: Case };
export type Answered = { readonly verdict: Verdict };

/** Each thread has a world of its own in memory: more than this many help nobody's laptop. */
export const THREADS_MAX = 64;

/** One case in hand for each thread, and one to take up without waiting. */
const AHEAD_OF_EACH = 2;

/** This thread, one case after the other: two rehearsals can't share it. */
export const alone = (platform: Platform): Crew => {
  let last: Promise<unknown> = Promise.resolve();
  return {
    ahead: 1,
    run: (tried) => {
      const verdict = last.then(() => runCase(platform, tried));
      last = verdict;
      return verdict;
    },
    close: async () => {},
  };
};

type Waiting = { readonly tried: Case; readonly tell: (verdict: Verdict) => void };

const HAND = new URL("./hand.ts", import.meta.url);

/**
 * @param threads 1 is this thread: nothing is gained by another one.
 * @param program What a thread runs; a test puts one here that dies.
 */
export const makeCrew = (platform: Platform, threads: number, program = HAND): Crew => {
  if (threads <= 1) return alone(platform);
  const waiting: Waiting[] = [];
  const idle: Hand[] = [];
  const hands: Hand[] = [];
  const hired = (): Hand => {
    const hand = makeHand(platform, program);
    hands.push(hand);
    return hand;
  };
  const next = () => {
    const work = waiting.shift();
    if (!work) return;
    const hand = idle.pop() ?? (hands.length < threads ? hired() : undefined);
    if (!hand) {
      waiting.unshift(work);
      return;
    }
    void hand.run(work.tried).then(({ verdict, isAlive }) => {
      if (isAlive) idle.push(hand);
      else hands.splice(hands.indexOf(hand), 1);
      work.tell(verdict);
      next();
    });
  };
  return {
    ahead: threads * AHEAD_OF_EACH,
    run: (tried) =>
      new Promise((tell) => {
        waiting.push({ tried, tell });
        next();
      }),
    close: async () => {
      await Promise.all(hands.map((hand) => hand.close()));
    },
  };
};

type Hand = {
  readonly run: (tried: Case) => Promise<{ readonly verdict: Verdict; readonly isAlive: boolean }>;
  readonly close: () => Promise<unknown>;
};

const makeHand = (platform: Platform, program: URL): Hand => {
  const worker = new Worker(program, { workerData: platform });
  let tell: (verdict: Verdict, isAlive: boolean) => void = () => {};
  worker.on("message", ({ verdict }: Answered) => tell(verdict, true));
  worker.on("error", (error) => tell(brokeDown(error), false));
  worker.on("exit", (code) => tell(brokeDown(new Error(`its thread ended with ${code}`)), false));
  return {
    run: (tried) =>
      new Promise((resolve) => {
        tell = (verdict, isAlive) => {
          tell = () => {};
          resolve({ verdict, isAlive });
        };
        const asked: Asked = { tried };
        worker.postMessage(asked);
      }),
    close: () => {
      tell = () => {};
      return worker.terminate();
    },
  };
};

/** Starts each item while up to `ahead` are under way. @returns the results in the order of the items. */
export async function* inOrder<Item, Result>(
  items: Iterable<Item>,
  ahead: number,
  start: (item: Item) => Promise<Result>,
): AsyncGenerator<Result, void> {
  const underWay: Promise<Result>[] = [];
  for (const item of items) {
    underWay.push(start(item));
    const first = underWay.length >= ahead ? underWay.shift() : undefined;
    if (first) yield await first;
  }
  for (const each of underWay) yield await each;
}
