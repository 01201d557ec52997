/** How a deployed function gets at brokers: with which login, when it connects anew, and what it says where it can't. */

import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { mockClient } from "aws-sdk-client-mock";
import { describe, expect, it } from "vitest";
import type { KafkaConnection, KafkaOptions } from "../../adapters/kafka-wire.ts";
import { AnswerLost, NotFound } from "../../domain/errors.ts";
import type { KafkaBrokers } from "../../lambda/environment.ts";
import { makeDeployedKafka } from "../../lambda/kafka.ts";
import { makeRabbitLogin } from "../../lambda/rabbitmq.ts";

const PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";
const LOGIN = { username: "repot", password: "hunter2-hunter2", certificateAuthority: PEM };
const BROKERS: KafkaBrokers = {
  bootstrapServers: ["kafka-1:9094"],
  tls: true,
  saslMechanism: "SCRAM-SHA-512",
  secret: "repot-prod-kafka",
};

const holding = (value: object | string) => {
  const client = new SecretsManagerClient({ region: "eu-central-1" });
  const mock = mockClient(client);
  mock
    .on(GetSecretValueCommand)
    .resolves({ SecretString: typeof value === "string" ? value : JSON.stringify(value) });
  return { mock, secrets: () => client };
};

const deployed = (brokers: KafkaBrokers | undefined, value: object | string = LOGIN) => {
  const { mock, secrets } = holding(value);
  const connected: KafkaOptions[] = [];
  const state = { nowMs: 0, closed: 0, failing: undefined as Error | undefined };
  const kafka = makeDeployedKafka({
    brokers,
    secrets,
    now: () => new Date(state.nowMs),
    connect: (options) => {
      connected.push(options);
      const answer = async () => {
        if (state.failing) throw state.failing;
        return [];
      };
      return {
        listBrokers: answer,
        listGroups: answer,
        listCommitted: answer,
        listOffsets: answer,
        listProducers: answer,
        describeGroup: answer as unknown as KafkaConnection["describeGroup"],
        close: async () => {
          state.closed += 1;
        },
      };
    },
  });
  return { kafka, connected, state, mock };
};

describe("Kafka's brokers", () => {
  it("are asked over TLS by their own authority, logged in by the secret that the deployment names", async () => {
    const { kafka, connected, mock } = deployed(BROKERS);
    await kafka.listOffsets("orders");
    expect(connected).toEqual([
      {
        bootstrapServers: ["kafka-1:9094"],
        timeoutMs: 5_000,
        tls: { certificateAuthority: PEM },
        sasl: { mechanism: "SCRAM-SHA-512", username: "repot", password: LOGIN.password },
      },
    ]);
    expect(mock.commandCalls(GetSecretValueCommand).map((call) => call.args[0].input)).toEqual([
      { SecretId: "repot-prod-kafka" },
    ]);
  });

  it("may know no users and have a public certificate", async () => {
    const { saslMechanism: _, ...open } = BROKERS;
    const { kafka, connected } = deployed(open, {});
    await kafka.listGroups();
    expect(connected[0]).toMatchObject({ tls: { certificateAuthority: undefined } });
    expect(connected[0]?.sasl).toBeUndefined();
  });

  it("are reached in the clear without a secret, where the deployment says so", async () => {
    const { saslMechanism: _, ...open } = BROKERS;
    const { kafka, connected, mock } = deployed({ ...open, tls: false });
    await kafka.listGroups();
    expect(connected[0]).toEqual({ bootstrapServers: ["kafka-1:9094"], timeoutMs: 5_000 });
    expect(mock.calls().length).toBe(0);
  });

  it("are asked over one connection, and over a new one after a freeze", async () => {
    const { kafka, connected, state } = deployed(BROKERS);
    await kafka.listOffsets("orders");
    state.nowMs += 20_000;
    await kafka.listCommitted("g", "orders");
    expect(connected.length).toBe(1);
    state.nowMs += 31_000;
    await kafka.listOffsets("orders");
    expect([connected.length, state.closed]).toEqual([2, 1]);
  });

  it("are asked anew, with the login read anew, after a failure; what isn't there is no failure", async () => {
    const { kafka, connected, state, mock } = deployed(BROKERS);
    state.failing = new NotFound("no such group");
    await expect(kafka.describeGroup("g")).rejects.toThrow(NotFound);
    expect(state.closed).toBe(0);
    state.failing = new AnswerLost("gone");
    await expect(kafka.describeGroup("g")).rejects.toThrow(AnswerLost);
    state.failing = undefined;
    await kafka.listGroups();
    expect([connected.length, state.closed, mock.calls().length]).toEqual([2, 1, 2]);
  });

  it("that nobody named are a refusal that says where to name them", async () => {
    await expect(deployed(undefined).kafka.listGroups()).rejects.toThrow(
      "This deployment names no Kafka brokers, so nothing is known of groups and none was moved. Put `kafka` into deployments/STAGE.yaml",
    );
  });

  it.each([
    ["no JSON", "hunter2-hunter2", "is not JSON"],
    ["no password", { username: "repot" }, "lacks or misstates: password"],
  ])("aren't asked with a secret that has %s, and the message has no value of it", async (_, value, said) => {
    const { kafka, connected } = deployed(BROKERS, value);
    await expect(kafka.listGroups()).rejects.toThrow(said);
    await expect(kafka.listGroups()).rejects.not.toThrow("hunter2");
    expect(connected).toEqual([]);
  });
});

describe("RabbitMQ's management API", () => {
  const brokers = { managementUrls: ["https://rabbit.example:15671"], secret: "repot-prod-rabbitmq" };

  it("gets the login, and no other host or port does", async () => {
    const { secrets, mock } = holding(LOGIN);
    const login = makeRabbitLogin(brokers, secrets);
    const basic = `Basic ${Buffer.from("repot:hunter2-hunter2").toString("base64")}`;
    expect(await login(new URL("https://rabbit.example:15671/api/queues/%2F/orders"))).toEqual({
      authorization: basic,
    });
    for (const other of [
      "https://rabbit.example/",
      "https://rabbit.example.evil.example:15671/",
      "http://rabbit.example:15671/",
      "https://slack.com/api/chat.postMessage",
    ])
      expect(await login(new URL(other)), other).toEqual({});
    expect(mock.calls().length).toBe(1);
  });

  it("gets none where the deployment names no brokers", async () => {
    const { secrets, mock } = holding(LOGIN);
    expect(await makeRabbitLogin(undefined, secrets)(new URL("https://rabbit.example:15671/"))).toEqual({});
    expect(mock.calls().length).toBe(0);
  });
});
