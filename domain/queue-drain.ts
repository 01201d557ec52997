/** Whether a RabbitMQ or SQS queue is empty: nothing ready, nothing in anybody's hands, and nobody publishes. Pure. */

import type { Queue } from "./settings/messaging.ts";
import { type QueueSeen, SETTLING_SECONDS } from "./workers.ts";

export type QueueLook = { readonly drained: boolean; readonly mark: string; readonly sentence: string };

type Sight = {
  readonly queue: Pick<Queue, "queue" | "kind">;
  readonly seen: QueueSeen | "missing";
  /** What `mark` was at the look before; null at the first. */
  readonly markBefore: string | null;
  /** Milliseconds since 1970. */
  readonly now: number;
};

/** One look; a queue counts as drained after several that say so in a row. */
export const queueDrainedOf = ({ queue, seen, markBefore, now }: Sight): QueueLook => {
  const no = (mark: string, sentence: string): QueueLook => ({
    drained: false,
    mark,
    sentence: `${queue.queue}: ${sentence}`,
  });
  if (seen === "missing") return no("", "its broker gives no figures, so nothing is known of what waits.");
  const left = leftIn(seen);
  return seen.published === undefined
    ? withoutCount(queue, left, markBefore, now, no)
    : withCount(queue, left, seen.published, markBefore, no);
};

type No = (mark: string, sentence: string) => QueueLook;

/** RabbitMQ counts what was ever published: a rate of zero is no proof, a count that stands still is. */
const withCount = (
  { queue }: Sight["queue"],
  left: string,
  published: number,
  markBefore: string | null,
  no: No,
): QueueLook => {
  const mark = String(published);
  const more = markBefore === null || markBefore === "" ? undefined : published - Number(markBefore);
  const writing = more === undefined || more === 0 ? "" : ` ${more} were published since the last look.`;
  if (left !== "") return no(mark, `${left}${writing}`);
  if (more === undefined) return no(mark, "empty; whether somebody publishes shows at the next look.");
  if (more !== 0) return no(mark, `empty, and not quiet:${writing}`);
  return {
    drained: true,
    mark,
    sentence: `${queue}: nothing ready, nothing unacknowledged, nothing published.`,
  };
};

/** SQS counts nothing, and its figures settle within a minute: it has to have been empty for so long. The mark is since when it is. */
const withoutCount = (
  { queue }: Sight["queue"],
  left: string,
  markBefore: string | null,
  now: number,
  no: No,
): QueueLook => {
  if (left !== "") return no("", left);
  const since = markBefore === null || markBefore === "" ? now : Number(markBefore);
  const seconds = Math.floor((now - since) / 1000);
  const needed = 2 * SETTLING_SECONDS.sqs;
  if (seconds < needed)
    return no(
      String(since),
      `empty for ${seconds} s; SQS's figures settle within a minute, so ${needed} s are needed.`,
    );
  return {
    drained: true,
    mark: String(since),
    sentence: `${queue}: nothing visible, in flight or delayed for ${seconds} s, so nobody publishes.`,
  };
};

/** What is still there, in words; empty where nothing is. */
const leftIn = ({ ready, unacked, delayed, consumers }: QueueSeen): string => {
  if (ready + unacked + delayed === 0) return "";
  const holders = (consumers ?? [])
    .filter((c) => (c.unacked ?? 0) > 0)
    .map((c) => `${c.address} holds ${c.unacked}`);
  const who = holders.length === 0 ? "" : ` (${holders.join(", ")})`;
  return `${ready} wait, ${unacked} are not acknowledged${who}, ${delayed} are delayed.`;
};
