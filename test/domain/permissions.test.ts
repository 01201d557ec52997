/** From `needs` to rights: entries and what they cover, policies and their conditions, RBAC and where it binds. */

import { describe, expect, it } from "vitest";
import { coveredBy, entryOf, matches, recordScopeOf } from "../../domain/permissions/entries.ts";
import { manifestsOf, rbacOf } from "../../domain/permissions/kubernetes.ts";
import { definitionText, machinePolicyOf, reachOf } from "../../domain/permissions/machines.ts";
import type { Place } from "../../domain/permissions/place.ts";
import { plannedNamespaces, plannedResources } from "../../domain/permissions/planned.ts";
import { policyOf } from "../../domain/permissions/policy.ts";
import { steps } from "../../functions/index.ts";
import { listeners } from "../../functions/listeners.ts";
import { machines } from "../../workflows/index.ts";
import { example } from "../rehearsals/small.ts";

const PLACE: Place = {
  partition: "aws",
  region: "eu-central-1",
  account: "111122223333",
  prefix: "repot-test",
  bucket: "memory",
  keyArn: "arn:aws:kms:eu-central-1:111122223333:key/k",
  zones: ["shop.example"],
  clusters: { source: "old", target: "new" },
  flowLogGroups: [],
};

describe("a pattern of keys", () => {
  it.each([
    ["migrations/*/journal/*", "migrations/a/journal/b.json", true],
    ["migrations/*/journal/*", "migrations/a/evidence/b.json", false],
    ["migrations/*/fence.json", "migrations/a/fence.json", true],
    ["migrations/*/fence.json", "migrations/a/fence.json.other", false],
    ["clusters/*/lock.json", "clusters/a/b/lock.json", true],
    ["*", "", true],
    ["a*a", "a", false],
    ["exact", "exact", true],
    ["exact", "exactly", false],
  ])("%s and %s: %s, as IAM reads it", (pattern, key, expected) => {
    expect(matches(pattern, key)).toBe(expected);
  });
});

describe("an entry", () => {
  const zone = "shop.example";
  const change = (action: string, type: string, name: string) => ({ changes: [{ action, type, name }] });

  it.each([
    ["an action without more covers everything", ["PutObject"], "PutObject", { key: "a" }, true],
    ["a pattern covers its keys", ["PutObject a/*"], "PutObject", { key: "a/b" }, true],
    ["and no others", ["PutObject a/*"], "PutObject", { key: "b/b" }, false],
    ["another action is another entry", ["PutObject a/*"], "GetObject", { key: "a/b" }, false],
    ["the delegation", ["C UPSERT NS apex"], "C", change("UPSERT", "NS", "shop.example."), true],
    ["not deleted", ["C UPSERT NS apex"], "C", change("DELETE", "NS", "shop.example."), false],
    ["not another type", ["C UPSERT NS apex"], "C", change("UPSERT", "A", "shop.example."), false],
    ["not a name below", ["C UPSERT NS apex"], "C", change("UPSERT", "NS", "www.shop.example."), false],
    ["names below", ["C UPSERT any below"], "C", change("UPSERT", "A", "WWW.shop.example"), true],
    ["not the zone itself", ["C UPSERT any below"], "C", change("UPSERT", "A", "shop.example"), false],
    [
      "not a neighbour",
      ["C UPSERT any apex,below"],
      "C",
      change("UPSERT", "A", "www.workshop.example"),
      false,
    ],
  ] as const)("%s", (_, declared, action, asked, expected) => {
    expect(coveredBy(declared, action, asked, zone) !== undefined).toBe(expected);
  });

  it("a batch with one change outside is refused as a whole", () => {
    const changes = [
      { action: "UPSERT", type: "NS", name: "shop.example." },
      { action: "UPSERT", type: "NS", name: "other.example." },
    ];
    expect(coveredBy(["C UPSERT NS apex"], "C", { changes }, zone)).toBeUndefined();
  });

  it("that no policy could be made of is a mistake with a name", () => {
    expect(() => recordScopeOf(entryOf("C UPSERT NS everywhere"))).toThrow("apex or below");
  });
});

describe("a policy", () => {
  it("is known for every action that is declared", () => {
    for (const step of [...steps, ...listeners]) expect(() => policyOf(PLACE, step)).not.toThrow();
  });

  it("is refused for an action that nobody has looked up", () => {
    expect(() => policyOf(PLACE, { name: "odd", needs: { route53: ["DeleteEverything"] } })).toThrow(
      "odd declares route53:DeleteEverything, which has no policy",
    );
  });

  it("of whoever creates a cluster passes the cluster's role to EKS alone", () => {
    const clusterRoleArn = "arn:aws:iam::111122223333:role/cluster";
    const { Statement } = policyOf(
      { ...PLACE, clusterRoleArn },
      { name: "x", needs: { eks: ["CreateCluster"] } },
    );
    expect(Statement.find((s) => s.Action.includes("iam:PassRole"))).toMatchObject({
      Resource: [clusterRoleArn],
      Condition: { StringEquals: { "iam:PassedToService": "eks.amazonaws.com" } },
    });
  });

  it("has no statement for what needs none", () => {
    expect(policyOf(PLACE, { name: "x", needs: { sts: ["GetCallerIdentity"] } }).Statement).toEqual([]);
  });
});

describe("RBAC", () => {
  const needs = { kubernetes: { source: ["list planned", "patch deployments/scale", "patch nodes"] } };
  const planned = {
    resources: ["deployments", "restores.velero.io"],
    clusterScoped: [],
    namespaces: ["shop"],
  };

  it("reads everywhere, writes where the plan is; what lies in no namespace is bound in the cluster", () => {
    expect(rbacOf({ name: "x", needs }, "source", planned)).toEqual({
      everywhere: [
        { apiGroups: ["apps"], resources: ["deployments"], verbs: ["list"] },
        { apiGroups: ["velero.io"], resources: ["restores"], verbs: ["list"] },
        { apiGroups: [""], resources: ["nodes"], verbs: ["patch"] },
      ],
      inNamespaces: [{ apiGroups: ["apps"], resources: ["deployments/scale"], verbs: ["patch"] }],
    });
  });

  it("binds the function's own group, which can't start with system:", () => {
    const bindings = manifestsOf({ name: "x", needs }, "source", planned).filter((o) =>
      o.kind.endsWith("Binding"),
    );
    expect(bindings.map((b) => [b.kind, b.metadata.namespace, b["subjects"]])).toEqual([
      [
        "ClusterRoleBinding",
        undefined,
        [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "repot:x" }],
      ],
      ["RoleBinding", "shop", [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "repot:x" }]],
    ]);
  });

  it("has no star anywhere, and a group for each resource, over all functions and a real plan", async () => {
    const { plan } = await example();
    const forPlan = {
      resources: plannedResources(plan),
      clusterScoped: [],
      namespaces: plannedNamespaces(plan),
    };
    for (const step of steps)
      for (const side of ["source", "target"] as const)
        expect(JSON.stringify(manifestsOf(step, side, forPlan))).not.toContain('"*"');
  });
});

describe("a machine", () => {
  it("reaches nothing that isn't deployed, and only machines that are", () => {
    const functions = steps.map((s) => s.name) as readonly string[];
    const names = machines.map((m) => m.name);
    for (const machine of machines) {
      const reach = reachOf(machine, machines);
      expect(
        reach.functions.filter((f) => !functions.includes(f)),
        machine.name,
      ).toEqual([]);
      expect(
        reach.machines.filter((m) => !names.includes(m)),
        machine.name,
      ).toEqual([]);
      expect(
        machinePolicyOf(PLACE, machine, machines)
          .Statement.flatMap((s) => s.Action)
          .join(),
      ).not.toContain("*");
    }
  });

  it("that names what isn't there is refused by name", () => {
    const definition = { States: { A: { Type: "Task", Arguments: { FunctionName: "${nobody}" } } } };
    expect(() => definitionText(PLACE, { name: "m", definition }, { functions: [], machines: [] })).toThrow(
      "m names nobody, which is neither a function nor a machine.",
    );
  });
});
