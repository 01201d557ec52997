/** What keeps a plan from starting although every workload was decided: data that only an operator knows of, and hosts whose own backend stays. */

import { describe, expect, it } from "vitest";
import { buildPlan, reasonsNotToStart } from "../../domain/planning/build.ts";
import { readSettings } from "../../domain/settings.ts";
import { objectsOf, workload } from "./platform.ts";

const WEB = workload("web", { replicas: 2, service: 8080 });

describe("custom resources that hold data", () => {
  it.each([
    ["kafka.strimzi.io/v1beta2", "Kafka", true],
    ["kafka.strimzi.io/v1beta2", "KafkaNodePool", true],
    ["postgresql.cnpg.io/v1", "Cluster", true],
    ["rabbitmq.com/v1beta1", "RabbitmqCluster", true],
    ["kafka.strimzi.io/v1beta2", "KafkaConnect", false],
    ["kafka.strimzi.io/v1beta2", "KafkaTopic", false],
    ["cluster.x-k8s.io/v1beta1", "Cluster", false],
  ])("%s %s", (apiVersion, kind, asks) => {
    const custom = `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: events, namespace: shop}\nspec: {}\n`;
    const reasons = reasonsNotToStart(buildPlan(objectsOf(WEB, custom)));
    expect(reasons.some((r) => r.includes("would come up empty"))).toBe(asks);
  });
});

it("a host whose own backend stays on the source is refused before anything is changed", () => {
  const store = workload("admin", {
    kind: "StatefulSet",
    image: "rabbitmq:3.13-management",
    replicas: 1,
    service: 15672,
    spec: "serviceName: admin",
  });
  const settings = {
    dns: {
      zone: "shop.example.org",
      parent: "example.org",
      hosts: [{ host: "mq.shop.example.org", service: "shop/admin" }],
    },
    decisions: { "shop/admin": "keep-on-source" },
  };
  const plan = buildPlan(objectsOf(WEB, store), readSettings(JSON.stringify(settings), "repot.yaml"));
  expect(reasonsNotToStart(plan).join("\n")).toMatch(
    /mq\.shop\.example\.org ends at shop\/admin, which stays/,
  );
});
