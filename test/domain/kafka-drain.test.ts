/** When a Kafka group counts as drained, and what is said while it doesn't. */

import { expect, test } from "vitest";
import { drainedOf } from "../../domain/kafka-drain.ts";

const at = (partition: number, offset: number) => ({ topic: "orders", partition, offset });
const NOW = 1_000_000;
const EMPTY = {
  ends: [at(0, 10), at(1, 20)],
  committed: [at(0, 10), at(1, 20)],
  producers: [],
  markBefore: "orders/0=10 orders/1=20",
  now: NOW,
  quietSeconds: 60,
};
const producer = { topic: "orders", partition: 0, producerId: "77" };

test("log end committed on every partition, the same as before, and nobody who publishes: drained", () => {
  expect(drainedOf(EMPTY)).toEqual({
    drained: true,
    mark: "orders/0=10 orders/1=20",
    sentence: "Log end is committed on every partition, and nobody publishes.",
  });
});

test("the order in which partitions are listed changes nothing", () => {
  expect(drainedOf({ ...EMPTY, ends: [...EMPTY.ends].reverse() }).drained).toBe(true);
});

test.each([
  ["at the first look", { markBefore: null }, /shows at the next look/],
  ["while the log grows", { markBefore: "orders/0=9 orders/1=20" }, /still grows/],
  ["while a message waits", { committed: [at(0, 10), at(1, 19)] }, /1 message waits/],
  ["where a partition with messages was never committed", { committed: [at(0, 10)] }, /no committed offset/],
  [
    "while a producer has just written",
    { producers: [{ ...producer, lastWriteAt: NOW - 59_000 }] },
    /producer 77/,
  ],
  ["where nothing is known of the topic", { ends: [] }, /no partitions/],
])("not drained %s", (_, change, sentence) => {
  const look = drainedOf({ ...EMPTY, ...change });
  expect(look.drained).toBe(false);
  expect(look.sentence).toMatch(sentence);
});

test("a producer that wrote long ago is in nobody's way, and an empty partition needs no commit", () => {
  expect(drainedOf({ ...EMPTY, producers: [{ ...producer, lastWriteAt: NOW - 61_000 }] }).drained).toBe(true);
  const empty = { ...EMPTY, ends: [at(0, 0)], committed: [], markBefore: "orders/0=0" };
  expect(drainedOf(empty).drained).toBe(true);
});
