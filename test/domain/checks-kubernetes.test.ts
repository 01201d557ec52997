/** Preflight's judgement of the source's API: each wrong world that it has to catch. */

import { describe, expect, test } from "vitest";
import {
  judgeBudgets,
  judgeCurrent,
  judgeNodePorts,
  judgeNodes,
  judgeReadiness,
  judgeReclaim,
  judgeReplicasOwner,
  judgeVersion,
  judgeWebhooks,
} from "../../domain/checks/kubernetes-live.ts";
import { judgeKinds, judgeQuotas, judgeTokens } from "../../domain/checks/kubernetes-objects.ts";
import type { KubeObject } from "../../domain/kube.ts";
import { AT, aDeployment, anObject, aPlan, aWorkload, complaints, withObjects } from "./checks.fixture.ts";

const refused = { missing: "The Kubernetes API refused to list." } as const;

test.each([
  ["below the target's", { value: 31 }, "pass", "1.31"],
  ["other than the plan took it for", { value: 32 }, "pass", "The plan took it for 1.31"],
  ["above the target's", { value: 34 }, "fail", "lower version isn't supported"],
  ["that nobody tells", refused, "unknown", "refused"],
] as const)("a version %s", (_, minor, verdict, sentence) => {
  expect(judgeVersion(minor, aPlan(), AT)).toMatchObject({
    verdict,
    sentence: expect.stringContaining(sentence),
  });
});

const node = (status: string) =>
  anObject(
    "v1",
    "Node",
    `node-${status}`,
    { status: { conditions: [{ type: "Ready", status }] } },
    undefined,
  );

test.each([
  ["are all Ready", [node("True")], "pass"],
  ["are partly Ready", [node("True"), node("False")], "pass"],
  ["are all lost", [node("Unknown")], "fail"],
  ["aren't there", [], "unknown"],
])("nodes that %s", (_, value, verdict) => {
  expect(judgeNodes({ value }, "shop", AT).verdict).toBe(verdict);
});

describe("the plan", () => {
  test.each<[string, readonly KubeObject[], string, string]>([
    ["fits the source", [aDeployment()], "pass", "1 workload of the plan and no other"],
    [
      "lacks a workload of the source",
      [aDeployment(), aDeployment("basket")],
      "fail",
      "Deployment shop/basket runs on the source and isn't in the plan",
    ],
    ["has a workload that is gone", [aDeployment("basket")], "fail", "no longer on the source"],
    ["meets an empty list", [], "unknown", "no workload at all"],
    [
      "leaves out what is the cluster's own",
      [aDeployment(), { ...aDeployment("proxy"), metadata: { name: "proxy", namespace: "kube-system" } }],
      "pass",
      "no other",
    ],
    [
      "leaves out what has an owner",
      [
        aDeployment(),
        {
          ...aDeployment("x"),
          metadata: { name: "x", namespace: "shop", ownerReferences: [{ kind: "App" }] },
        },
      ],
      "pass",
      "no other",
    ],
  ])("%s", (_, value, verdict, sentence) => {
    const judged = judgeCurrent({ value }, aPlan(), AT);
    expect(judged).toMatchObject({ verdict, sentence: expect.stringContaining(sentence) });
    expect(complaints([judged])).toEqual([]);
  });
});

test.each([
  ["a ready pod each", [aDeployment()], "pass"],
  ["one of them dark", [aDeployment(), aDeployment("basket", {}, {}, {})], "pass"],
  ["all of them dark", [aDeployment("cart", {}, {}, {})], "fail"],
  ["none that should run", [aDeployment("cart", {}, { replicas: 0 }, {})], "pass"],
])("workloads with %s", (_, value, verdict) => {
  expect(judgeReadiness({ value }, "shop", AT).verdict).toBe(verdict);
});

describe("webhooks", () => {
  const hook = (failurePolicy: string | undefined, service = "cart") =>
    anObject(
      "admissionregistration.k8s.io/v1",
      "ValidatingWebhookConfiguration",
      "guard",
      {
        webhooks: [
          {
            ...(failurePolicy === undefined ? {} : { failurePolicy }),
            clientConfig: { service: { namespace: "shop", name: service } },
          },
        ],
      },
      undefined,
    );
  test.each([
    ["that must answer, with a ready pod", [hook("Fail")], [aDeployment()], "pass"],
    ["that must answer, with no ready pod", [hook("Fail")], [aDeployment("cart", {}, {}, {})], "fail"],
    [
      "that must answer by the API's default, with no ready pod",
      [hook(undefined)],
      [aDeployment("cart", {}, {}, {})],
      "fail",
    ],
    ["that must answer, of a Service that nobody knows", [hook("Fail", "gone")], [aDeployment()], "fail"],
    ["that may be silent", [hook("Ignore", "gone")], [aDeployment()], "pass"],
    ["that aren't there", [], [aDeployment()], "pass"],
  ])("%s", (_, hooks, live, verdict) => {
    expect(judgeWebhooks({ value: hooks }, { value: live }, aPlan(), AT).verdict).toBe(verdict);
  });

  test.each([
    [1, "pass"],
    [0, "fail"],
  ])("of a pod on each node, %i of which are ready", (numberReady, verdict) => {
    const live = anObject("apps/v1", "DaemonSet", "cart", { status: { numberReady } });
    const plan = aPlan({ workloads: [aWorkload({ kind: "DaemonSet" })] });
    expect(judgeWebhooks({ value: [hook("Fail")] }, { value: [live] }, plan, AT).verdict).toBe(verdict);
  });

  test("that can't be listed are unknown", () => {
    expect(judgeWebhooks(refused, { value: [] }, aPlan(), AT).verdict).toBe("unknown");
  });
});

test("Services of type NodePort are named", () => {
  const service = (type: string) => anObject("v1", "Service", "cart", { spec: { type } });
  expect(judgeNodePorts({ value: [service("NodePort")] }, "shop", AT).sentence).toContain(
    "shop/cart is of type NodePort",
  );
  expect(judgeNodePorts({ value: [service("ClusterIP")] }, "shop", AT).sentence).toBe(
    "No Service is reached by a node's port.",
  );
});

describe("volumes", () => {
  const volume = (policy: string) =>
    anObject(
      "v1",
      "PersistentVolume",
      "pv-1",
      { spec: { persistentVolumeReclaimPolicy: policy, claimRef: { namespace: "shop" } } },
      undefined,
    );
  const copied = aPlan({ workloads: [aWorkload({ decision: "copy-with-pause" })] });
  test.each([
    ["deleted with a claim whose data are copied", volume("Delete"), copied, "fail"],
    ["retained", volume("Retain"), copied, "pass"],
    ["deleted with a claim that stays", volume("Delete"), aPlan(), "pass"],
  ])("%s", (_, pv, plan, verdict) => {
    expect(judgeReclaim({ value: [pv] }, plan, AT).verdict).toBe(verdict);
  });
});

test("a disruption budget without slack is named", () => {
  const budget = (disruptionsAllowed: number) =>
    anObject("policy/v1", "PodDisruptionBudget", "cart", { status: { disruptionsAllowed } });
  expect(judgeBudgets({ value: [budget(0)] }, "shop", AT).sentence).toContain(
    "shop/cart allows no disruption",
  );
  expect(judgeBudgets({ value: [budget(1)] }, "shop", AT).sentence).toContain("has slack");
});

describe("replica counts", () => {
  const target = { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "cart" } };
  const hpa = (name: string, owner?: string): KubeObject => ({
    ...anObject("autoscaling/v2", "HorizontalPodAutoscaler", name, { spec: target }),
    metadata: {
      name,
      namespace: "shop",
      ...(owner === undefined ? {} : { ownerReferences: [{ kind: owner }] }),
    },
  });
  const scaledObject = anObject("keda.sh/v1alpha1", "ScaledObject", "cart", {
    spec: { scaleTargetRef: { name: "cart" } },
  });
  test.each([
    ["one autoscaler", [hpa("a")], [], "pass"],
    ["two autoscalers", [hpa("a"), hpa("b")], [], "fail"],
    ["an autoscaler and KEDA", [hpa("a")], [scaledObject], "fail"],
    [
      "KEDA and the autoscaler that it made itself",
      [hpa("keda-hpa-cart", "ScaledObject")],
      [scaledObject],
      "pass",
    ],
    ["nobody", [], [], "pass"],
  ])("written by %s", (_, autoscalers, objects, verdict) => {
    expect(judgeReplicasOwner({ value: autoscalers }, withObjects(...objects), AT).verdict).toBe(verdict);
  });
});

describe("kinds", () => {
  const deployments = { apiVersion: "apps/v1", kind: "Deployment", custom: false, served: true };
  const widgets = { apiVersion: "shop.example/v1", kind: "Widget", custom: true, served: true };
  const definition = anObject(
    "apiextensions.k8s.io/v1",
    "CustomResourceDefinition",
    "widgets.shop.example",
    { spec: { group: "shop.example", names: { kind: "Widget" } } },
    undefined,
  );
  test.each([
    [
      "served and defined",
      [deployments, widgets],
      [definition],
      "pass",
      "has the definition of each custom one",
    ],
    [
      "served, their definition not in the plan",
      [widgets],
      [],
      "pass",
      "watch that the definitions of Widget",
    ],
    [
      "not served by the source",
      [{ ...deployments, apiVersion: "extensions/v1beta1", served: false }],
      [],
      "fail",
      "Deployment (extensions/v1beta1)",
    ],
    ["none at all", [], [], "unknown", "no object of any kind"],
  ] as const)("that are %s", (_, value, objects, verdict, sentence) => {
    expect(judgeKinds({ value }, withObjects(...objects), AT)).toMatchObject({
      verdict,
      sentence: expect.stringContaining(sentence),
    });
  });
});

describe("quotas", () => {
  const requests = { resources: { requests: { cpu: "500m", memory: "1Gi" } } };
  const plan = (spec: object = {}) => withObjects(aDeployment("cart", { container: requests }, spec));
  const quota = (hard: object, spec: object = {}) =>
    anObject("v1", "ResourceQuota", "shop", { spec: { hard, ...spec } });
  // Four pods, and a fifth during a rolling update.
  test.each([
    [
      "with room for a rolling update",
      quota({ "requests.cpu": "2500m", pods: "5" }),
      {},
      "pass",
      "with room for a rolling update",
    ],
    ["without room for a rolling update", quota({ "requests.cpu": "2400m" }), {}, "pass", "leaves no room"],
    [
      "without room for the platform",
      quota({ "requests.memory": "3Gi" }),
      {},
      "fail",
      "below what its workloads request",
    ],
    ["with one pod too few", quota({ pods: "3" }), {}, "fail", "shop (pods 3)"],
    [
      "that a Recreate strategy fits",
      quota({ pods: "4" }),
      { strategy: { type: "Recreate" } },
      "pass",
      "holds the platform at full",
    ],
    [
      "for some pods only",
      quota({ pods: "1" }, { scopes: ["BestEffort"] }),
      {},
      "pass",
      "holds the platform",
    ],
    [
      "of another namespace",
      { ...quota({ pods: "1" }), metadata: { name: "q", namespace: "other" } },
      {},
      "pass",
      "holds the platform",
    ],
  ])("%s", (_, object, spec, verdict, sentence) => {
    expect(judgeQuotas({ value: [object] }, plan(spec), AT)).toMatchObject({
      verdict,
      sentence: expect.stringContaining(sentence),
    });
  });
});

test("long-lived tokens are named by their service accounts", () => {
  const account = (rest: object) => anObject("v1", "ServiceAccount", "deployer", rest);
  expect(
    judgeTokens(withObjects(account({ secrets: [{ name: "deployer-token-x" }] })), AT).sentence,
  ).toContain("ServiceAccount shop/deployer has a long-lived token");
  expect(judgeTokens(withObjects(account({})), AT).sentence).toContain("No service account");
});
