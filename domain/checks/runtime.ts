/** Preflight, runtime: whether each pod runs on the target's nodes, as far as manifests and settings tell. Pure. */

import type { Verdict } from "../gates.ts";
import { byCodeUnit, type KubeObject } from "../kube.ts";
import { nameOf, type Plan, type Workload } from "../plan.ts";
import { containersOf, type Template, templateOf, workloadKindOf } from "../pods.ts";
import { counted, type Judging, judging, objectsOf, type Seen, seen, some } from "./judging.ts";
import { requestsOf, roomOf, whyNot } from "./placing.ts";

type Judged = Pick<Plan, "platform" | "settings" | "workloads" | "objects">;
type Running = { readonly workload: Workload; readonly template: Template };

const SOURCE = "pod templates of the plan";

/** What will run on the target, with its pod template. */
const running = (plan: Judged): readonly Running[] => {
  const objects = new Map<string, Template>(
    objectsOf(plan).flatMap((o: KubeObject) => {
      const kind = workloadKindOf(o);
      return kind
        ? [[`${kind} ${o.metadata.namespace ?? "default"}/${o.metadata.name}`, templateOf(o, kind)] as const]
        : [];
    }),
  );
  return plan.workloads.flatMap((workload) => {
    const template = objects.get(`${workload.kind} ${nameOf(workload)}`);
    return template && workload.move !== "keep-on-source" && workload.move !== "none"
      ? [{ workload, template }]
      : [];
  });
};

type Problem = { readonly name: string; readonly why: string };

/** One verdict for a check: passed, or the first problems named. */
const verdictOf = (
  say: Judging,
  problems: readonly Problem[],
  looked: number,
  good: string,
  remedy: string,
): Verdict => {
  const evidence: Seen[] = [seen("workloads with this problem", problems.length, "0", SOURCE, looked)];
  if (problems.length === 0) return say.pass(good, evidence);
  const named = problems.map((p) => `${p.name}: ${p.why}`).sort(byCodeUnit);
  return say.fail(`${some(named, 3)}.`, remedy, evidence);
};

const placing = (plan: Judged, all: readonly Running[], at: string): Verdict => {
  const pools = plan.settings.target.nodePools;
  const problems = all.flatMap(({ workload, template }) => {
    const reasons = pools.map((pool) => whyNot(template.spec, pool));
    if (workload.kind === "DaemonSet" || reasons.some((r) => r === undefined)) return [];
    return [
      {
        name: nameOf(workload),
        why: `no node of the target takes it (${some(
          reasons.filter((r) => r !== undefined),
          2,
        )})`,
      },
    ];
  });
  return verdictOf(
    judging(at)("runtime/placing", plan.platform),
    problems,
    all.length,
    `Each of ${counted(all.length, "workload")} finds a node on the target.`,
    "Give target.nodePools of repot.yaml a pool with these labels, tolerated taints and this size; or change the pods.",
  );
};

/** All pods at full strength in the pools that take them, by the most that pools may grow to. */
const capacity = (plan: Judged, all: readonly Running[], at: string): Verdict => {
  const { nodePools } = plan.settings.target;
  const wants = all.map(({ workload, template }) => ({
    ...requestsOf(template.spec),
    pods: workload.replicas,
  }));
  const cpu = wants.reduce((sum, w) => sum + w.cpu * w.pods, 0);
  const memory = wants.reduce((sum, w) => sum + w.memoryBytes * w.pods, 0);
  const has = nodePools.reduce(
    (sum, pool) => ({
      cpu: sum.cpu + roomOf(pool).cpu * pool.nodesMax,
      memory: sum.memory + roomOf(pool).memoryBytes * pool.nodesMax,
    }),
    { cpu: 0, memory: 0 },
  );
  const say = judging(at)("runtime/capacity", plan.platform);
  const evidence = [
    seen(
      "CPU that all pods ask for",
      Math.round(cpu * 10) / 10,
      `at most ${Math.floor(has.cpu)}`,
      SOURCE,
      all.length,
    ),
    seen(
      "GiB that all pods ask for",
      Math.round((memory / 2 ** 30) * 10) / 10,
      `at most ${Math.floor(has.memory / 2 ** 30)}`,
      SOURCE,
      all.length,
    ),
  ];
  return cpu <= has.cpu && memory <= has.memory
    ? say.pass("The target's pools may grow to what all pods ask for.", evidence)
    : say.fail(
        "All pods together ask for more than the target's pools may grow to.",
        "Raise nodesMax of target.nodePools, or give pools larger nodes.",
        evidence,
      );
};

const SOCKETS = /(docker|containerd|crio|cri-dockerd)(\/[\w.-]+)*\.sock$|^\/var\/run\/docker/;

const host = (plan: Judged, all: readonly Running[], at: string): Verdict => {
  const problems = all.flatMap(({ workload, template }) => {
    const socket = (template.spec.volumes ?? []).find((v) => v.hostPath && SOCKETS.test(v.hostPath.path));
    return socket && !/containerd\.sock$/.test(socket.hostPath?.path ?? "")
      ? [
          {
            name: nameOf(workload),
            why: `it mounts ${socket.hostPath?.path}, which nodes with containerd don't have`,
          },
        ]
      : [];
  });
  return verdictOf(
    judging(at)("runtime/host", plan.platform),
    problems,
    all.length,
    "No pod needs a container runtime's socket that the target's nodes don't have.",
    "Build images with a tool that needs no Docker daemon (BuildKit, Kaniko), or read containers through the kubelet.",
  );
};

const PULLS_FOR_PODS = "kubernetes.io/dockerconfigjson";

const registry = (plan: Judged, all: readonly Running[], at: string): Verdict => {
  const secrets = new Set(
    objectsOf(plan)
      .filter((o) => o.kind === "Secret")
      .map((o) => `${o.metadata.namespace ?? "default"}/${o.metadata.name}`),
  );
  const problems = all.flatMap(({ workload, template }) => {
    const pulls = (template.spec["imagePullSecrets"] ?? []) as readonly { readonly name?: string }[];
    const missing = pulls.find((p) => !secrets.has(`${workload.namespace}/${p.name ?? ""}`));
    return missing
      ? [{ name: nameOf(workload), why: `its pull secret ${missing.name ?? ""} isn't among the manifests` }]
      : [];
  });
  const say = judging(at)("runtime/registry", plan.platform);
  const evidence = [seen("workloads whose pull secret is unknown", problems.length, "0", SOURCE, all.length)];
  if (problems.length === 0)
    return say.pass("Each pull secret that a pod names is among the manifests.", evidence);
  // People leave Secrets out of what they hand over, and Velero restores them all the same; a pod that can't pull never becomes Ready, which holds its wave.
  return say.pass(
    `${some(problems.map((p) => `${p.name}: ${p.why}`).sort(byCodeUnit), 3)}: watch that the Secret (type ${PULLS_FOR_PODS}) is on the source, so that the backup has it.`,
    evidence,
  );
};

const OLD_JAVA =
  /(?:openjdk|temurin|corretto|zulu|adoptopenjdk|java)[^:]*:(?:8u(?:[12]\d\d|3[0-6]\d|\d\d?)\b|11\.0\.(?:\d|1[0-5])\b|(?:7|9|10|12|13|14)(?:\b|-))/;

const memoryLimits = (plan: Judged, all: readonly Running[], at: string): Verdict => {
  const problems = all.flatMap(({ workload, template }) => {
    const old = containersOf(template.spec).find(({ container }) => OLD_JAVA.test(container.image ?? ""));
    return old
      ? [
          {
            name: nameOf(workload),
            why: `${old.container.image} reads cgroup v1 only, and sees the whole node's memory under cgroup v2`,
          },
        ]
      : [];
  });
  return verdictOf(
    judging(at)("runtime/cgroup-v2", plan.platform),
    problems,
    all.length,
    "No image is known to misread its memory limit under cgroup v2.",
    "Use a JDK of 8u372, 11.0.16, 15 or later.",
  );
};

/**
 * Judges each workload that will run on the target.
 * @param observedAt when the judgement was made, ISO 8601: evidence only.
 */
export const checkRuntime = (plan: Judged, observedAt = ""): Verdict[] => {
  const all = running(plan);
  if (all.length === 0)
    return [
      judging(observedAt)("runtime/placing", plan.platform).pass("Nothing of the plan runs on the target.", [
        seen("workloads that run on the target", 0, "none to place", SOURCE, plan.workloads.length),
      ]),
    ];
  return [placing, capacity, host, registry, memoryLimits].map((check) => check(plan, all, observedAt));
};
