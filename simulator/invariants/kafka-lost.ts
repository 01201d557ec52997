/** No message of a consumer group is gone before it was read. */

import type { Invariant } from "./invariant.ts";
import type { KafkaScene } from "./kafka-scene.ts";

export const kafkaLost = (): Invariant<KafkaScene> => ({
  name: "kafka-lost",
  sentence: "No message is lost to a consumer group.",
  // Without the number: a loss that grows is one breach.
  check: ({ group }) =>
    group.figures.lost >= 1
      ? [`${group.name} lost messages that nobody had read: its brokers were stopped with them.`]
      : [],
});
