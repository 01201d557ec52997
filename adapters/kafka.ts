/**
 * Kafka's administration as Repot uses it: six questions and no command. A port, since the protocol is binary: adapters/kafka-wire.ts asks real
 * brokers, the rehearsal's answers come from its world; test/contracts/kafka.test.ts holds both to the same.
 */

import type { KafkaBroker, ObservedGroup, Offset } from "../domain/kafka.ts";
import type { Producer } from "../domain/kafka-drain.ts";

export type Kafka = {
  /** The brokers, with the addresses that they advertise. */
  readonly listBrokers: () => Promise<readonly KafkaBroker[]>;
  /** Every group that the brokers coordinate, by name. */
  readonly listGroups: () => Promise<readonly string[]>;
  /**
   * A group of either protocol with its members, their addresses and partitions.
   * @throws NotFound where no such group is known; Transient while its coordinator moves or is loading.
   */
  readonly describeGroup: (group: string) => Promise<ObservedGroup>;
  /** What the group has committed. A partition without a commit is left out. @throws like `describeGroup`. */
  readonly listCommitted: (group: string, topic: string) => Promise<readonly Offset[]>;
  /** The log end of every partition. @throws NotFound where there is no such topic. */
  readonly listOffsets: (topic: string) => Promise<readonly Offset[]>;
  /** Producers that partitions remember: the idempotent and the transactional ones of the last day. @throws like `listOffsets`. */
  readonly listProducers: (topic: string) => Promise<readonly Producer[]>;
};
