/** Kafka's administration in front of the simulated brokers, through the seam: the five questions, with the refusals that real brokers give. */

import type { Kafka } from "../../adapters/kafka.ts";
import { AnswerLost, Forbidden, NotFound, Throttled, Transient } from "../../domain/errors.ts";
import type { KafkaAction } from "../../domain/kafka.ts";
import type { KafkaBrokers } from "../world/kafka/index.ts";
import type { Seam, Strike } from "./seam.ts";

/** The adapter's own sentence for a broker's refusal. */
const struck = (strike: Strike, about: string): Error => {
  switch (strike.kind) {
    case "throttled":
      return new Throttled(`Could not ask Kafka about ${about}: THROTTLING_QUOTA_EXCEEDED.`);
    case "conflict":
      return new Transient(`Could not ask Kafka about ${about}: REBALANCE_IN_PROGRESS.`);
    case "server-error":
      return new Transient(`Could not ask Kafka about ${about}: COORDINATOR_NOT_AVAILABLE.`);
    default:
      throw new Error(`${strike.kind} is no answer of a broker.`);
  }
};

const ANSWERS = new Set(["NotFound", "Transient", "Throttled", "Forbidden", "AnswerLost"]);

export const makeKafkaPort = (seam: Seam, brokers: KafkaBrokers): Kafka => {
  const ask = <T>(action: KafkaAction, about: string, run: () => T): Promise<T> =>
    seam.pass<T>({
      call: { service: "kafka", action, mutating: false, subject: about },
      input: { action, about },
      permission: action,
      run,
      deny: (invocation) => {
        throw new Forbidden(
          `Could not ask Kafka about ${about}: ${invocation.step} doesn't declare kafka:${action} (GROUP_AUTHORIZATION_FAILED).`,
        );
      },
      strike: (strike) => {
        throw struck(strike, about);
      },
      lost: () => new AnswerLost(`Kafka didn't answer about ${about} within 5 s.`),
      refusal: () => undefined,
      isAnswer: (error) => error instanceof Error && ANSWERS.has(error.name),
    });
  const known = <T>(found: T | undefined, what: string): T => {
    if (found === undefined) throw new NotFound(`Kafka knows no ${what}.`);
    return found;
  };
  return {
    listBrokers: () => ask("list-brokers", "its brokers", () => brokers.brokers()),
    listGroups: () => ask("list-groups", "its groups", () => brokers.groups()),
    describeGroup: (group) =>
      ask("describe-group", group, () => {
        const { topic, members, ...found } = known(brokers.describe(group), `group ${group}`);
        return {
          group,
          ...found,
          members: members.map(({ instanceId, partitions, ...m }) => ({
            ...m,
            ...(instanceId === undefined ? {} : { instanceId }),
            partitions: partitions.map((partition) => ({ topic, partition })),
          })),
        };
      }),
    listCommitted: (group, topic) =>
      ask("list-committed", group, () =>
        known(brokers.committed(group), `group ${group}`).filter((o) => o.topic === topic),
      ),
    listOffsets: (topic) => ask("list-offsets", topic, () => known(brokers.ends(topic), `topic ${topic}`)),
    listProducers: (topic) =>
      ask("list-producers", topic, () => known(brokers.producers(topic), `topic ${topic}`)),
  };
};

/** Where the platform has no brokers that could be asked. */
export const noKafka = (seam: Seam): Kafka =>
  makeKafkaPort(seam, {
    brokers: () => [],
    groups: () => [],
    describe: () => undefined,
    committed: () => undefined,
    ends: () => undefined,
    producers: () => undefined,
  });
