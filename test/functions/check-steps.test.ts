/** Each check of preflight against the simulated services: the right world passes, a wrong one is caught, and nothing undeclared is called. */

import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../domain/kube.ts";
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
import { aDeployment, anObject, aPlan, brief, complaintsAt, withObjects } from "../domain/checks.fixture.ts";
import { makeCheckWorld, type WorldOptions } from "./check-bench.ts";

type Check = Step<never, CheckResult>;
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
] as unknown as readonly Check[];
const named = (name: string): Check => CHECKS.find((c) => c.name === name) as Check;

const service = anObject("v1", "Service", "cart", {
  spec: { selector: { app: "cart" }, ports: [{ port: 80 }] },
});
const labels = { app: "cart" };
const deployment = (name = "cart"): KubeObject => {
  const made = aDeployment(name, {}, { selector: { matchLabels: labels } });
  (made["spec"] as { template: { metadata: object } }).template.metadata = { labels };
  return made;
};
const settings = {
  datastores: [
    {
      name: "orders-db",
      host: "orders-db.example",
      connectionsMax: 100,
      connectionsPerPod: { "shop/cart": 10 },
    },
  ],
  groups: [{ group: "orders", topic: "orders", workload: "shop/cart" }],
  thirdParties: [{ name: "bank", host: "bank.example", allows: ["203.0.113.0/24"] }],
  pipelines: [{ name: "deploy", user: "ci:shop", deploys: ["shop/cart"] }],
};
const objects = [
  anObject("v1", "Namespace", "shop", {}, undefined),
  deployment(),
  service,
] as readonly KubeObject[];
const plan = aPlan({ objects: objects as never }, settings);

/** Somebody's policy that lets nobody scale. */
const ADMISSION = "admissionregistration.k8s.io/v1";
const refusing: readonly KubeObject[] = [
  anObject(
    ADMISSION,
    "ValidatingAdmissionPolicy",
    "no-scaling",
    {
      spec: {
        failurePolicy: "Fail",
        matchConstraints: {
          resourceRules: [
            {
              apiGroups: ["apps"],
              apiVersions: ["*"],
              operations: ["UPDATE"],
              resources: ["deployments/scale"],
            },
          ],
        },
        validations: [{ expression: "false", message: "Nobody scales here." }],
      },
    },
    undefined,
  ),
  anObject(
    ADMISSION,
    "ValidatingAdmissionPolicyBinding",
    "no-scaling",
    { spec: { policyName: "no-scaling", validationActions: ["Deny"] } },
    undefined,
  ),
];

/** Every gate's query has an answer, a scrape is nine seconds old. */
const healthy = (query: string): number => {
  if (query.includes("timestamp(")) return STARTS_AT / 1000 - 9;
  return query.startsWith("(sum") ? 0 : 40 * 100;
};
const metrics = (query: string): number => (query.includes("datastore_connections") ? 40 : healthy(query));
const world: WorldOptions = { plan, metrics };

describe("in the right world", () => {
  test.each(CHECKS.map((c) => [c.name, c] as const))(
    "%s passes, with evidence, by declared calls only",
    async (_, check) => {
      const made = makeCheckWorld(world);
      const { verdict, sentence, verdicts } = await made.run(check);
      expect(verdicts.filter((v) => v.verdict !== "pass").map((v) => `${v.check}: ${v.sentence}`)).toEqual(
        [],
      );
      expect(verdict).toBe("pass");
      expect(sentence).toContain(`passed on ${verdicts.length}`);
      expect(complaintsAt(verdicts)).toEqual([]);
      expect(made.denied()).toEqual([]);
    },
  );

  test.each(CHECKS.map((c) => [c.name, c] as const))(
    "%s declares nothing that it doesn't use",
    async (_, check) => {
      const statefulSet = { ...deployment("store"), kind: "StatefulSet" };
      const both = aPlan(
        {
          objects: [...objects, statefulSet] as never,
          workloads: [
            ...plan.workloads,
            { ...plan.workloads[0], name: "store", kind: "StatefulSet" } as never,
          ],
        },
        settings,
      );
      const made = makeCheckWorld({ ...world, plan: both });
      await made.run(check);
      const used = new Set(made.used(check.name).map((u) => u.replace(/^[a-z0-9]+:/, "")));
      const declared = Object.values(check.needs).flatMap((d) =>
        Array.isArray(d)
          ? (d as string[])
          : Object.entries(d as Record<string, string[]>).flatMap(([side, e]) =>
              e.map((x) => `${side}:${x}`),
            ),
      );
      expect(declared.filter((d) => !used.has(d))).toEqual([]);
    },
  );

  test.each(CHECKS.map((c) => [c.name, c] as const))(
    "%s changes nothing but its own evidence",
    async (_, check) => {
      const made = makeCheckWorld(world);
      await made.run(check);
      expect(
        made.observed
          .filter((o) => o.mutating && !o.subject.includes("/evidence/preflight/"))
          .map((o) => `${o.service}:${o.action}`),
      ).toEqual([]);
    },
  );
});

describe("in a wrong world", () => {
  const cases: readonly (readonly [string, string, WorldOptions, string])[] = [
    [
      "check-dns",
      "the delegation lives for ten days",
      { ...world, ttlSeconds: 864_000 },
      "dns/parent-ttl: fail",
    ],
    [
      "check-dns",
      "somebody else is delegated to",
      { ...world, dns: (dns) => delegate(dns, "ns.other.example.") },
      "dns/delegation: fail",
    ],
    ["check-dns", "the parent has a DS", { ...world, dns: (dns) => addDs(dns) }, "dns/ds: fail"],
    [
      "check-dns",
      "no host has a record",
      { ...world, records: [{ name: "x.live.example.", type: "A", ttlSeconds: 60, values: ["192.0.2.1"] }] },
      "dns/hosts: fail",
    ],
    [
      "check-kubernetes",
      "the source runs what the plan doesn't know",
      { ...world, objects: [...objects, deployment("basket")] },
      "kubernetes/plan-current: fail",
    ],
    [
      "check-kubernetes",
      "a planned workload is gone",
      { ...world, objects: [...objects.slice(0, 1), deployment("basket")] },
      "kubernetes/plan-current: fail",
    ],
    [
      "check-kubernetes",
      "an API is removed",
      {
        ...world,
        plan: withObjects(...objects, anObject("policy/v1beta1", "PodDisruptionBudget", "cart")),
        objects,
      },
      "kubernetes/removed-apis: fail",
    ],
    [
      "check-runtime",
      "a pod fits no node",
      {
        ...world,
        plan: withObjects(aDeployment("cart", { container: { resources: { requests: { cpu: "900" } } } })),
      },
      "runtime/placing: fail",
    ],
    [
      "check-network",
      "the gateways have other addresses",
      { ...world, gateways: ["198.51.100.1"] },
      "network/egress: fail",
    ],
    [
      "check-network",
      "a third party's list lacks an address",
      {
        ...world,
        plan: aPlan({}, { thirdParties: [{ name: "bank", host: "b", allows: ["203.0.113.10"] }] }),
      },
      "network/allow-list: fail",
    ],
    [
      "check-identity",
      "a pod has its role by kube2iam",
      {
        ...world,
        plan: withObjects(aDeployment("cart", { annotations: { "iam.amazonaws.com/role": "cart" } })),
      },
      "identity/pod-roles: fail",
    ],
    [
      "check-data",
      "others hold many connections",
      { ...world, metrics: (q) => (q.includes("datastore_connections") ? 80 : 1) },
      "data/connections: fail",
    ],
    [
      "check-data",
      "nobody measures the lag",
      { ...world, metrics: (q) => (q.includes("lag") ? undefined : 40) },
      "data/group-lag: unknown",
    ],
    [
      "check-metrics",
      "there are no samples",
      { ...world, metrics: () => undefined },
      "metrics/gate-queries: unknown",
    ],
    [
      "check-metrics",
      "the scraping stopped",
      { ...world, metrics: (q) => (q.includes("timestamp(") ? STARTS_AT / 1000 - 3_600 : 4_000) },
      "metrics/gate-queries: unknown",
    ],
    [
      "check-pipelines",
      "a pipeline has break-glass",
      {
        ...world,
        plan: aPlan(
          {},
          { pipelines: [{ name: "d", user: "ci", groups: ["repot:break-glass"], deploys: [] }] },
        ),
      },
      "pipelines/pausable: fail",
    ],
    [
      "check-pipelines",
      "the source is too old to be frozen",
      { ...world, plan: aPlan({}, { source: { ...plan.settings.source, kubernetesVersion: "1.28" } }) },
      "pipelines/freeze: fail",
    ],
    [
      "check-permissions",
      "too few may approve",
      {
        ...world,
        plan: aPlan({}, { approvals: { approvers: [{ person: "amara", role: "lead" }] } }),
        objects,
      },
      "permissions/approvers: fail",
    ],
    [
      "check-permissions",
      "an admission policy refuses Repot",
      { ...world, objects: [...objects, ...refusing] },
      "permissions/kubernetes: fail",
    ],
    [
      "check-permissions",
      "a planned workload is gone",
      { ...world, plan: aPlan({ workloads: [{ ...plan.workloads[0], name: "gone" } as never] }), objects },
      "permissions/kubernetes: unknown",
    ],
    [
      "check-permissions",
      "the API server doesn't answer a write",
      {
        ...world,
        fault: (call) => (call.action === "patch deployments/scale" ? { kind: "answer-lost" } : undefined),
      },
      "permissions/kubernetes: unknown",
    ],
  ];
  test.each(cases)("%s catches that %s", async (name, _, wrong, expected) => {
    const { verdict, verdicts } = await makeCheckWorld(wrong).run(named(name));
    expect(brief(verdicts)).toContain(expected);
    expect(verdict).not.toBe("pass");
    expect(complaintsAt(verdicts)).toEqual([]);
  });
});

type Dns = Parameters<NonNullable<WorldOptions["dns"]>>[0];

const delegate = (dns: Dns, server: string): void => {
  const zone = dns.parent.id;
  dns.zones.replace(
    zone,
    dns.zones
      .records(zone)
      .map((r) => (r.type === "NS" && r.name === "live.example." ? { ...r, values: [server] } : r)),
  );
};

const addDs = (dns: Dns): void => {
  const zone = dns.parent.id;
  dns.zones.replace(zone, [
    ...dns.zones.records(zone),
    { name: "live.example.", type: "DS", ttlSeconds: 300, values: ["2371 13 2 1F987CC6583E92DF0890718C42"] },
  ]);
};

describe("a round", () => {
  test("is judged once: a repeated invocation finds its evidence, a new round asks again", async () => {
    let lag: number | undefined;
    const made = makeCheckWorld({ ...world, metrics: (q) => (q.includes("lag") ? lag : 40) });
    const check = named("check-data");
    expect((await made.run(check, 0)).verdict).toBe("unknown");
    lag = 7;
    expect((await made.run(check, 0)).verdict).toBe("unknown");
    expect((await made.run(check, 1)).verdict).toBe("pass");
  });
});

describe("a question", () => {
  test("that gets no answer makes its own verdict unknown, and leaves the others", async () => {
    const made = makeCheckWorld({
      ...world,
      fault: (call) => (call.service === "sts" ? { kind: "answer-lost" } : undefined),
    });
    const { verdicts } = await made.run(named("check-identity"));
    expect(brief(verdicts)).toContain("identity/pod-roles: unknown");
    expect(brief(verdicts)).toContain("identity/access-entries: pass");
  });

  test.each(["throttled", "server-error"] as const)(
    "that is %s is left to the state machine, and no evidence is written",
    async (kind) => {
      const made = makeCheckWorld({
        ...world,
        fault: (call) => (call.service === "sts" ? { kind } : undefined),
      });
      await expect(made.run(named("check-identity"))).rejects.toMatchObject({
        name: kind === "throttled" ? "Throttled" : "Transient",
      });
      expect(made.s3.keys("migrations/")).toEqual([]);
    },
  );
});
