/** The small shop that single steps are tried on: an application, a singleton and a schedule, with every operation that they take. */

import type { RecordSet } from "../../domain/effects.ts";
import type { KubeObject, Ref } from "../../domain/kube.ts";
import { numbered, operationOf } from "../../domain/operations.ts";
import type { Plan, Workload } from "../../domain/plan.ts";
import { anObject, aPlan, aWorkload } from "../domain/checks.fixture.ts";
import { deployment, scoped } from "./move-bench.ts";

export const RUN = { migration: "shop-1", plan: "abc" };
export const ZONE = "live.example";
export const HOST = "www.live.example";

const OPERATIONS: readonly (readonly [name: string, subject?: string])[] = [
  ["lower-ttls"],
  ["create-zone"],
  ["shift", "shop/cart"],
  ["hand-over", "shop/scheduler"],
  ["hand-over", "shop/nightly"],
  ["raise-target", "shop/cart"],
  ["carry-records"],
  ["delegate-zone"],
  ["repoint-old-zone"],
  ["lower-source", "shop/cart"],
  ["resume-pipelines"],
  ["retire-source", "shop/cart"],
  ["retire-source", "shop/scheduler"],
  ["retire-source", "shop/nightly"],
  ["restore-ttls"],
];

export const cronJob = (name: string, spec: object = {}): KubeObject =>
  anObject("batch/v1", "CronJob", name, {
    spec: {
      schedule: "*/10 * * * *",
      startingDeadlineSeconds: 120,
      jobTemplate: {
        spec: {
          template: {
            spec: {
              restartPolicy: "Never",
              containers: [{ name: "main", image: "registry.example/nightly:1" }],
            },
          },
        },
      },
      ...spec,
    },
  });

export const objects: readonly KubeObject[] = [
  scoped("v1", "Namespace", "shop"),
  deployment("cart"),
  deployment("scheduler", { replicas: 1 }),
  cronJob("nightly"),
];

export const smallPlan = (
  over: Partial<Plan> = {},
  settings: Readonly<Record<string, unknown>> = {},
): Plan => {
  const operations = [
    ...numbered(
      OPERATIONS.map(([name, subject]) => ({
        name: name as never,
        phase: "freeze" as const,
        sentence: name,
        ...(subject === undefined ? {} : { subject }),
      })),
    ),
  ];
  const of = (name: string, subject: string) => operationOf({ operations }, name, subject);
  return aPlan(
    {
      operations,
      workloads: [
        aWorkload({ operation: of("shift", "shop/cart") }),
        aWorkload({
          name: "scheduler",
          class: "singleton",
          move: "stop-then-start",
          replicas: 1,
          half: 1,
          services: [],
          hosts: [],
          operation: of("hand-over", "shop/scheduler"),
        }),
        aWorkload({
          name: "nightly",
          kind: "CronJob",
          apiVersion: "batch/v1",
          class: "cron",
          move: "hand-over-schedule",
          replicas: 0,
          half: 0,
          services: [],
          hosts: [],
          operation: of("hand-over", "shop/nightly"),
        }),
      ] as Workload[],
      objects: objects as unknown as Plan["objects"],
      ...over,
    },
    settings,
  );
};

export const RECORDS: readonly RecordSet[] = [
  { name: `${HOST}.`, type: "A", ttlSeconds: 300, values: ["192.0.2.10"] },
  { name: `docs.${ZONE}.`, type: "CNAME", ttlSeconds: 3_600, values: ["elsewhere.example."] },
];

export const CART: Ref = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "cart" };
export const SCHEDULER: Ref = { ...CART, name: "scheduler" };
export const NIGHTLY: Ref = { apiVersion: "batch/v1", kind: "CronJob", namespace: "shop", name: "nightly" };
