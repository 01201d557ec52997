/** No password, token or key gets through, and nothing else goes: hosts stay, or the call graph would break. */

import { describe, expect, test } from "vitest";
import { callsOf } from "../../domain/graph.ts";
import { takeInventory } from "../../domain/inventory.ts";
import { MASK, maskObjects, maskText, namesSecret } from "../../domain/masking.ts";
import { planText } from "../../domain/planning/build.ts";
import { previewOf } from "../../domain/preview.ts";
import { objectsOf, planOf, service, workload } from "./platform.ts";

const S = "xK9-very-secret";

const TEXTS: readonly (readonly [what: string, text: string, masked: string])[] = [
  ["userinfo of a URL", `amqp://shop:${S}@mq:5672/v`, `amqp://shop:${MASK}@mq:5672/v`],
  ["a token as a user", `https://${S}-0123456@git.example/x`, `https://${MASK}@git.example/x`],
  ["a password without a user", `redis://:${S}@cache:6379`, `redis://:${MASK}@cache:6379`],
  [
    "a connection string",
    `Host=db;Username=u;Password=${S};Database=d`,
    `Host=db;Username=u;Password=${MASK};Database=d`,
  ],
  ["a line of YAML", `host: db\npassword: ${S}\nport: 1`, `host: db\npassword: ${MASK}\nport: 1`],
  ["a line of properties", `db.password=${S}`, `db.password=${MASK}`],
  ["a field of JSON", `{"apiKey": "${S}", "user": "u"}`, `{"apiKey": "${MASK}", "user": "u"}`],
  ["a query of a URL", `https://x.example/?api_key=${S}&a=b`, `https://x.example/?api_key=${MASK}&a=b`],
  ["a query within a field", `url: https://x.example/?token=${S}`, `url: https://x.example/?token=${MASK}`],
  ["a pass phrase of several words", `passphrase: ${S} and; more`, `passphrase: ${MASK}`],
  [
    "a block of YAML",
    `a:\n  password: |\n    ${S}\n    ${S}\n  b: c`,
    `a:\n  password: |\n    ${MASK}\n  b: c`,
  ],
  ["a bearer token", `Authorization: Bearer ${S}`, `Authorization: Bearer ${MASK}`],
  ["a JWT", "x eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.abc y", `x ${MASK} y`],
  ["an AWS key", "id AKIAABCDEFGHIJKLMNOP end", `id ${MASK} end`],
  [
    "a private key",
    `-----BEGIN RSA PRIVATE KEY-----\n${S}\n-----END RSA PRIVATE KEY-----`,
    `-----BEGIN RSA PRIVATE KEY-----\n${MASK}\n-----END RSA PRIVATE KEY-----`,
  ],
  ["a variable instead of a value", "password: ${env:DB_PASSWORD}", "password: ${env:DB_PASSWORD}"],
  ["a number about tokens", "max_tokens: 4096", "max_tokens: 4096"],
  ["a plain URL", "http://cart:8080/path", "http://cart:8080/path"],
];

describe("texts", () => {
  test.each(TEXTS)("%s", (_, text, masked) => {
    expect(maskText(text)).toBe(masked);
    expect(maskText(masked)).toBe(masked);
  });

  test.each([
    "POSTGRES_PASSWORD",
    "apiKey",
    "SECRET_KEY_BASE",
    "db.password",
    "AWS_SECRET_ACCESS_KEY",
    "--auth-token",
    "GITHUB_TOKEN",
    "REDIS_AUTH",
    "STRIPE_KEY",
  ])("%s holds a secret", (name) => expect(namesSecret(name)).toBe(true));
  test.each([
    "PASSWORD_FILE",
    "TOKEN_TTL",
    "SECRET_NAME",
    "AUTH_URL",
    "author",
    "PORT",
    "MONKEY",
    "KEYCLOAK_HOST",
    "secretName",
    "key",
    "ROUTING_KEY",
    "checksum/secret",
  ])("%s only speaks of one, or of none", (name) => expect(namesSecret(name)).toBe(false));
});

const PLATFORM = [
  workload("app", {
    service: 80,
    annotations: `note: "uses ${S}-3"`,
    container: `env:
  - {name: DB_PASSWORD, value: ${S}-1}
  - {name: DB_URL, value: "postgres://u:${S}-2@db:5432/d"}
  - {name: PLAIN, value: "prefix ${S}-3 suffix"}
args: ["--token", "${S}-4", "--api-key=${S}-5", "-v"]`,
    pod: "volumes: [{name: c, configMap: {name: conf}}]",
  }),
  workload("db", { image: "postgres", service: 5432 }),
  `apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: shop}\ndata: {password: ${Buffer.from(`${S}-3`).toString("base64")}}\nstringData: {token: ${S}-6}\n`,
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf, namespace: shop}\ndata:\n  app.yaml: |\n    host: db:5432\n    password: ${S}-7\n`,
];

describe("platforms", () => {
  test("no secret is in the plan or its preview", () => {
    const plan = planOf(PLATFORM, undefined, { decide: {}, decideAll: "rebuild" });
    for (const text of [planText(plan), previewOf(plan, "0")]) {
      expect(text).not.toContain(S);
      expect(text).not.toContain(Buffer.from(`${S}-3`).toString("base64"));
    }
    expect(planText(plan)).toContain(MASK);
  });

  test("masking leaves the call graph as it is, and masking twice changes nothing", () => {
    const objects = objectsOf(...PLATFORM);
    const masked = maskObjects(objects);
    const calls = (of: typeof objects) => {
      const inventory = takeInventory(of);
      return inventory.running.map((r) => callsOf(r, inventory));
    };
    expect(calls(masked)).toEqual(calls(objects));
    expect(
      calls(masked)
        .flat()
        .map((c) => c.service),
    ).toEqual(["shop/db"]);
    expect(maskObjects(masked)).toEqual(masked);
  });

  test("what is no secret stays: names of secrets, keys of references, names of variables", () => {
    const objects = objectsOf(
      workload("a", {
        container: "env: [{name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: db, key: password}}}]",
        pod: "volumes: [{name: t, secret: {secretName: token}}]",
      }),
      service("a", 80),
    );
    expect(maskObjects(objects)).toEqual(objects);
  });
});
