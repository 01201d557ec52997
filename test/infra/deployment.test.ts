/** deployments/STAGE.yaml: what can't be right is refused in one sentence, before anything is deployed. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { executionName, parseDeployment, placeOf } from "../../infra/deployment.ts";
import { ROOT } from "./setup.ts";

const PROD = readFileSync(join(ROOT, "deployments/prod.yaml"), "utf8");
const refused = (text: string) => () => parseDeployment(text, "deployments/x.yaml");

describe("a deployment is refused", () => {
  it.each([
    ["a key that nobody knows", `${PROD}\nzonez: []\n`, "zonez"],
    [
      "a zone with its last dot",
      PROD.replace("[live.streamhouse.example]", "[live.streamhouse.example.]"),
      "zones.0",
    ],
    ["an account that is none", PROD.replace('account: "111122223333"', 'account: "1"'), "twelve digits"],
    ["an API server without TLS", PROD.replace("https://api.", "http://api."), "source.endpoint"],
    ["a zone of time that is none", PROD.replace("Europe/Berlin", "Europe/Bielefeld"), "is no time zone"],
    [
      "a cutover in the hour that spring takes away",
      PROD.replace("2026-11-10T03:30:00", "2027-03-28T02:30:00"),
      "the clocks jump over",
    ],
    [
      "half an hour taken away, where clocks go by half hours",
      PROD.replace("2026-11-10T03:30:00", "2026-10-04T02:15:00").replace(
        "Europe/Berlin",
        "Australia/Lord_Howe",
      ),
      "the clocks jump over",
    ],
    [
      "a broker's password in the clear",
      PROD.replace("saslMechanism: SCRAM-SHA-512", "saslMechanism: PLAIN\n  tls: false"),
      "sends a password in the clear",
    ],
    [
      "a broker without a port",
      PROD.replace("kafka-1.streamhouse.internal.example:9094", "kafka-1"),
      "kafka.bootstrapServers.0",
    ],
    [
      "a management API without TLS",
      PROD.replace("https://rabbit.", "http://rabbit."),
      "rabbitmq.managementUrls.0",
    ],
    [
      "a chain of certificates that no function's environment bears",
      PROD.replace(
        "    the certificate authority",
        `    ${"M".repeat(2_600)}\n    the certificate authority`,
      ),
      "give the root certificate alone",
    ],
    [
      "access entries for a cluster that EKS doesn't run",
      PROD.replace("name: streamhouse-kops\n", "name: streamhouse-kops\n  accessEntries: true\n"),
      "source.accessEntries",
    ],
    [
      "a migration whose name is none",
      PROD.replace("migration: streaming-0d910544", "migration: Streaming 1"),
      "cutovers.0.migration",
    ],
    [
      "a window of a minute",
      PROD.replace("windowSeconds: 7200", "windowSeconds: 60"),
      "cutovers.0.windowSeconds",
    ],
    [
      "a zone that is none",
      PROD.replace("timeZone: Europe/Berlin", "timeZone: Europe/Atlantis"),
      "is no time zone",
    ],
    [
      "a cutover in the half hour that spring takes away",
      PROD.replace("2026-11-10T03:30:00", "2026-10-04T02:15:00").replace(
        "Europe/Berlin",
        "Australia/Lord_Howe",
      ),
      "clocks jump over",
    ],
    [
      "a cutover at a midnight that isn't there",
      PROD.replace("2026-11-10T03:30:00", "2027-04-30T00:30:00").replace("Europe/Berlin", "Africa/Cairo"),
      "clocks jump over",
    ],
    [
      "a cutover on a day that isn't there",
      PROD.replace("2026-11-10T03:30:00", "2027-02-29T03:30:00"),
      "no time at all",
    ],
    ["a plan that is no hash", PROD.replace(/plan: .*/, "plan: latest"), "cutovers.0.plan"],
  ])("%s", (_, text, sentence) => {
    expect(refused(text)).toThrow(sentence);
    expect(refused(text)).toThrow("deployments/x.yaml: ");
    expect(refused(text)).toThrow("Nothing was deployed.");
  });
});

describe("a deployment is taken", () => {
  it.each([
    ["the hour that autumn has twice: Scheduler takes the first", "2026-10-25T02:30:00", "Europe/Berlin"],
    ["a zone at a quarter of an hour", "2026-11-10T03:45:00", "Asia/Kathmandu"],
  ])("%s", (_, at, timeZone) => {
    const text = PROD.replace("2026-11-10T03:30:00", at).replace("Europe/Berlin", timeZone);
    expect(parseDeployment(text, "x").cutovers[0]).toMatchObject({ at, timeZone });
  });

  it("and its names follow from stage and account", () => {
    expect(placeOf("prod", parseDeployment(PROD, "x"))).toMatchObject({
      prefix: "repot-prod",
      bucket: "repot-prod-memory-111122223333",
      clusters: { target: "streamhouse-eks" },
    });
  });
});

describe("the name of a cutover's execution", () => {
  it("is the same for a second delivery, and fits", () => {
    const name = executionName("m".repeat(90), "2026-11-10T03:30:00");
    expect(name).toBe(executionName("m".repeat(90), "2026-11-10T03:30:00"));
    expect(name.length).toBeLessThanOrEqual(80);
    expect(name).toMatch(/^[A-Za-z0-9-]+$/);
  });
});
