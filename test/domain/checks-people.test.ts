/** Preflight's judgement of identities, pipelines and rights: each wrong world that it has to catch. */

import { describe, expect, test } from "vitest";
import { judgeAccess, judgePodRoles, judgeTargetName, judgeWindows } from "../../domain/checks/identity.ts";
import {
  judgeApprovers,
  judgeBucket,
  judgeCaller,
  judgeRights,
  type RightSeen,
} from "../../domain/checks/permissions.ts";
import { judgeBypasses, judgeFreeze, judgeGitOps, judgePipelines } from "../../domain/checks/pipelines.ts";
import { AT, aDeployment, anObject, aPlan, complaints, withObjects } from "./checks.fixture.ts";

const account = { value: "111122223333" };
const serviceAccount = (arn: string) => ({
  ...anObject("v1", "ServiceAccount", "cart"),
  metadata: { name: "cart", namespace: "shop", annotations: { "eks.amazonaws.com/role-arn": arn } },
});

describe("roles of pods", () => {
  const ARN = "arn:aws:iam::111122223333:role/cart";
  test.each([
    ["by annotation", [serviceAccount(ARN)], account, "pass", "watch that each role's trust policy"],
    [
      "of another account",
      [serviceAccount("arn:aws:iam::999999999999:role/cart")],
      account,
      "pass",
      "of another account",
    ],
    ["that are no ARN", [serviceAccount("cart-role")], account, "fail", "no role's ARN"],
    [
      "by kube2iam",
      [aDeployment("cart", { annotations: { "iam.amazonaws.com/role": "cart" } })],
      account,
      "fail",
      "nothing on EKS reads",
    ],
    ["that nobody has", [aDeployment()], account, "pass", "No service account"],
    [
      "in an account that isn't known",
      [serviceAccount(ARN)],
      { missing: "Not allowed." },
      "unknown",
      "Not allowed.",
    ],
  ] as const)("%s", (_, objects, who, verdict, sentence) => {
    const judged = judgePodRoles(withObjects(...objects), who, AT);
    expect(judged).toMatchObject({ verdict, sentence: expect.stringContaining(sentence) });
    expect(complaints([judged])).toEqual([]);
  });

  test("of Windows pods are named, since Pod Identity knows no Windows", () => {
    const windows = aDeployment("cart", {
      spec: { serviceAccountName: "cart", nodeSelector: { "kubernetes.io/os": "windows" } },
    });
    expect(judgeWindows(withObjects(windows, serviceAccount(ARN)), AT).sentence).toContain(
      "Deployment shop/cart runs on Windows with a role",
    );
    expect(judgeWindows(withObjects(aDeployment()), AT).sentence).toBe("No workload runs on Windows.");
  });
});

describe("who comes in", () => {
  const binding = (name: string, kind = "Group") =>
    anObject(
      "rbac.authorization.k8s.io/v1",
      "ClusterRoleBinding",
      "admins",
      { subjects: [{ kind, name }] },
      undefined,
    );
  test.each([
    ["a group of people", [binding("shop:admins")], "pass", "shop:admins"],
    ["system:masters", [binding("system:masters")], "pass", "AmazonEKSClusterAdminPolicy"],
    ["a name that access entries refuse", [binding("system:shop-admins")], "fail", "an access entry refuses"],
    ["a user that access entries refuse", [binding("system:deployer", "User")], "fail", "system:deployer"],
    ["service accounts alone", [binding("default", "ServiceAccount")], "pass", "No role"],
  ])("%s", (_, bindings, verdict, sentence) => {
    expect(judgeAccess(aPlan(), { value: bindings }, AT)).toMatchObject({
      verdict,
      sentence: expect.stringContaining(sentence),
    });
  });

  test.each([
    ["nobody", undefined, "pass"],
    ["a cluster to adopt", { status: "ACTIVE", version: "1.33" }, "pass"],
    ["a cluster of another version", { status: "ACTIVE", version: "1.31" }, "fail"],
    ["a cluster that failed", { status: "FAILED", version: "1.33" }, "fail"],
  ])("the target's name belongs to %s", (_, value, verdict) => {
    expect(judgeTargetName(aPlan(), { value }, AT).verdict).toBe(verdict);
  });
});

describe("pipelines", () => {
  const pipeline = { name: "deploy", user: "ci:shop", groups: ["ci:deployers"], deploys: ["shop/cart"] };
  test.each([
    ["with a user of its own", pipeline, "pass"],
    ["in the break-glass group", { ...pipeline, groups: ["repot:break-glass"] }, "fail"],
    [
      "that acts as a controller of the cluster",
      { ...pipeline, user: "system:serviceaccount:kube-system:deployment-controller" },
      "fail",
    ],
    ["in the group of the nodes", { ...pipeline, groups: ["system:nodes"] }, "fail"],
    ["in Repot's own group", { ...pipeline, groups: ["repot"] }, "fail"],
    ["without a user", { ...pipeline, user: " " }, "fail"],
  ])("%s", (_, one, verdict) => {
    const verdicts = judgePipelines(aPlan({}, { pipelines: [one] }), AT);
    expect(verdicts.map((v) => v.verdict)).toEqual([verdict]);
    expect(complaints(verdicts)).toEqual([]);
  });

  test("that deploy what the plan doesn't know are told", () => {
    const [verdict] = judgePipelines(
      aPlan({}, { pipelines: [{ ...pipeline, deploys: ["shop/basket"] }] }),
      AT,
    );
    expect(verdict?.sentence).toContain("shop/basket, which the plan doesn't know");
  });

  test.each([
    ["serves the policies", { value: true }, {}, "pass"],
    ["is too old for them", { value: false }, {}, "fail"],
    [
      "serves them, and the target is too old",
      { value: true },
      {
        target: {
          name: "old",
          kubernetesVersion: "1.29",
          nodePools: [{ name: "a" }],
          egressAddresses: ["203.0.113.10"],
        },
      },
      "fail",
    ],
    ["gives no answer", { missing: "No answer came." }, {}, "unknown"],
  ] as const)("can be frozen where the source %s", (_, knows, settings, verdict) => {
    expect(judgeFreeze(knows, aPlan({}, settings), AT).verdict).toBe(verdict);
  });

  test("are gone past by hand, and the workloads are listed", () => {
    const managed = (manager: string) => ({
      ...aDeployment(),
      metadata: { name: "cart", namespace: "shop", managedFields: [{ manager }] },
    });
    expect(judgeBypasses({ value: [managed("kubectl-edit")] }, "shop", AT).sentence).toContain(
      "Deployment shop/cart was changed by hand",
    );
    expect(judgeBypasses({ value: [managed("helm")] }, "shop", AT).sentence).toContain(
      "No Deployment was changed",
    );
    expect(judgeBypasses({ missing: "Not allowed." }, "shop", AT).verdict).toBe("unknown");
  });

  test("that live in the cluster are listed", () => {
    expect(
      judgeGitOps(withObjects(anObject("argoproj.io/v1alpha1", "Application", "cart")), AT).sentence,
    ).toContain("Argo CD: Application shop/cart");
    expect(judgeGitOps(withObjects(anObject("app.k8s.io/v1", "Application", "cart")), AT).sentence).toContain(
      "Nothing in the cluster",
    );
  });
});

describe("rights", () => {
  test.each([
    ["a role", "arn:aws:sts::111122223333:assumed-role/repot/x", "pass"],
    ["the account's root", "arn:aws:iam::111122223333:root", "fail"],
    ["a user", "arn:aws:iam::111122223333:user/amara", "pass"],
    ["nobody", "", "unknown"],
  ])("of %s", (_, arn, verdict) => {
    expect(judgeCaller({ value: { account: "111122223333", arn } }, "shop", AT).verdict).toBe(verdict);
  });

  const right = (outcome: RightSeen["outcome"]): RightSeen => ({
    right: "patch deployments/scale",
    outcome,
    sentence: "Because.",
  });
  test.each([
    ["granted", [right("granted")], 1, "pass"],
    ["refused", [right("granted"), right("refused")], 2, "fail"],
    ["unanswered", [right("granted"), right("unanswered")], 2, "unknown"],
    ["of an object that is gone", [right("absent")], 1, "unknown"],
    ["never tried", [], 1, "unknown"],
    ["not needed", [], 0, "pass"],
  ])("that are %s", (_, rights, scaled, verdict) => {
    const judged = judgeRights(rights, scaled, "shop", AT);
    expect(judged.verdict).toBe(verdict);
    expect(complaints([judged])).toEqual([]);
  });

  test.each([
    ["refused", "pass"],
    ["accepted", "fail"],
  ] as const)("a bucket whose second writer is %s", (value, verdict) => {
    expect(judgeBucket({ value }, "repot", AT).verdict).toBe(verdict);
  });

  const amara = { person: "amara", role: "lead" };
  test.each([
    [
      "two people, quorum one, two for the decommission",
      [amara, { person: "mei", role: "lead" }],
      1,
      2,
      "pass",
    ],
    ["one person for the decommission's two", [amara], 1, 2, "fail"],
    ["one person twice", [amara, { ...amara, role: "on-call" }], 1, 2, "fail"],
    ["two people for a quorum of three", [amara, { person: "mei", role: "lead" }], 3, 2, "fail"],
  ])("approvers: %s", (_, approvers, quorum, decommissionQuorum, verdict) => {
    // repot.yaml refuses one person twice already; a plan from elsewhere is judged all the same.
    const { settings, ...plan } = aPlan();
    const approvals = { ...settings.approvals, approvers, quorum, decommissionQuorum } as never;
    expect(judgeApprovers({ ...plan, settings: { ...settings, approvals } }, AT).verdict).toBe(verdict);
  });
});
