/** A small platform for the tests of preflight's judgements: a shop with a database, and ways to make its world wrong. */

import type { Verdict } from "../../domain/gates.ts";
import type { KubeObject } from "../../domain/kube.ts";
import type { Plan, Workload } from "../../domain/plan.ts";
import { type Settings, SettingsSchema } from "../../domain/settings.ts";

export const AT = "2026-03-03T02:00:00.000Z";

export const aWorkload = (over: Partial<Workload> = {}): Workload => ({
  namespace: "shop",
  name: "cart",
  kind: "Deployment",
  apiVersion: "apps/v1",
  class: "stateless",
  evidence: [],
  move: "half-and-half",
  replicas: 4,
  half: 2,
  floor: 1,
  drains: true,
  readySecondsExpected: 5,
  readyDeadlineSeconds: 600,
  pauseSecondsMax: null,
  services: ["shop/cart"],
  calls: [],
  hosts: ["www.live.example"],
  wave: 1,
  operation: "0040-shift:shop/cart",
  ...over,
});

const cluster = (name: string, kubernetesVersion: string) => ({
  name,
  kubernetesVersion,
  nodePools: [{ name: "general", nodesMin: 2 }],
  egressAddresses: ["203.0.113.10", "203.0.113.11"],
});

type Input = Parameters<typeof SettingsSchema.parse>[0] & Readonly<Record<string, unknown>>;

export const someSettings = (over: Readonly<Record<string, unknown>> = {}): Settings => {
  const input: Input = {
    platform: "shop",
    source: cluster("shop-kops", "1.31"),
    target: cluster("shop-eks", "1.33"),
    dns: { zone: "live.example", parent: "example" },
    window: { timeZone: "UTC", start: "01:00", end: "05:00" },
    approvals: {
      approvers: [
        { person: "amara", role: "lead" },
        { person: "jonas", role: "on-call" },
      ],
    },
    gates: {},
    policy: {},
    capacity: [{ workload: "*", requestsPerSecondPerPod: 100 }],
    load: [{ host: "www.live.example", requestsPerSecond: 50, peakFactor: 2 }],
    ...over,
  };
  return SettingsSchema.parse(input);
};

export const aPlan = (over: Partial<Plan> = {}, settings: Readonly<Record<string, unknown>> = {}): Plan => ({
  format: 1,
  platform: "shop",
  migration: "shop-1",
  settings: someSettings(settings),
  workloads: [aWorkload()],
  hosts: [{ host: "www.live.example", namespace: "shop", service: "cart" }],
  operations: [],
  changes: [],
  assumptions: [],
  open: [],
  limits: [],
  price: { stateTransitions: 0, doubleRunningHours: 0, freezeMinutes: 0 },
  objects: [aDeployment()] as unknown as Plan["objects"],
  ...over,
});

export const withObjects = (...objects: readonly KubeObject[]): Plan =>
  aPlan({ objects: objects as unknown as Plan["objects"] });

type Template = {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: object;
  readonly container?: object;
};

export const aDeployment = (
  name = "cart",
  template: Template = {},
  spec: object = {},
  status: object = { readyReplicas: 4 },
): KubeObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name, namespace: "shop" },
  spec: {
    replicas: 4,
    template: {
      metadata: { ...(template.annotations ? { annotations: template.annotations } : {}) },
      spec: {
        containers: [{ name: "main", image: "registry.example/cart:1", ...template.container }],
        ...template.spec,
      },
    },
    ...spec,
  },
  status,
});

export const anObject = (
  apiVersion: string,
  kind: string,
  name: string,
  rest: object = {},
  namespace: string | undefined = "shop",
): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  ...rest,
});

/** `check: verdict` of each, for tables. */
export const brief = (verdicts: readonly Verdict[] | Verdict): readonly string[] =>
  (Array.isArray(verdicts) ? (verdicts as readonly Verdict[]) : [verdicts as Verdict]).map(
    (v) => `${v.check}: ${v.verdict}`,
  );

/** What every verdict owes to whoever reads it later. */
export const complaints = (verdicts: readonly Verdict[]): readonly string[] =>
  verdicts.flatMap((v) => [
    ...(v.verdict === "pass" && v.evidence.every((e) => e.samples === 0)
      ? [`${v.check} passes without a sample`]
      : []),
    ...(v.evidence.length === 0 ? [`${v.check} has no evidence`] : []),
    ...(v.evidence.some((e) => e.observedAt !== AT) ? [`${v.check} doesn't say when`] : []),
    ...(v.verdict !== "pass" && v.remedy === undefined ? [`${v.check} has no remedy`] : []),
    ...(/^[A-Z0-9a-z].*[.!]$/.test(v.sentence) ? [] : [`${v.check} is no sentence: ${v.sentence}`]),
    ...(/undefined|NaN|\[object/.test(v.sentence) ? [`${v.check} has a hole: ${v.sentence}`] : []),
  ]);

/** The same, whenever the verdicts were made. */
export const complaintsAt = (verdicts: readonly Verdict[]): readonly string[] =>
  complaints(verdicts)
    .filter((c) => !c.endsWith("doesn't say when"))
    .concat(
      verdicts
        .filter((v) => v.evidence.some((e) => Number.isNaN(Date.parse(e.observedAt))))
        .map((v) => `${v.check} doesn't say when`),
    );
