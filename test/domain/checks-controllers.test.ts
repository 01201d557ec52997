/** Preflight's judgement of what two controllers would fight over, and of what no controller would start. */

import { describe, expect, test } from "vitest";
import { judgeCertificates, judgeTargetGroups } from "../../domain/checks/controllers.ts";
import { judgePaused } from "../../domain/checks/kubernetes-objects.ts";
import type { KubeObject } from "../../domain/kube.ts";
import { anObject, aPlan } from "./checks.fixture.ts";

const AT = "2026-03-02T08:00:00.000Z";
const plan = (...objects: readonly KubeObject[]) => ({ ...aPlan(), objects: objects as never });

describe("target groups", () => {
  const binding = (spec: object, labels = {}): KubeObject => {
    const object = anObject("elbv2.k8s.aws/v1beta1", "TargetGroupBinding", "web", {
      spec: { targetGroupARN: "arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/web/1", ...spec },
    });
    return { ...object, metadata: { ...object.metadata, labels } };
  };
  test.each([
    ["none", [], "pass"],
    ["bound for one cluster", [binding({})], "fail"],
    ["bound for several", [binding({ multiClusterTargetGroup: true })], "pass"],
    ["made by the controller itself", [binding({}, { "ingress.k8s.aws/stack": "web" })], "pass"],
  ])("%s", (_, objects, verdict) => {
    expect(judgeTargetGroups(plan(...objects), AT).verdict).toBe(verdict);
  });
});

describe("certificates", () => {
  const certificates = (count: number, name: (i: number) => string) =>
    Array.from({ length: count }, (_, i) =>
      anObject("cert-manager.io/v1", "Certificate", `c-${i}`, {
        spec: { secretName: `tls-${i}`, dnsNames: [name(i)] },
      }),
    );
  const secret = anObject("v1", "Secret", "tls-0", {});
  test.each([
    ["none", [], "pass", /no Certificate/],
    ["with its Secret", [...certificates(1, () => "a.example.org"), secret], "pass", /nothing is ordered/],
    [
      "without it",
      certificates(2, (i) => `${i}.example.org`),
      "pass",
      /2 certificates of 2 are ordered anew/,
    ],
    [
      "too many for the same names",
      certificates(6, () => "a.example.org"),
      "fail",
      /5 a week for the same names/,
    ],
    [
      "too many for one domain",
      certificates(51, (i) => `${i}.example.org`),
      "fail",
      /50 a week for one registered domain/,
    ],
  ])("%s", (_, objects, verdict, sentence) => {
    const found = judgeCertificates(plan(...objects), AT);
    expect(found.verdict).toBe(verdict);
    expect(found.sentence).toMatch(sentence);
  });
});

test.each([
  ["paused", { paused: true, replicas: 2 }, "fail"],
  ["paused without pods", { paused: true, replicas: 0 }, "pass"],
  ["as usual", { replicas: 2 }, "pass"],
])("a Deployment %s", (_, spec, verdict) => {
  const deployment = anObject("apps/v1", "Deployment", "web", { spec });
  expect(judgePaused(plan(deployment), AT).verdict).toBe(verdict);
});
