/** Who calls whom, as environment, arguments and ConfigMaps say it, with the field. */

import { describe, expect, test } from "vitest";
import { callsOf } from "../../domain/graph.ts";
import { takeInventory } from "../../domain/inventory.ts";
import { env, objectsOf, service, workload } from "./platform.ts";

const OTHERS = [
  workload("cart", { service: 8080 }),
  service("redis", 6379),
  service("pay", 443, "bank"),
  service("production", 80),
];
const MAP = (text: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf, namespace: shop}\ndata: {app.conf: ${JSON.stringify(text)}, CART_HOST: cart}\n`;
const MOUNTED = "volumes: [{name: c, configMap: {name: conf}}]";

const callsFrom = (parts: Parameters<typeof workload>[1], more: readonly string[] = []) => {
  const inventory = takeInventory(objectsOf(workload("it", parts), ...OTHERS, ...more));
  const it = inventory.byId.get("shop/it");
  return it ? callsOf(it, inventory) : [];
};

const TABLE: readonly (readonly [
  what: string,
  parts: Parameters<typeof workload>[1],
  calls: readonly string[],
])[] = [
  ["host and port", { container: env("X", "cart:8080") }, ["shop/cart"]],
  ["a URL", { container: env("X", "http://cart/api") }, ["shop/cart"]],
  ["a URL with a password", { container: env("X", "redis://:p@redis:6379/0") }, ["shop/redis"]],
  ["a bare host in a variable for hosts", { container: env("CART_HOST", "cart") }, ["shop/cart"]],
  ["a bare word in another variable", { container: env("APP_ENV", "production") }, []],
  ["a port that the Service doesn't have", { container: env("IMAGE", "redis:7") }, []],
  [
    "a Service of another namespace, in full",
    { container: env("X", "pay.bank.svc.cluster.local:443") },
    ["bank/pay"],
  ],
  ["a Service of another namespace, by its short name", { container: env("X", "pay:443") }, []],
  [
    "variables within variables",
    { container: 'env: [{name: H, value: cart}, {name: X, value: "http://$(H):8080"}]' },
    ["shop/cart"],
  ],
  ["a connection string", { container: env("DB", "Host=redis;Database=d") }, ["shop/redis"]],
  ["an argument", { container: 'args: ["--upstream=cart:8080"]' }, ["shop/cart"]],
  ["an option and its value", { container: "args: [--redis-host, redis]" }, ["shop/redis"]],
  [
    "a shell's command",
    { pod: 'initContainers: [{name: w, command: [sh, -c, "until nc -z redis 6379; do sleep 2; done"]}]' },
    ["shop/redis"],
  ],
  ["several in one text", { container: env("X", "cart:8080,redis:6379") }, ["shop/cart", "shop/redis"]],
  ["itself", { container: env("X", "it:80"), service: 80 }, []],
];

describe("a call is a text that names a Service", () => {
  test.each(TABLE)("%s", (_, parts, calls) => {
    expect(callsFrom(parts).map((c) => c.service)).toEqual(calls);
  });

  test("a mounted ConfigMap counts, one that nobody mounts doesn't", () => {
    const text = "upstream { server cart:8080; }\nhost = redis\n# production is where it runs";
    expect(callsFrom({ pod: MOUNTED }, [MAP(text)]).map((c) => c.service)).toEqual([
      "shop/cart",
      "shop/redis",
    ]);
    expect(callsFrom({}, [MAP(text)])).toEqual([]);
  });

  test("the field is named, wherever the value stands", () => {
    expect(callsFrom({ container: env("X", "cart:8080") })[0]?.field).toBe(
      "Deployment shop/it spec.template.spec.containers[main].env[X]",
    );
    expect(callsFrom({ container: "envFrom: [{configMapRef: {name: conf}}]" }, [MAP("-")])[0]?.field).toBe(
      "ConfigMap shop/conf data[CART_HOST]",
    );
  });
});
