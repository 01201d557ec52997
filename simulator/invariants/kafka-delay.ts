/** No message waits longer for a move than the plan says. */

import type { Invariant } from "./invariant.ts";
import type { KafkaScene } from "./kafka-scene.ts";

export const kafkaDelay = (): Invariant<KafkaScene> => ({
  name: "kafka-delay",
  sentence: "No message waits longer for a group's move than the plan says.",
  check: ({ group, planned }) => {
    if (!planned) return undefined;
    const delayMs = Math.max(group.figures.ownDelayMs, group.own ? group.oldestMs : 0);
    return delayMs > planned.cost.longestDelayMs
      ? [
          `A message of ${group.name} waited longer than the ${planned.cost.longestDelayMs} ms that the plan says.`,
        ]
      : [];
  },
});
