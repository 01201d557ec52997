/** What invariants of consumer groups look at: one group in the instant in which something about it changed, and what the plan says of it. */

import type { GroupPlan } from "../../domain/kafka-policy.ts";
import type { GroupView } from "../world/kafka/index.ts";
import type { Invariant } from "./invariant.ts";
import { kafkaDelay } from "./kafka-delay.ts";
import { kafkaDuplicates } from "./kafka-duplicates.ts";
import { kafkaLost } from "./kafka-lost.ts";
import { kafkaMembers } from "./kafka-members.ts";
import { kafkaOwners } from "./kafka-owners.ts";

export type KafkaScene = {
  readonly group: GroupView;
  /** Absent for a group whose members don't move by a policy. */
  readonly planned: GroupPlan | undefined;
};

/** Fresh ones for a run. */
export const makeKafkaInvariants = (): readonly Invariant<KafkaScene>[] => [
  kafkaMembers(),
  kafkaOwners(),
  kafkaLost(),
  kafkaDuplicates(),
  kafkaDelay(),
];
