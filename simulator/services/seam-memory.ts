/** What services have answered before: what a replica that lags, or a cache, would still answer. */

import type { Clock } from "../clock.ts";
import type { Call } from "./seam.ts";

export type Memory = {
  /** Keeps an answer. @returns the last one that the same question got and that said something else, where it isn't too old to be given still. */
  readonly olderThan: (
    call: Call,
    input: unknown,
    answer: unknown,
  ) => { readonly value: unknown } | undefined;
};

/** Services whose reads may lag behind: Route 53 and EKS say so, and API servers may answer from a cache. S3 never does. */
const LAGGING: ReadonlySet<string> = new Set(["eks", "kubernetes", "route53"]);

/** Caches and replicas lag by seconds. */
const LAG_MS_MAX = 10_000;

type Answered = { readonly text: string; readonly value: unknown; readonly at: number };
type Kept = Answered & { readonly older: Answered | undefined };

export const makeMemory = (clock: Pick<Clock, "now">): Memory => {
  const kept = new Map<string, Kept>();
  return {
    olderThan: ({ service, side = "", action, subject, mutating }, input, value) => {
      if (mutating || !LAGGING.has(service)) return undefined;
      const key = `${service} ${side} ${action} ${subject} ${JSON.stringify(input)}`;
      const text = JSON.stringify(value);
      const before = kept.get(key);
      const older = before?.text === text ? before.older : before;
      kept.set(key, { text, value, at: clock.now(), older });
      return older && clock.now() - older.at <= LAG_MS_MAX ? older : undefined;
    },
  };
};
