/** Real members and a real producer for the contract: @platformatic/kafka's own consumers, of either protocol. */

import { Admin, Consumer, Producer, stringDeserializers, stringSerializers } from "@platformatic/kafka";
import type { Kafka } from "../../adapters/kafka.ts";

export type RealGroups = {
  readonly members: (
    group: string,
    count: number,
    how: { readonly protocol: "classic" | "consumer"; readonly staticIdPrefix?: string },
  ) => Promise<void>;
  readonly write: (messages: number) => Promise<void>;
  /** Until the groups that have members have committed all that there is. */
  readonly rest: (groups: readonly string[]) => Promise<void>;
  readonly close: () => Promise<void>;
};

type Running = {
  readonly consumer: Consumer<string, string, string, string>;
  readonly stop: () => Promise<void>;
};

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks until it is so. @throws Error where it isn't within a minute. */
const until = async (what: string, so: () => Promise<boolean>): Promise<void> => {
  for (let tries = 0; tries < 240; tries += 1) {
    if (await so().catch(() => false)) return;
    await pause(250);
  }
  throw new Error(`${what} didn't come true within a minute.`);
};

export const makeRealGroups = async (
  bootstrap: string,
  topic: string,
  partitions: number,
  kafka: Kafka,
): Promise<RealGroups> => {
  const common = { bootstrapBrokers: [bootstrap] };
  const admin = new Admin({ clientId: "contract", ...common });
  await admin.createTopics({ topics: [topic], partitions, replicas: 1 });
  await admin.close();
  await until(`topic ${topic}`, async () => (await kafka.listOffsets(topic)).length === partitions);
  const producer = new Producer({
    clientId: "writer",
    ...common,
    serializers: stringSerializers,
    idempotent: true,
  });
  const running = new Map<string, Running[]>();
  const start = async (
    group: string,
    ordinal: number,
    how: Parameters<RealGroups["members"]>[2],
  ): Promise<Running> => {
    const consumer = new Consumer<string, string, string, string>({
      clientId: `reader-of-${group}`,
      groupId: group,
      ...common,
      deserializers: stringDeserializers,
      groupProtocol: how.protocol,
      ...(how.staticIdPrefix === undefined ? {} : { groupInstanceId: `${how.staticIdPrefix}-${ordinal}` }),
      ...(how.protocol === "classic" ? { heartbeatInterval: 500, sessionTimeout: 10_000 } : {}),
    });
    const stream = await consumer.consume({
      topics: [topic],
      mode: "committed",
      fallbackMode: "earliest",
      autocommit: 200,
    });
    stream.on("data", () => {});
    stream.on("error", () => {});
    return {
      consumer,
      stop: async () => {
        await stream.close().catch(() => {});
        await consumer.close(true).catch(() => {});
      },
    };
  };
  const members: RealGroups["members"] = async (group, count, how) => {
    const now = running.get(group) ?? [];
    running.set(group, now);
    while (now.length > count) await now.pop()?.stop();
    while (now.length < count) now.push(await start(group, now.length, how));
    await until(`${count} members of ${group}`, async () => {
      const seen = await kafka.describeGroup(group);
      const owned = seen.members.flatMap((m) => m.partitions).length;
      return (
        seen.members.length === count && (count === 0 || (seen.state === "stable" && owned === partitions))
      );
    });
  };
  return {
    members,
    write: async (messages) => {
      await producer.send({
        messages: Array.from({ length: messages }, (_, i) => ({
          topic,
          key: `k${i}`,
          value: `v${i}`,
          partition: i % partitions,
        })),
      });
    },
    rest: async (groups) => {
      for (const group of groups.filter((g) => (running.get(g) ?? []).length > 0))
        await until(`${group} having read everything`, async () => {
          const ends = await kafka.listOffsets(topic);
          const committed = await kafka.listCommitted(group, topic);
          return ends.every((e, i) => committed[i]?.offset === e.offset);
        });
    },
    close: async () => {
      for (const list of running.values()) for (const { stop } of list) await stop();
      await producer.close();
    },
  };
};
