/** One contract for the five questions to Kafka: asked of the simulated brokers always, of a real Kafka 4.1.0 wherever its jars are. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Kafka } from "../../adapters/kafka.ts";
import { connectKafka, type KafkaConnection } from "../../adapters/kafka-wire.ts";
import { Transient } from "../../domain/errors.ts";
import { makeRandom } from "../../simulator/random.ts";
import { makeKafkaPort } from "../../simulator/services/kafka.ts";
import { makeSeam } from "../../simulator/services/seam.ts";
import { makeKafka } from "../../simulator/world/kafka/index.ts";
import { shop, trial, workload } from "../simulator/traffic.fixture.ts";
import { runOn } from "./harness.ts";
import { type RealBroker, startBroker, whyNoBroker } from "./kafka-broker.ts";
import { makeRealGroups, type RealGroups } from "./kafka-members.ts";

const PARTITIONS = 6;

/** A platform with one topic, `orders`, and a group of each protocol on it; `members` says how many each has. */
type Rig = {
  readonly kafka: () => Kafka;
  readonly ask: <T>(run: () => Promise<T>) => Promise<T>;
  readonly members: (group: string, count: number) => Promise<void>;
  readonly write: (messages: number) => Promise<void>;
  /** Until members have read what there is and have committed it. */
  readonly rest: () => Promise<void>;
  readonly pause: () => Promise<void>;
};

const CLASSIC = "classic-readers";
const SERVER_SIDE = "kip848-readers";
const STATIC = "static-readers";
const NEEDS = {
  kafka: [
    "list-brokers",
    "list-groups",
    "describe-group",
    "list-committed",
    "list-offsets",
    "list-producers",
  ],
} as const;

const simulated = (): Rig => {
  const group = (name: string, more: object) => ({
    group: name,
    topic: "orders",
    workload: `shop/${name}`,
    partitions: PARTITIONS,
    messagesPerSecond: 0,
    ...more,
  });
  const groups = [
    group(CLASSIC, {}),
    group(SERVER_SIDE, { protocol: "kip-848" }),
    group(STATIC, { staticIdPrefix: "reader" }),
  ];
  const base = shop({}, { groups });
  const readers = groups.map(({ workload: name }) =>
    workload(name, { class: "group-member", kind: "StatefulSet", replicas: 2, services: [] }),
  );
  const t = trial({ ...base, workloads: [...base.workloads, ...readers] });
  const world = makeKafka({ ...t, emit: () => {} });
  const kafka = makeKafkaPort(makeSeam({ clock: t.clock, random: makeRandom(3) }), world.brokers);
  return {
    kafka: () => kafka,
    ask: (run) => runOn(t.clock, run, NEEDS),
    members: async (name, count) => {
      t.source.scale(`shop/${name}`, count);
      t.pass(60);
    },
    write: async (messages) => {
      world.produce("orders", messages);
      t.pass(1);
      world.produce("orders", 0);
    },
    rest: async () => t.pass(60),
    pause: async () => t.pass(1),
  };
};

const contract = (rig: () => Rig): void => {
  /** As a state machine asks: again while the coordinator isn't there yet, which new brokers need a moment for. */
  const ask = async <T>(question: (kafka: Kafka) => Promise<T>, triesLeft = 40): Promise<T> => {
    try {
      return await rig().ask(() => question(rig().kafka()));
    } catch (error) {
      if (triesLeft === 0 || !(error instanceof Transient)) throw error;
      await rig().pause();
      return ask(question, triesLeft - 1);
    }
  };

  test("a topic has a log end for each partition, in their order", async () => {
    const ends = await ask((k) => k.listOffsets("orders"));
    expect(ends.map((e) => e.partition)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(ends.every((e) => e.topic === "orders" && Number.isInteger(e.offset))).toBe(true);
  });

  test("brokers say the addresses that they advertise", async () => {
    const brokers = await ask((k) => k.listBrokers());
    expect(brokers.length).toBeGreaterThan(0);
    for (const { id, host, port } of brokers) {
      expect(Number.isInteger(id)).toBe(true);
      expect(host).toMatch(/^[a-z0-9.-]+$/);
      expect(port).toBeGreaterThan(0);
    }
  });

  test("what isn't there is an error by name", async () => {
    await expect(ask((k) => k.listOffsets("nothing"))).rejects.toMatchObject({ name: "NotFound" });
    await expect(ask((k) => k.describeGroup("nobody"))).rejects.toMatchObject({ name: "NotFound" });
  });

  test.each([
    [CLASSIC, "classic"],
    [SERVER_SIDE, "kip-848"],
  ])("%s: members with their addresses, every partition with one of them", async (group, protocol) => {
    await rig().members(group, 2);
    const found = await ask((k) => k.describeGroup(group));
    expect(found).toMatchObject({ group, protocol, state: "stable" });
    expect(found.members).toHaveLength(2);
    expect(found.assignor).toMatch(protocol === "kip-848" ? /^uniform$/ : /^[a-z-]+$/i);
    for (const member of found.members) {
      expect(member.host).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
      expect(member.clientId).not.toBe("");
      expect(member.instanceId).toBeUndefined();
      expect(member.partitions).toHaveLength(PARTITIONS / 2);
    }
    expect(found.members.flatMap((m) => m.partitions.map((p) => p.partition)).sort()).toEqual([
      0, 1, 2, 3, 4, 5,
    ]);
    expect(found.members.flatMap((m) => m.partitions).every((p) => p.topic === "orders")).toBe(true);
    expect(await ask((k) => k.listGroups())).toContain(group);
  });

  test("a static member says its id", async () => {
    await rig().members(STATIC, 2);
    const { members } = await ask((k) => k.describeGroup(STATIC));
    const ids = members.map((m) => m.instanceId ?? "");
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(id).toMatch(/^reader-\d+$/);
  });

  test("what members have read is committed: log end = committed on every partition that was written to", async () => {
    await rig().write(120);
    await rig().rest();
    const ends = await ask((k) => k.listOffsets("orders"));
    for (const group of [CLASSIC, SERVER_SIDE]) {
      const committed = await ask((k) => k.listCommitted(group, "orders"));
      expect(committed).toEqual(ends);
    }
  });

  test("what is written while nobody reads waits", async () => {
    await rig().members(CLASSIC, 0);
    await rig().write(60);
    await rig().rest();
    const ends = await ask((k) => k.listOffsets("orders"));
    const committed = await ask((k) => k.listCommitted(CLASSIC, "orders"));
    const waiting = ends.reduce((n, e, i) => n + e.offset - (committed[i]?.offset ?? 0), 0);
    expect(waiting).toBe(60);
    expect(await ask((k) => k.describeGroup(CLASSIC))).toMatchObject({ state: "empty", members: [] });
  });

  test("partitions remember who wrote to them, and when", async () => {
    const producers = await ask((k) => k.listProducers("orders"));
    expect(producers.length).toBeGreaterThan(0);
    for (const producer of producers) {
      expect(producer.topic).toBe("orders");
      expect(producer.producerId).toMatch(/^\d+$/);
      expect(producer.lastWriteAt).toBeGreaterThan(1_600_000_000_000);
    }
  });
};

describe("the simulated Kafka", () => {
  const rig = simulated();
  contract(() => rig);
});

const missing = whyNoBroker();

describe.skipIf(missing !== undefined)(
  `a real Kafka 4.1.0${missing === undefined ? "" : ` (skipped: ${missing})`}`,
  () => {
    let broker: RealBroker | undefined;
    let groups: RealGroups | undefined;
    let kafka: KafkaConnection | undefined;
    const there = <T>(made: T | undefined): T => {
      if (made === undefined) throw new Error("The real Kafka isn't up.");
      return made;
    };
    const rig: Rig = {
      kafka: () => there(kafka),
      ask: (run) => run(),
      members: (group, count) =>
        there(groups).members(group, count, {
          protocol: group === SERVER_SIDE ? "consumer" : "classic",
          ...(group === STATIC ? { staticIdPrefix: "reader" } : {}),
        }),
      write: (messages) => there(groups).write(messages),
      rest: () => there(groups).rest([CLASSIC, SERVER_SIDE]),
      pause: () => new Promise((resolve) => setTimeout(resolve, 250)),
    };
    beforeAll(async () => {
      broker = await startBroker();
      kafka = connectKafka({ bootstrapServers: [broker.bootstrap] });
      groups = await makeRealGroups(broker.bootstrap, "orders", PARTITIONS, kafka);
    }, 120_000);
    afterAll(async () => {
      await groups?.close();
      await kafka?.close();
      await broker?.stop();
    }, 60_000);
    contract(() => rig);
  },
  120_000,
);
