/**
 * Kafka's administration over @platformatic/kafka's protocol calls: a connection to each broker that is asked, and the five questions of
 * adapters/kafka.ts. The client is loaded when the first question is asked, so that functions that ask none don't carry it.
 */

import type { Connection, ConnectionOptions } from "@platformatic/kafka";
import { AnswerLost, Forbidden, Invalid, NotFound, Throttled, Transient } from "../domain/errors.ts";
import type { GroupMember, ObservedGroup, Offset, TopicPartition } from "../domain/kafka.ts";
import type { Kafka } from "./kafka.ts";

type Client = typeof import("./kafka-client.ts");

export type KafkaOptions = {
  /** `host:port`. */
  readonly bootstrapServers: readonly string[];
  /** With the PEM of a private authority, where it isn't one that Node knows. */
  readonly tls?: false | { readonly certificateAuthority?: string | undefined };
  readonly sasl?: { readonly mechanism: string; readonly username: string; readonly password: string };
  readonly timeoutMs?: number;
};

/** A connected administration; `close` ends its connections. */
export type KafkaConnection = Kafka & { readonly close: () => Promise<void> };

const TIMEOUT_MS = 10_000;
/** `FindCoordinator` for a group. */
const GROUP = 0;
/** `ListOffsets` by the newest. */
const LATEST = -1n;
const NO_EPOCH = -1;

/** The broker's own name for what it refused: `GROUP_ID_NOT_FOUND`. */
const refusalOf = (error: unknown): string | undefined => {
  const {
    apiId,
    errors = [],
    cause,
  } = (error ?? {}) as {
    readonly apiId?: unknown;
    readonly errors?: readonly unknown[];
    readonly cause?: unknown;
  };
  if (typeof apiId === "string") return apiId;
  for (const inner of [...errors, cause]) {
    const found = inner === undefined ? undefined : refusalOf(inner);
    if (found !== undefined) return found;
  }
  return undefined;
};

const ABSENT = /^(GROUP_ID_NOT_FOUND|UNKNOWN_TOPIC_OR_PARTITION|UNKNOWN_TOPIC_ID|INVALID_TOPIC_EXCEPTION)$/;
const DENIED = /(AUTHORIZATION|AUTHENTICATION)_FAILED$/;
const AGAIN =
  /^(COORDINATOR_.*|NOT_COORDINATOR|REBALANCE_IN_PROGRESS|LEADER_NOT_AVAILABLE|NOT_LEADER_OR_FOLLOWER|REQUEST_TIMED_OUT|NETWORK_EXCEPTION|UNSTABLE_OFFSET_COMMIT)$/;

const translated = (error: unknown, about: string): unknown => {
  const refusal = refusalOf(error);
  const sentence = `Could not ask Kafka about ${about}: ${refusal ?? (error instanceof Error ? error.message : String(error))}`;
  const because = { cause: error };
  if (refusal === undefined) return new AnswerLost(sentence, because);
  if (ABSENT.test(refusal)) return new NotFound(sentence, because);
  if (DENIED.test(refusal)) return new Forbidden(sentence, because);
  if (refusal === "THROTTLING_QUOTA_EXCEEDED") return new Throttled(sentence, because);
  return AGAIN.test(refusal) ? new Transient(sentence, because) : new Invalid(sentence, because);
};

/** Partitions of a classic member, as its leader wrote them: version, then topics with their partitions. */
export const assignmentOf = (bytes: Buffer): readonly TopicPartition[] => {
  if (bytes.length < 6) return [];
  let at = 2;
  const int32 = (): number => {
    const value = bytes.readInt32BE(at);
    at += 4;
    return value;
  };
  const partitions: TopicPartition[] = [];
  for (let topics = int32(); topics > 0; topics -= 1) {
    const length = bytes.readInt16BE(at);
    const topic = bytes.toString("utf8", at + 2, at + 2 + length);
    at += 2 + length;
    for (let left = int32(); left > 0; left -= 1) partitions.push({ topic, partition: int32() });
  }
  return partitions;
};

const STATES: Readonly<Record<string, ObservedGroup["state"]>> = {
  Stable: "stable",
  STABLE: "stable",
  Empty: "empty",
  EMPTY: "empty",
};

const memberOf = (
  m: { readonly memberId: string; readonly clientId: string; readonly clientHost: string },
  instanceId: string | null | undefined,
  partitions: readonly TopicPartition[],
): GroupMember => ({
  memberId: m.memberId,
  clientId: m.clientId,
  // Brokers write an address as Java does: "/10.0.0.1".
  host: m.clientHost.replace(/^.*\//, ""),
  ...(instanceId === null || instanceId === undefined ? {} : { instanceId }),
  partitions,
});

const tlsOf = ({ certificateAuthority: ca }: Exclude<KafkaOptions["tls"], false | undefined>) =>
  ca === undefined ? {} : { ca };

/** Connections by broker, opened when they are needed and kept. */
class Brokers {
  readonly #client: Client;
  readonly #options: KafkaOptions;
  readonly #open = new Map<string, Promise<Connection>>();

  constructor(client: Client, options: KafkaOptions) {
    this.#client = client;
    this.#options = options;
  }

  at(host: string, port: number): Promise<Connection> {
    const key = `${host}:${port}`;
    const known = this.#open.get(key);
    if (known) return known;
    const opened = this.#connect(host, port).catch((error: unknown) => {
      this.#open.delete(key);
      throw error;
    });
    this.#open.set(key, opened);
    return opened;
  }

  /** Any of the bootstrap servers that answers. */
  async any(): Promise<Connection> {
    let last: unknown;
    for (const server of this.#options.bootstrapServers) {
      const [host = "", port = ""] = server.split(/:(?=\d+$)/);
      try {
        return await this.at(host, Number(port));
      } catch (error) {
        last = error;
      }
    }
    throw last;
  }

  async coordinatorOf(group: string): Promise<Connection> {
    const { coordinators } = await this.#client.findCoordinatorV4.api.async(await this.any(), GROUP, [group]);
    const [found] = coordinators;
    if (!found) throw new Transient(`Kafka names no coordinator for group ${group}.`);
    return this.at(found.host, found.port);
  }

  async close(): Promise<void> {
    for (const opened of this.#open.values()) await (await opened).close();
    this.#open.clear();
  }

  async #connect(host: string, port: number): Promise<Connection> {
    const { tls, sasl, timeoutMs = TIMEOUT_MS } = this.#options;
    const connection = new this.#client.Connection("repot", {
      connectTimeout: timeoutMs,
      requestTimeout: timeoutMs,
      ...(tls ? { tls: tlsOf(tls), tlsServerName: true } : {}),
      ...(sasl ? { sasl: sasl as NonNullable<ConnectionOptions["sasl"]> } : {}),
    });
    await connection.connect(host, port);
    return connection;
  }
}

type Leaders = ReadonlyMap<Connection, readonly number[]>;

/** The partitions of a topic by the connection to their leader. */
const leadersOf = async (client: Client, brokers: Brokers, topic: string): Promise<Leaders> => {
  const metadata = await client.metadataV12.api.async(await brokers.any(), [topic], false, false);
  const byNode = new Map(metadata.brokers.map((b) => [b.nodeId, b]));
  const leaders = new Map<Connection, number[]>();
  for (const { partitionIndex, leaderId } of metadata.topics[0]?.partitions ?? []) {
    const leader = byNode.get(leaderId);
    if (!leader) throw new Transient(`Partition ${topic}/${partitionIndex} has no leader now.`);
    const connection = await brokers.at(leader.host, leader.port);
    leaders.set(connection, [...(leaders.get(connection) ?? []), partitionIndex]);
  }
  return leaders;
};

const inOrder = <T extends TopicPartition>(list: readonly T[]): readonly T[] =>
  [...list].sort((a, b) => a.partition - b.partition);

/** Groups of KIP-848 have a question of their own; to the classic one they look dead. */
const describe = async (client: Client, brokers: Brokers, group: string): Promise<ObservedGroup> => {
  const coordinator = await brokers.coordinatorOf(group);
  try {
    const { groups } = await client.consumerGroupDescribeV0.api.async(coordinator, [group], false);
    const [found] = groups;
    if (found)
      return {
        group,
        protocol: "kip-848",
        ...agreed(found.assignorName),
        state: STATES[found.groupState] ?? "rebalancing",
        members: found.members.map((m) =>
          memberOf(
            m,
            m.instanceId,
            m.assignment.topicPartitions.flatMap((t) =>
              t.partitions.map((partition) => ({ topic: t.topicName, partition })),
            ),
          ),
        ),
      };
  } catch (error) {
    if (refusalOf(error) !== "GROUP_ID_NOT_FOUND") throw error;
  }
  const { groups } = await client.describeGroupsV5.api.async(coordinator, [group], false);
  const [found] = groups;
  if (!found || found.groupState.toLowerCase() === "dead")
    throw new NotFound(`Kafka knows no group ${group} (GROUP_ID_NOT_FOUND).`);
  return {
    group,
    protocol: "classic",
    ...agreed(found.protocolData),
    state: STATES[found.groupState] ?? "rebalancing",
    members: found.members.map((m) => memberOf(m, m.groupInstanceId, assignmentOf(m.memberAssignment))),
  };
};

/** What a group has agreed on; an empty one on nothing. */
const agreed = (assignor: string): Pick<ObservedGroup, "assignor"> => (assignor === "" ? {} : { assignor });

const committedOf = async (
  client: Client,
  brokers: Brokers,
  group: string,
  topic: string,
): Promise<readonly Offset[]> => {
  const coordinator = await brokers.coordinatorOf(group);
  const asked = [{ groupId: group, memberId: null, memberEpoch: NO_EPOCH, topics: null }];
  const { groups } = await client.offsetFetchV8.api.async(coordinator, asked, false);
  return inOrder(
    (groups[0]?.topics ?? [])
      .filter((t) => t.name === topic)
      .flatMap((t) =>
        t.partitions
          .filter((p) => p.committedOffset >= 0n)
          .map((p) => ({ topic, partition: p.partitionIndex, offset: Number(p.committedOffset) })),
      ),
  );
};

const endsOf = async (client: Client, brokers: Brokers, topic: string): Promise<readonly Offset[]> => {
  const ends: Offset[] = [];
  for (const [connection, partitions] of await leadersOf(client, brokers, topic)) {
    const asked = partitions.map((partitionIndex) => ({
      partitionIndex,
      currentLeaderEpoch: NO_EPOCH,
      timestamp: LATEST,
    }));
    const { topics } = await client.listOffsetsV7.api.async(connection, NO_EPOCH, 0, [
      { name: topic, partitions: asked },
    ]);
    for (const p of topics[0]?.partitions ?? [])
      ends.push({ topic, partition: p.partitionIndex, offset: Number(p.offset) });
  }
  return inOrder(ends);
};

const producersOf = async (client: Client, brokers: Brokers, topic: string) => {
  const all = [];
  for (const [connection, partitionIndexes] of await leadersOf(client, brokers, topic)) {
    const { topics } = await client.describeProducersV0.api.async(connection, [
      { name: topic, partitionIndexes: [...partitionIndexes] },
    ]);
    for (const p of topics[0]?.partitions ?? [])
      for (const producer of p.activeProducers)
        all.push({
          topic,
          partition: p.partitionIndex,
          producerId: String(producer.producerId),
          lastWriteAt: Number(producer.lastTimestamp),
        });
  }
  return inOrder(all);
};

/** Asks real brokers. Nothing is opened before the first question. @throws as `Kafka` says; AnswerLost where nobody answers. */
export const connectKafka = (options: KafkaOptions): KafkaConnection => {
  let made: Promise<{ readonly client: Client; readonly brokers: Brokers }> | undefined;
  const connected = () => {
    made ??= import("./kafka-client.ts").then((client) => ({
      client,
      brokers: new Brokers(client, options),
    }));
    return made;
  };
  const ask = async <T>(about: string, run: (client: Client, brokers: Brokers) => Promise<T>): Promise<T> => {
    const { client, brokers } = await connected();
    try {
      return await run(client, brokers);
    } catch (error) {
      if (error instanceof NotFound || error instanceof Transient) throw error;
      throw translated(error, about);
    }
  };
  return {
    listBrokers: () =>
      ask("its brokers", async (client, brokers) => {
        const { brokers: nodes } = await client.metadataV12.api.async(await brokers.any(), [], false, false);
        return nodes
          .map(({ nodeId, host, port }) => ({ id: nodeId, host, port }))
          .sort((a, b) => a.id - b.id);
      }),
    listGroups: () =>
      ask("its groups", async (client, brokers) => {
        const { brokers: nodes } = await client.metadataV12.api.async(await brokers.any(), [], false, false);
        const names: string[] = [];
        for (const { host, port } of nodes) {
          const { groups } = await client.listGroupsV5.api.async(await brokers.at(host, port), [], []);
          names.push(...groups.map((g) => g.groupId));
        }
        return names.sort();
      }),
    describeGroup: (group) => ask(`group ${group}`, (client, brokers) => describe(client, brokers, group)),
    listCommitted: (group, topic) =>
      ask(`group ${group}`, (client, brokers) => committedOf(client, brokers, group, topic)),
    listOffsets: (topic) => ask(`topic ${topic}`, (client, brokers) => endsOf(client, brokers, topic)),
    listProducers: (topic) => ask(`topic ${topic}`, (client, brokers) => producersOf(client, brokers, topic)),
    close: async () => {
      if (made) await (await made).brokers.close();
    },
  };
};
