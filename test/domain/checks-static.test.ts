/** What manifests and settings alone tell preflight: no node takes the pod, the API is gone, the image can't run. */

import { describe, expect, test } from "vitest";
import { checkManifests } from "../../domain/checks/kubernetes.ts";
import { checkRuntime } from "../../domain/checks/runtime.ts";
import { planOf, workload } from "./platform.ts";

const POOLS =
  "target: {nodePools: [{name: linux, cpuPerNode: 8, memoryGibPerNode: 32, nodesMax: 3}, {name: gpu, labels: {gpu: 'yes'}, taints: [{key: gpu, effect: NoSchedule}]}]}";
const runtime = (parts: Parameters<typeof workload>[1]) =>
  new Map(
    checkRuntime(planOf([workload("it", { service: 80, ...parts })], POOLS), "2026-11-20T00:00:00Z").map(
      (v) => [v.check, v],
    ),
  );

describe("runtime", () => {
  test.each([
    ["an ordinary pod", {}, "pass"],
    ["a label that no pool has", { pod: "nodeSelector: {disk: ssd}" }, "fail"],
    ["a label behind a taint that it doesn't tolerate", { pod: "nodeSelector: {gpu: 'yes'}" }, "fail"],
    [
      "a label behind a taint that it tolerates",
      { pod: "nodeSelector: {gpu: 'yes'}\ntolerations: [{key: gpu, operator: Exists}]" },
      "pass",
    ],
    ["Windows where there is none", { pod: "nodeSelector: {kubernetes.io/os: windows}" }, "fail"],
    [
      "an affinity that no pool meets",
      {
        pod: "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/arch, operator: In, values: [arm64]}]}]}}}",
      },
      "fail",
    ],
    ["any zone", { pod: "nodeSelector: {topology.kubernetes.io/zone: a}" }, "pass"],
    ["more memory than a node has", { container: "resources: {requests: {memory: 100Gi}}" }, "fail"],
    ["more CPU than a node has, by its limit", { container: "resources: {limits: {cpu: 20}}" }, "fail"],
  ])("%s", (_, parts, verdict) => {
    const found = runtime(parts).get("runtime/placing");
    expect(found?.verdict).toBe(verdict);
    expect(found?.remedy === undefined).toBe(verdict === "pass");
    if (verdict === "fail") expect(found?.sentence).toContain("shop/it");
  });

  test("all pods together must fit in what the pools may grow to", () => {
    const parts = { replicas: 500, container: "resources: {requests: {cpu: 7}}" };
    expect(runtime(parts).get("runtime/capacity")?.verdict).toBe("fail");
    expect(runtime({ ...parts, replicas: 2 }).get("runtime/capacity")?.verdict).toBe("pass");
  });

  test.each([
    ["runtime/host", { pod: "volumes: [{name: d, hostPath: {path: /var/run/docker.sock}}]" }, "fail"],
    ["runtime/host", { pod: "volumes: [{name: d, hostPath: {path: /var/log}}]" }, "pass"],
    ["runtime/registry", { pod: "imagePullSecrets: [{name: nope}]" }, "pass"],
    ["runtime/cgroup-v2", { image: "openjdk:11.0.9-jre" }, "fail"],
    ["runtime/cgroup-v2", { image: "eclipse-temurin:11.0.21_9" }, "pass"],
    ["runtime/cgroup-v2", { image: "eclipse-temurin:21" }, "pass"],
  ])("%s", (check, parts, verdict) => {
    expect(runtime(parts).get(check)?.verdict).toBe(verdict);
  });

  test("the default pools of a plan take what the manifests ask for on the source, not on the target", () => {
    const plan = planOf([workload("it", { pod: "nodeSelector: {disk: ssd}" })]);
    expect(plan.settings.source.nodePools.map((p) => p.labels)).toContainEqual({ disk: "ssd" });
    expect(checkRuntime(plan).find((v) => v.check === "runtime/placing")?.verdict).toBe("fail");
  });
});

describe("kubernetes", () => {
  const judge = (version: string, object: string) =>
    new Map(
      checkManifests(planOf([workload("it"), object], `target: {kubernetesVersion: "${version}"}`)).map(
        (v) => [v.check, v],
      ),
    );
  const budget = (version: string) =>
    `apiVersion: policy/${version}\nkind: PodDisruptionBudget\nmetadata: {name: b, namespace: shop}\nspec: {}\n`;
  const cron = (schedule: string) =>
    `apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: c, namespace: shop}\nspec: {schedule: "${schedule}", jobTemplate: {spec: {template: {spec: {containers: [{name: a}]}}}}}\n`;

  test.each([
    ["an API that ended", "1.33", "v1beta1", "fail"],
    ["the same on a version that still has it", "1.24", "v1beta1", "pass"],
    ["its successor", "1.33", "v1", "pass"],
  ])("%s", (_, target, api, verdict) => {
    expect(judge(target, budget(api)).get("kubernetes/removed-apis")?.verdict).toBe(verdict);
  });

  test.each([
    ["*/5 * * * *", "pass"],
    ["@daily", "pass"],
    ["TZ=Europe/Berlin 0 3 * * *", "fail"],
    ["every day", "fail"],
  ])("schedule %s", (schedule, verdict) => {
    expect(judge("1.33", cron(schedule)).get("kubernetes/schedules")?.verdict).toBe(verdict);
  });
});
