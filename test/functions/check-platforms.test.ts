/** Ordinary platforms pass preflight: the example, and manifests of others with everything assumed. */

import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { loadPlan } from "../../cli/plan.ts";
import type { RecordSet } from "../../domain/effects.ts";
import type { KubeObject } from "../../domain/kube.ts";
import type { Plan } from "../../domain/plan.ts";
import type { CheckResult } from "../../functions/check.ts";
import { checkData } from "../../functions/check-data.ts";
import { checkDns } from "../../functions/check-dns.ts";
import { checkIdentity } from "../../functions/check-identity.ts";
import { checkKubernetes } from "../../functions/check-kubernetes.ts";
import { checkMetrics } from "../../functions/check-metrics.ts";
import { checkNetwork } from "../../functions/check-network.ts";
import { checkPermissions } from "../../functions/check-permissions.ts";
import { checkPipelines } from "../../functions/check-pipelines.ts";
import { checkRuntime } from "../../functions/check-runtime.ts";
import type { Step } from "../../functions/step.ts";
import { STARTS_AT } from "../contracts/harness.ts";
import { anObject, aPlan, aWorkload, complaintsAt } from "../domain/checks.fixture.ts";
import { makeCheckWorld } from "./check-bench.ts";

const CHECKS = [
  checkDns,
  checkKubernetes,
  checkRuntime,
  checkNetwork,
  checkIdentity,
  checkData,
  checkMetrics,
  checkPipelines,
  checkPermissions,
] as unknown as readonly Step<never, CheckResult>[];

const ROOT = new URL("../../", import.meta.url).pathname;
const INPUTS = new URL("../../../shared/inputs/", import.meta.url).pathname;

const planOf = async (path: string, decideAll?: "rebuild"): Promise<Plan> =>
  (await loadPlan([path], { decide: {}, ...(decideAll ? { decideAll } : {}) }, async () => new Uint8Array()))
    .plan;

const recordsOf = (plan: Plan): readonly RecordSet[] =>
  [...new Set(plan.hosts.map((h) => h.host))].map((host) => ({
    name: `${host}.`,
    type: "A",
    ttlSeconds: 300,
    values: ["192.0.2.10"],
  }));

/** A metrics base of a healthy platform; datastores hold what the plan says. */
const metricsOf = (plan: Plan) => (query: string) => {
  if (query.includes("timestamp(")) return STARTS_AT / 1000 - 9;
  const store = plan.settings.datastores.find((d) => query.includes(`"${d.name}"`));
  if (!store) return query.startsWith("(sum") ? 0 : 4_000;
  return plan.workloads.reduce(
    (sum, w) => sum + w.replicas * (store.connectionsPerPod[`${w.namespace}/${w.name}`] ?? 0),
    0,
  );
};

const failures = async (plan: Plan): Promise<readonly string[]> => {
  const world = makeCheckWorld({ plan, records: recordsOf(plan), metrics: metricsOf(plan) });
  const found: string[] = [];
  for (const check of CHECKS) {
    const { verdicts } = await world.run(check);
    found.push(
      ...verdicts.filter((v) => v.verdict !== "pass").map((v) => `${v.check} ${v.verdict}: ${v.sentence}`),
      ...complaintsAt(verdicts),
    );
  }
  return [...found, ...world.denied()];
};

test("the example platform passes", async () => {
  expect(await failures(await planOf(`${ROOT}examples/streaming`))).toEqual([]);
});

describe.skipIf(!existsSync(INPUTS))(
  "manifests of others, which stand beside the project where it is developed",
  () => {
    test.each(["online-boutique.yaml", "opentelemetry-demo.yaml"])(
      "%s passes, with everything assumed",
      async (file) => {
        expect(await failures(await planOf(`${INPUTS}${file}`, "rebuild"))).toEqual([]);
      },
    );
  },
);

describe("a platform that scales nothing", () => {
  test("needs no right to scale: that isn't a right that nobody tried", async () => {
    const plan = aPlan({
      workloads: [
        aWorkload({ name: "nightly", kind: "CronJob", apiVersion: "batch/v1", move: "hand-over-schedule" }),
      ],
    });
    const { verdicts } = await makeCheckWorld({ plan }).run(checkPermissions as never);
    const rights = verdicts.find((v) => v.check === "permissions/kubernetes");
    expect([rights?.verdict, rights?.sentence]).toEqual([
      "pass",
      "The plan scales nothing, so no right to scale is needed.",
    ]);
  });
});

describe("load balancers", () => {
  const entry = (hostname: string) => ({ loadBalancer: { ingress: [{ hostname }] } });
  const service = (name: string, type: string): KubeObject =>
    anObject("v1", "Service", name, {
      spec: { type, ports: [{ port: 80 }] },
      status: entry(`${name}.elb.amazonaws.com`),
    });
  const ingress = anObject("networking.k8s.io/v1", "Ingress", "front", {
    spec: {},
    status: entry("front.elb.amazonaws.com"),
  });

  test.each([
    ["of an Ingress", ingress, "front"],
    ["of a Service of that type", service("direct", "LoadBalancer"), "direct"],
  ])("%s are how clients enter: whoever pinned them is to be watched", async (_, object, name) => {
    const { verdicts } = await makeCheckWorld({ plan: aPlan(), objects: [object] }).run(
      checkNetwork as never,
    );
    const balancers = verdicts.filter((v) => v.check === "network/load-balancers");
    expect(balancers.map((v) => v.sentence)).toEqual([
      expect.stringMatching(`^k8s-shop-${name}-\\w+\\.elb\\.amazonaws\\.com is not among this account's`),
    ]);
  });
});
