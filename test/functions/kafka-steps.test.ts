/** The steps that ask Kafka, against a simulated group. */

import { expect, test } from "vitest";
import { observeDrain } from "../../functions/observe-drain.ts";
import { kafkaBench } from "./kafka-bench.ts";

const QUEUE = { kind: "kafka", group: "readers", topic: "orders" };

test("observe-drain: a topic that is written to isn't drained, and is once the writers are gone and everything is committed", async () => {
  const bench = kafkaBench();
  const look = (mark: string | null) => bench.run(observeDrain, { queue: QUEUE, mark });
  bench.pass(30);
  const busy = await look(null);
  expect(busy).toMatchObject({
    drained: false,
    sentence: "readers on orders: Still written to by producer 1000.",
  });
  bench.pass(10);
  bench.kafka.produce("orders", 0);
  bench.pass(90);
  const first = await look(busy.mark);
  expect(first).toMatchObject({
    drained: false,
    sentence: "readers on orders: Its log still grows, so somebody publishes.",
  });
  bench.pass(10);
  expect(await look(first.mark)).toMatchObject({ drained: true, mark: first.mark });
});

test("observe-drain: messages that nobody reads are in the way", async () => {
  const bench = kafkaBench();
  bench.source.alter("shop/reader", { terminating: true }, 4);
  bench.pass(5);
  bench.kafka.produce("orders", 0);
  bench.pass(90);
  const first = await bench.run(observeDrain, { queue: QUEUE, mark: null });
  expect(first.sentence).toMatch(/readers on orders: 30\d messages wait to be read\./);
});

test("observe-drain: a group that Kafka doesn't know is an error by name", async () => {
  const bench = kafkaBench();
  await expect(
    bench.run(observeDrain, { queue: { ...QUEUE, group: "writers" }, mark: null }),
  ).rejects.toMatchObject({ name: "NotFound" });
});
