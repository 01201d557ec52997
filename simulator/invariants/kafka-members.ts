/** Members stay within the bounds of their policy while a group moves. */

import type { Invariant } from "./invariant.ts";
import type { KafkaScene } from "./kafka-scene.ts";

export const kafkaMembers = (): Invariant<KafkaScene> => ({
  name: "kafka-members",
  sentence: "While a consumer group moves, its live members stay within the bounds of its policy.",
  check: ({ group, planned }) => {
    if (!planned || !group.moving) return undefined;
    const { source, target } = group.members;
    const live = source + target;
    if (live > planned.membersMax)
      return [`${group.name} has more than the ${planned.membersMax} members that ${planned.policy} allows.`];
    // A member that nobody replaces was taken away; one whose pod is on its way back was not.
    const side = group.leaving;
    const taken = side !== undefined && group.members[side] >= group.pods[side];
    return taken && live < planned.membersMin
      ? [`${group.name} has fewer than the ${planned.membersMin} members that ${planned.policy} keeps.`]
      : [];
  },
});
