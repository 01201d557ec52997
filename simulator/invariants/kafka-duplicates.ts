/** A move repeats no more messages than the plan says. */

import type { Invariant } from "./invariant.ts";
import type { KafkaScene } from "./kafka-scene.ts";

export const kafkaDuplicates = (): Invariant<KafkaScene> => ({
  name: "kafka-duplicates",
  sentence: "A group's move has no more messages read twice than the plan says.",
  check: ({ group, planned }) =>
    planned === undefined
      ? undefined
      : group.figures.ownDuplicates > planned.cost.duplicates + 1
        ? [
            `${group.name} had more messages read twice than the ${planned.cost.duplicates} that the plan says.`,
          ]
        : [],
});
