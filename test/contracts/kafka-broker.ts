/**
 * A real Kafka of one node (KRaft) for contract tests: its jars are fetched from Maven Central into a cache outside of the project, and it runs on
 * loopback only. `node test/contracts/kafka-broker.ts` fetches the jars; tests skip their real half where they are absent.
 */

import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const VERSION = "4.1.0";
const LOG4J = "2.25.1";

/** REPOT_KAFKA_JARS, else a folder of the user's cache. */
export const jarsPath = (): string =>
  process.env["REPOT_KAFKA_JARS"] ?? join(homedir(), ".cache", "repot", `kafka-${VERSION}`);

const dependency = (group: string, artifact: string, version: string): string =>
  `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>repot</groupId><artifactId>kafka</artifactId><version>1</version><dependencies>
${dependency("org.apache.kafka", "kafka_2.13", VERSION)}
${dependency("org.apache.logging.log4j", "log4j-slf4j-impl", LOG4J)}
</dependencies></project>
`;

/** Fetches Kafka with its dependencies by Maven: 44 MB, once. */
export const fetchJars = async (): Promise<string> => {
  const path = jarsPath();
  if (hasJars()) return path;
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "pom.xml"), POM);
  await run("mvn", ["-q", "-B", "dependency:copy-dependencies", `-DoutputDirectory=${path}`], { cwd: path });
  return path;
};

const hasJars = (): boolean => {
  const path = jarsPath();
  return existsSync(path) && readdirSync(path).some((name) => name === `kafka_2.13-${VERSION}.jar`);
};

/** Why there is no real broker; undefined where there can be one. */
export const whyNoBroker = (): string | undefined =>
  hasJars()
    ? undefined
    : `no Kafka ${VERSION} in ${jarsPath()}: run npm run test:kafka once, which fetches it (Java and Maven are needed)`;

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });

const settingsOf = (port: number, controller: number, log: string): string =>
  Object.entries({
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.quorum.voters": `1@127.0.0.1:${controller}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
    "advertised.listeners": `PLAINTEXT://127.0.0.1:${port}`,
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "log.dirs": log,
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 1,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "group.initial.rebalance.delay.ms": 0,
    "auto.create.topics.enable": false,
  })
    .map(([key, value]) => `${key}=${value}`)
    .join("\n");

export type RealBroker = { readonly bootstrap: string; readonly stop: () => Promise<void> };

/** Formats a storage directory, starts the broker, and waits until it listens. @throws Error with its log where it doesn't come up. */
export const startBroker = async (): Promise<RealBroker> => {
  const folder = mkdtempSync(join(tmpdir(), "repot-kafka-"));
  const [port, controller] = [await freePort(), await freePort()];
  const settings = join(folder, "server.properties");
  writeFileSync(settings, settingsOf(port, controller, join(folder, "log")));
  const java = ["-Xmx384m", "-cp", join(jarsPath(), "*")];
  await run("java", [
    ...java,
    "kafka.tools.StorageTool",
    "format",
    "-t",
    "4L6g3nShT-eMCtK--X86sw",
    "-c",
    settings,
  ]);
  const broker = spawn("java", [...java, "kafka.Kafka", settings], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [broker.stdout, broker.stderr])
    stream.on("data", (bytes: Buffer) => {
      said = `${said}${bytes.toString()}`.slice(-8_000);
    });
  const stop = async (): Promise<void> => {
    const ended = new Promise((resolve) => broker.once("exit", resolve));
    broker.kill("SIGKILL");
    if (broker.exitCode === null && broker.signalCode === null) await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  return { bootstrap: `127.0.0.1:${port}`, stop, ...(await ready(port, () => said, stop)) };
};

const ready = async (port: number, said: () => string, stop: () => Promise<void>): Promise<object> => {
  const { connectKafka } = await import("../../adapters/kafka-wire.ts");
  for (let tries = 0; tries < 120; tries += 1) {
    const kafka = connectKafka({ bootstrapServers: [`127.0.0.1:${port}`], timeoutMs: 2_000 });
    const up = await kafka.listGroups().then(
      () => true,
      () => false,
    );
    await kafka.close().catch(() => {});
    if (up) return {};
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  await stop();
  throw new Error(`Kafka didn't come up within a minute. It said: ${said()}`);
};

if (process.argv[1]?.endsWith("kafka-broker.ts") === true)
  process.stdout.write(`Kafka ${VERSION} is in ${await fetchJars()}\n`);
