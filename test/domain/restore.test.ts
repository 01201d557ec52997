/** Velero's part as data: what is left out, in which order it comes, and that every modifier has something to hit. */

import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../domain/kube.ts";
import {
  hitsWanted,
  isRestored,
  modifierRules,
  modifiersOf,
  restoreState,
  restoresOf,
  STAGES,
  stageOf,
} from "../../domain/restore.ts";

const object = (apiVersion: string, kind: string, name: string, namespace?: string): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name, ...(namespace ? { namespace } : {}) },
});
const objects = [
  object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "films.example.com"),
  object("v1", "Namespace", "shop"),
  object("rbac.authorization.k8s.io/v1", "ClusterRole", "viewer"),
  object("apps/v1", "Deployment", "cart", "shop"),
  object("apps/v1", "Deployment", "coredns", "kube-system"),
  object("batch/v1", "CronJob", "nightly", "accounts"),
  object("apps/v1", "DaemonSet", "logs", "shop"),
  object("v1", "Pod", "cart-1", "shop"),
];

test("Stages come in an order in which nothing is in the way of what follows", () => {
  expect(STAGES.map((stage) => restoresOf("m", stage, objects).map((r) => r.metadata.name))).toEqual([
    ["m-definitions"],
    ["m-cluster"],
    ["m-namespaces-accounts", "m-namespaces-shop"],
    ["m-last"],
  ]);
  expect(objects.map(stageOf)).toEqual([
    "definitions",
    "cluster",
    "cluster",
    "namespaces",
    "namespaces",
    "namespaces",
    "last",
    "namespaces",
  ]);
});

describe("Restores of namespaces leave out", () => {
  const [restore] = restoresOf("m", "namespaces", objects);
  const { excludedResources } = (restore?.["spec"] ?? { excludedResources: [] }) as {
    readonly excludedResources: readonly string[];
  };
  test.each([
    "pods",
    "replicasets.apps",
    "jobs.batch",
    "leases.coordination.k8s.io",
    "endpointslices.discovery.k8s.io",
    "daemonsets.apps",
    "persistentvolumes",
  ])("%s", (resource) => {
    expect(excludedResources).toContain(resource);
  });
});

test("What the target has for itself is not restored", () => {
  expect(objects.filter((o) => !isRestored(o)).map((o) => o.metadata.name)).toEqual(["coredns", "cart-1"]);
});

test("Modifiers name exact group resources, and only of kinds that are there: no rule without a hit", () => {
  expect(modifierRules(objects).map((r) => r.conditions.groupResource)).toEqual([
    "cronjobs.batch",
    "deployments.apps",
  ]);
  expect(hitsWanted(objects)).toEqual({ "cronjobs.batch": 1, "deployments.apps": 1 });
});

test("What the plan changes comes as a rule of its own, for exactly one object", () => {
  const changes = [
    { object: "CronJob accounts/nightly", field: "spec.startingDeadlineSeconds", to: 60 },
    { object: "Service shop/cart", field: "spec", to: "leads elsewhere" },
  ];
  const data = modifiersOf("m", objects, changes)["data"] as Record<string, string>;
  const { resourceModifierRules: rules } = JSON.parse(data["modifiers.yaml"] ?? "") as {
    resourceModifierRules: object[];
  };
  expect([Object.keys(data).length, rules.length, rules.at(-1)]).toEqual([
    1,
    3,
    {
      conditions: {
        groupResource: "cronjobs.batch",
        namespaces: ["accounts"],
        resourceNameRegex: "^nightly$",
      },
      mergePatches: [{ patchData: '{"spec":{"startingDeadlineSeconds":60}}' }],
    },
  ]);
});

test.each([
  [undefined, "running"],
  ["InProgress", "running"],
  ["WaitingForPluginOperations", "running"],
  ["Completed", "done"],
  ["PartiallyFailed", "partly"],
  ["FailedValidation", "failed"],
])("A Restore in phase %s is %s", (phase, state) => {
  expect(restoreState({ ...object("velero.io/v1", "Restore", "r"), status: { phase } })).toBe(state);
});
