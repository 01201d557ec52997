/** What adapters/kafka-wire.ts uses of the Kafka client, by name: a bundle holds these and not its producers, consumers and schema registries. */

export {
  Connection,
  consumerGroupDescribeV0,
  describeGroupsV5,
  describeProducersV0,
  findCoordinatorV4,
  listGroupsV5,
  listOffsetsV7,
  metadataV12,
  offsetFetchV8,
} from "@platformatic/kafka";
