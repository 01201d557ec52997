/** What tests of Kafka steps share: a group in a simulated world with two hand-made clusters, and steps that run against it. */

import type { Context, Step } from "../../functions/step.ts";
import { makeRandom } from "../../simulator/random.ts";
import { makeKafkaPort } from "../../simulator/services/kafka.ts";
import { makeSeam } from "../../simulator/services/seam.ts";
import { makeKafka } from "../../simulator/world/kafka/index.ts";
import { runOn } from "../contracts/harness.ts";
import { shop, trial, workload } from "../simulator/traffic.fixture.ts";

export const RUN = { migration: "shop-1", plan: "0".repeat(64) };

/** Four members of one group in the source, 12 partitions, 60 messages a second. */
export const kafkaBench = (group: Record<string, unknown> = {}) => {
  const base = shop(
    {},
    {
      groups: [
        {
          group: "readers",
          topic: "orders",
          workload: "shop/reader",
          partitions: 12,
          messagesPerSecond: 60,
          ...group,
        },
      ],
    },
  );
  const reader = workload("shop/reader", { class: "group-member", replicas: 4, services: [] });
  const t = trial({ ...base, workloads: [...base.workloads, reader] });
  t.source.scale("shop/reader", 4);
  const kafka = makeKafka({ ...t, emit: () => {} });
  const seam = makeSeam({ clock: t.clock, random: makeRandom(7) });
  const context = {
    kafka: makeKafkaPort(seam, kafka.brokers),
    now: () => new Date(t.clock.now()),
  } as unknown as Context;
  const run = <I, O>(step: Step<I, O>, input: Record<string, unknown>): Promise<O> =>
    runOn(t.clock, () => step.run(step.input.parse({ run: RUN, ...input }), context), step.needs, step.name);
  return { ...t, kafka, context, run };
};
