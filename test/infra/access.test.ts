/** Access entries and RBAC against the declarations, both ways: who may enter a cluster and what they may do there is what `needs` says, and nothing else. */

import { describe, expect, it } from "vitest";
import { BUILT_IN_KINDS } from "../../domain/kube-kinds.ts";
import { manifestsOf, type PlannedFor, type Rule } from "../../domain/permissions/kubernetes.ts";
import { clusterScoped, plannedNamespaces, plannedResources } from "../../domain/permissions/planned.ts";
import { SIDES } from "../../domain/phases.ts";
import { steps } from "../../functions/index.ts";
import { listeners } from "../../functions/listeners.ts";
import { planned } from "../rehearsals/small.ts";
import { graphOf, ofType, textOf } from "./stages.ts";

const declared = [...steps, ...listeners];
const { plan } = planned();
const FOR: PlannedFor = {
  resources: plannedResources(plan),
  clusterScoped: clusterScoped(plan),
  namespaces: plannedNamespaces(plan),
};

describe("access entries", () => {
  const entries = ofType(graphOf("prod"), "aws:eks/accessEntry:AccessEntry");

  it("are made for the roles that declare something on the target, and for no other", () => {
    const inside = declared.filter((step) => step.needs.kubernetes?.target !== undefined);
    expect(entries.map((e) => textOf(e, "principalArn")).sort()).toEqual(
      inside.map((step) => `arn:aws:iam::111122223333:role/repot-prod-${step.name}`).sort(),
    );
    for (const { inputs } of entries) {
      expect(inputs).toMatchObject({ clusterName: "streamhouse-eks", type: "STANDARD" });
      const groups = inputs["kubernetesGroups"] as readonly string[];
      expect(groups.length).toBe(2);
      for (const group of [...groups, String(inputs["userName"])]) expect(group).not.toMatch(/^system:/);
    }
    const roles = ofType(graphOf("prod"), "aws:iam/role:Role").map((r) => textOf(r, "name"));
    for (const entry of entries) expect(roles).toContain(textOf(entry, "principalArn").split("/")[1]);
  });

  it("come with no policy of EKS: what a group may do is RBAC alone", () => {
    expect(ofType(graphOf("prod"), "aws:eks/accessPolicyAssociation:AccessPolicyAssociation")).toEqual([]);
  });

  it("aren't made where the deployment doesn't say so", () => {
    expect(ofType(graphOf("dev"), "aws:eks/accessEntry:AccessEntry")).toEqual([]);
  });
});

/** `verb group/resource` of rules. */
const rights = (rules: readonly Rule[]): readonly string[] =>
  rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((g) => resources.flatMap((r) => verbs.map((v) => `${v} ${g}/${r}`))),
  );

/** What an entry stands for, spelled out here once more: `planned` is each kind of the plan, a name without a group is built in. */
const wanted = (entries: readonly string[]): readonly string[] =>
  entries.flatMap((entry) => {
    const [verb = "", resource = ""] = entry.split(" ");
    return (resource === "planned" ? FOR.resources : [resource]).flatMap((each) => {
      const [whole = "", sub] = each.split("/");
      const [base = "", ...group] = whole.split(".");
      const groups =
        group.length > 0
          ? [group.join(".")]
          : BUILT_IN_KINDS.filter((k) => k.resource === base).map((k) => k.group);
      return groups.map((g) => `${verb} ${g}/${base}${sub === undefined ? "" : `/${sub}`}`);
    });
  });

type Manifest = {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly Rule[];
  readonly roleRef?: { readonly name: string };
  readonly subjects?: readonly { readonly kind: string; readonly name: string }[];
};

describe("RBAC", () => {
  const cases = declared.flatMap((step) =>
    SIDES.flatMap((side) => (step.needs.kubernetes?.[side] ? [[step.name, side, step] as const] : [])),
  );

  it.each(cases)("%s on the %s is what it declares, bound to its own group alone", (name, side, step) => {
    const manifests = manifestsOf(step, side, FOR) as unknown as readonly Manifest[];
    const roles = manifests.filter((m) => m.kind === "ClusterRole");
    const bindings = manifests.filter((m) => m.kind !== "ClusterRole");
    expect([...new Set(roles.flatMap((r) => rights(r.rules ?? [])))].sort()).toEqual(
      [...new Set(wanted(step.needs.kubernetes?.[side] ?? []))].sort(),
    );
    expect(JSON.stringify(roles)).not.toContain('"*"');
    for (const { subjects, roleRef } of bindings) {
      expect(subjects).toEqual([
        { apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: `repot:${name}` },
      ]);
      expect(roles.map((r) => r.metadata.name)).toContain(roleRef?.name);
    }
    // Writes in namespaces are bound there, one by one.
    for (const { metadata } of roles.filter((r) => r.metadata.name.endsWith(":writes")))
      expect(
        bindings.filter((b) => b.roleRef?.name === metadata.name).map((b) => b.metadata.namespace),
      ).toEqual(FOR.namespaces);
  });
});
