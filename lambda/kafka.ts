/** The administration of real brokers as a deployed function has it: logged in by the secret, and opened anew after a freeze or a failure. */

import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { Kafka } from "../adapters/kafka.ts";
import { connectKafka, type KafkaConnection, type KafkaOptions } from "../adapters/kafka-wire.ts";
import { readBrokerLogin } from "../adapters/secrets.ts";
import { NotFound, Refused } from "../domain/errors.ts";
import type { KafkaBrokers } from "./environment.ts";

/** Lambda freezes a function between invocations: a connection that has rested for so long is taken for dead. */
const IDLE_MS = 30_000;
/** Of a step's thirty seconds. */
const TIMEOUT_MS = 5_000;

type Options = {
  /** Undefined where the deployment names no brokers. */
  readonly brokers: KafkaBrokers | undefined;
  readonly secrets: () => SecretsManagerClient;
  readonly now: () => Date;
  readonly connect?: (options: KafkaOptions) => KafkaConnection;
};

type Open = { readonly connection: KafkaConnection; usedMs: number };

/** Each question is one of `Kafka`; after any failure but NotFound the connection and the login are made anew, so that a rotated secret counts. */
export const makeDeployedKafka = ({ brokers, secrets, now, connect = connectKafka }: Options): Kafka => {
  let open: Open | undefined;
  const close = (): void => {
    // Whatever its end says, it isn't used any more.
    void open?.connection.close().catch(() => {});
    open = undefined;
  };
  const opened = async (): Promise<KafkaConnection> => {
    const at = now().getTime();
    if (open && at - open.usedMs > IDLE_MS) close();
    open ??= { connection: connect(await optionsOf(brokers, secrets)), usedMs: at };
    open.usedMs = at;
    return open.connection;
  };
  const ask = async <T>(question: (kafka: Kafka) => Promise<T>): Promise<T> => {
    try {
      return await question(await opened());
    } catch (error) {
      if (!(error instanceof NotFound)) close();
      throw error;
    }
  };
  return {
    listBrokers: () => ask((kafka) => kafka.listBrokers()),
    listGroups: () => ask((kafka) => kafka.listGroups()),
    describeGroup: (group) => ask((kafka) => kafka.describeGroup(group)),
    listCommitted: (group, topic) => ask((kafka) => kafka.listCommitted(group, topic)),
    listOffsets: (topic) => ask((kafka) => kafka.listOffsets(topic)),
    listProducers: (topic) => ask((kafka) => kafka.listProducers(topic)),
  };
};

const optionsOf = async (
  brokers: KafkaBrokers | undefined,
  secrets: () => SecretsManagerClient,
): Promise<KafkaOptions> => {
  if (!brokers)
    throw new Refused(
      "This deployment names no Kafka brokers, so nothing is known of groups and none was moved. Put `kafka` into deployments/STAGE.yaml, deploy, and start again.",
    );
  const { bootstrapServers, tls, saslMechanism, secret } = brokers;
  const plain = { bootstrapServers, timeoutMs: TIMEOUT_MS };
  if (!tls && saslMechanism === undefined) return plain;
  const encrypted = (certificateAuthority: string | undefined) => (tls ? { certificateAuthority } : false);
  if (saslMechanism === undefined) {
    const { certificateAuthority } = await readBrokerLogin(secrets(), secret, false);
    return { ...plain, tls: encrypted(certificateAuthority) };
  }
  const { username, password, certificateAuthority } = await readBrokerLogin(secrets(), secret, true);
  return {
    ...plain,
    tls: encrypted(certificateAuthority),
    sasl: { mechanism: saslMechanism, username, password },
  };
};
