/**
 * The contract of brokers, held against the simulated ones always and against a real RabbitMQ where one is given: set REPOT_TEST_RABBITMQ to its
 * management API and REPOT_TEST_AMQP to its AMQP address, both with user and password (`http://guest:guest@127.0.0.1:15672`).
 */

import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "amqplib";
import { describe, expect, it } from "vitest";
import type { Exchange } from "../../adapters/http.ts";
import { seeRabbitQueue } from "../../adapters/rabbitmq.ts";
import { seeSqsQueue } from "../../adapters/sqs.ts";
import { makeRabbitmq } from "../../simulator/services/rabbitmq.ts";
import { makeSqsAttributes } from "../../simulator/services/sqs-attributes.ts";
import { makeQueues } from "../../simulator/world/queues.ts";
import type { Caller } from "../../simulator/world/types.ts";
import { shop, type Trial, trial, workload } from "../simulator/traffic.fixture.ts";
import { makeBench } from "./harness.ts";

const PREFETCH = 4;

/** A broker with a queue `jobs` in the vhost `/`, and what a test does to it. */
type Broker = {
  readonly http: (credentials?: string) => Exchange;
  readonly base: string;
  readonly credentials: string;
  /** Lets so much time pass that figures have been collected. */
  readonly collect: () => Promise<void>;
  readonly publish: (messages: number) => Promise<void>;
  /** A consumer that takes what it may and acknowledges nothing. @returns what kills it. */
  readonly consume: () => Promise<() => Promise<void>>;
  readonly end: () => Promise<void>;
};

const QUEUE = { queue: "jobs", vhost: "/" };

const plan = (kind: "rabbitmq" | "sqs") => {
  const base = shop(
    {},
    {
      queues: [
        // Slow workers: nothing is acknowledged while a test looks.
        {
          queue: "jobs",
          kind,
          workload: "shop/reader",
          messagesPerSecond: 1,
          prefetch: PREFETCH,
          messageSeconds: 3600,
        },
      ],
    },
  );
  const reader = workload("shop/reader", {
    class: "queue-worker",
    move: "shift-workers",
    replicas: 1_000_000,
  });
  return { ...base, workloads: [...base.workloads, reader] };
};

const queuesOf = (t: Trial) =>
  makeQueues({ clock: t.clock, plan: t.plan, source: t.source, target: t.target });

const nobody = {} as Caller;

const simulated = async (): Promise<Broker> => {
  const t = trial(plan("rabbitmq"));
  t.source.scale("shop/reader", 0);
  const queues = queuesOf(t);
  for (const queue of queues.switches()) queue.publish(0);
  const credentials = "repot:secret";
  const handle = makeRabbitmq({ now: () => t.clock.now(), queues, credentials });
  const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
  return {
    base: "http://broker:15672",
    credentials,
    http: (given) => async (request) =>
      handle(
        {
          ...request,
          headers: { ...request.headers, ...(given === undefined ? {} : { authorization: basic(given) }) },
        },
        nobody,
      ),
    collect: async () => t.pass(6),
    publish: async (messages) => {
      for (const queue of queues.switches()) queue.publish(1);
      t.pass(messages);
      for (const queue of queues.switches()) queue.publish(0);
    },
    consume: async () => {
      t.target.scale("shop/reader", 1);
      t.pass(20);
      return async () => t.target.scale("shop/reader", 0);
    },
    end: async () => {},
  };
};

const management = process.env["REPOT_TEST_RABBITMQ"];
const amqp = process.env["REPOT_TEST_AMQP"];

const real = async (): Promise<Broker> => {
  const url = new URL(management ?? "");
  const connection = await connect(amqp ?? "");
  const channel = await connection.createChannel();
  await channel.deleteQueue(QUEUE.queue);
  await channel.assertQueue(QUEUE.queue);
  return {
    base: url.origin,
    credentials: `${url.username}:${url.password}`,
    http: (given) => async (request) => {
      const authorization = `Basic ${Buffer.from(given ?? "").toString("base64")}`;
      const answer = await fetch(request.url, {
        headers: { ...request.headers, ...(given === undefined ? {} : { authorization }) },
      });
      return { status: answer.status, headers: {}, body: await answer.text() };
    },
    collect: () => sleep(11_000),
    publish: async (messages) => {
      for (let i = 0; i < messages; i += 1) channel.sendToQueue(QUEUE.queue, Buffer.from("job"));
    },
    consume: async () => {
      const other = await connect(amqp ?? "");
      const taking = await other.createChannel();
      await taking.prefetch(PREFETCH);
      await taking.consume(QUEUE.queue, () => {});
      return () => other.close();
    },
    end: () => connection.close(),
  };
};

const BROKERS = [
  { name: "the simulated RabbitMQ", make: simulated, given: true },
  {
    name: "a real RabbitMQ (where REPOT_TEST_RABBITMQ and REPOT_TEST_AMQP name one)",
    make: real,
    given: management !== undefined && amqp !== undefined,
  },
];

describe.each(BROKERS)("$name", ({ make, given }) => {
  const test = it.skipIf(!given);

  test("counts what waits, what is out and who holds it, and gives back what a dead consumer held", async () => {
    const broker = await make();
    const see = () =>
      seeRabbitQueue(
        broker.http(broker.credentials),
        { ...QUEUE, managementUrl: broker.base },
        { holders: true },
      );
    await broker.publish(10);
    await broker.collect();
    expect(await see()).toEqual({ ready: 10, unacked: 0, delayed: 0, published: 10, consumers: [] });
    const kill = await broker.consume();
    await broker.collect();
    expect(await see()).toEqual({
      ready: 10 - PREFETCH,
      unacked: PREFETCH,
      delayed: 0,
      published: 10,
      consumers: [
        { address: expect.stringMatching(/^\d+\.\d+\.\d+\.\d+$/), prefetch: PREFETCH, unacked: PREFETCH },
      ],
    });
    await kill();
    await broker.collect();
    expect(await see()).toMatchObject({ ready: 10, unacked: 0, published: 10, consumers: [] });
    await broker.end();
  }, 60_000);

  test("knows no other queue and no other vhost", async () => {
    const broker = await make();
    for (const other of [{ queue: "none" }, { vhost: "none" }])
      await expect(
        seeRabbitQueue(broker.http(broker.credentials), { ...QUEUE, ...other, managementUrl: broker.base }),
      ).rejects.toMatchObject({ name: "NotFound", message: expect.stringContaining("Object Not Found") });
    await broker.end();
  });

  test.each([
    ["a wrong password", "repot:wrong", /Login failed/],
    ["no password", undefined, /401\./],
  ])("refuses %s", async (_, credentials, message) => {
    const broker = await make();
    await expect(
      seeRabbitQueue(broker.http(credentials), { ...QUEUE, managementUrl: broker.base }),
    ).rejects.toMatchObject({ name: "Forbidden", message: expect.stringMatching(message) });
    await broker.end();
  });
});

describe("a RabbitMQ that has no figures yet", () => {
  it("is unknown, never empty", async () => {
    // As a real broker answers in the first seconds of a queue.
    const body = JSON.stringify({ name: "jobs", vhost: "/", consumer_details: [], arguments: {} });
    const http: Exchange = async () => ({ status: 200, headers: {}, body });
    expect(await seeRabbitQueue(http, { ...QUEUE, managementUrl: "http://broker:15672" })).toBe("missing");
  });
});

describe("the simulated SQS (its source is the API's reference)", () => {
  const NEEDS = { sqs: ["GetQueueAttributes", "GetQueueUrl"] };
  const bench = () => {
    const t = trial(plan("sqs"));
    t.source.scale("shop/reader", 0);
    const queues = queuesOf(t);
    const made = makeBench(
      () => ({ sqs: makeSqsAttributes({ now: () => t.clock.now(), queues }).handlers }),
      {
        needs: NEEDS,
      },
    );
    const see = (queue = "jobs") => made.asStep(({ sqs }) => seeSqsQueue(sqs, { queue }));
    return { t, queues, see };
  };

  it("says what waits, some time late, and neither who consumes nor what was sent", async () => {
    const { t, see } = bench();
    t.pass(10);
    expect(await see()).toEqual({
      ready: 10,
      unacked: 0,
      delayed: 0,
      consumers: undefined,
      published: undefined,
    });
    t.pass(5);
    expect(await see()).toMatchObject({ ready: 10 });
    t.pass(60);
    expect(await see()).toMatchObject({ ready: 75 });
  });

  it("shows what a dead consumer held again once the visibility timeout is over", async () => {
    const { t, queues, see } = bench();
    t.pass(100);
    for (const queue of queues.switches()) queue.publish(0);
    t.target.scale("shop/reader", 1);
    t.pass(60);
    expect(await see()).toMatchObject({ unacked: PREFETCH });
    t.target.scale("shop/reader", 0);
    t.pass(25);
    expect(await see()).toMatchObject({ unacked: PREFETCH });
    t.pass(25);
    expect(await see()).toMatchObject({ ready: 100, unacked: 0 });
  });

  it("knows no other queue", async () => {
    await expect(bench().see("none")).rejects.toMatchObject({ name: "NotFound" });
  });
});
