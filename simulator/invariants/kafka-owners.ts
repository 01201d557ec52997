/** A partition has at most one owner among the members of a group. */

import type { Invariant } from "./invariant.ts";
import type { KafkaScene } from "./kafka-scene.ts";

export const kafkaOwners = (): Invariant<KafkaScene> => ({
  name: "kafka-owners",
  sentence: "Each partition has at most one owner in a consumer group.",
  check: ({ group }) =>
    group.ownedTwice > 0 ? [`${group.name} has a partition that two live members own.`] : [],
});
