/** Whether a Kafka group has read all that there is: log end = committed on every partition, and nobody writes any more. Pure. */

import { counted, some } from "./checks/judging.ts";
import { type Offset, waitingOf } from "./kafka.ts";
import { byCodeUnit } from "./kube.ts";

/** An idempotent or transactional producer as a partition's leader remembers it; others leave no trace but the log's end. */
export type Producer = {
  readonly topic: string;
  readonly partition: number;
  readonly producerId: string;
  /** Milliseconds since 1970. */
  readonly lastWriteAt: number;
};

export type DrainSight = {
  readonly ends: readonly Offset[];
  readonly committed: readonly Offset[];
  readonly producers: readonly Producer[];
  /** What `mark` was when it was looked at before; null at the first time. */
  readonly markBefore: string | null;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** A producer that wrote within so many seconds is there still. */
  readonly quietSeconds: number;
};

export type Drained = {
  readonly drained: boolean;
  /** The log ends: while they change, somebody writes. */
  readonly mark: string;
  /** What is in the way, or that nothing is. */
  readonly sentence: string;
};

/** One look; a queue counts as drained after several that say so in a row. */
export const drainedOf = (sight: DrainSight): Drained => {
  const { ends, committed, producers, markBefore, now, quietSeconds } = sight;
  const mark = [...ends]
    .sort((a, b) => byCodeUnit(a.topic, b.topic) || a.partition - b.partition)
    .map((e) => `${e.topic}/${e.partition}=${e.offset}`)
    .join(" ");
  const no = (sentence: string): Drained => ({ drained: false, mark, sentence });
  if (ends.length === 0) return no("The topic has no partitions, so nothing is known of what waits.");
  const writers = [
    ...new Set(
      producers
        .filter((p) => now - p.lastWriteAt < quietSeconds * 1000)
        .map((p) => `producer ${p.producerId}`),
    ),
  ].sort(byCodeUnit);
  if (writers.length > 0) return no(`Still written to by ${some(writers)}.`);
  if (markBefore !== null && markBefore !== mark) return no("Its log still grows, so somebody publishes.");
  const waiting = waitingOf(ends, committed);
  if (waiting === undefined) return no("A partition that holds messages has no committed offset.");
  if (waiting > 0)
    return no(`${counted(waiting, "message")} ${waiting === 1 ? "waits" : "wait"} to be read.`);
  if (markBefore === null)
    return no("Everything is read; whether somebody still publishes shows at the next look.");
  return { drained: true, mark, sentence: "Log end is committed on every partition, and nobody publishes." };
};
