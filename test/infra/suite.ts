/** The rehearsals over which every declared permission has to be used: platforms, ways back, answers of people, faults. */

import { PHASES } from "../../domain/phases.ts";
import { buildPlan, planHash, planText } from "../../domain/planning/build.ts";
import type { RehearsalOptions } from "../../simulator/rehearsal/rehearse.ts";
import { hasInputs, objectsOf, published } from "../domain/platform.ts";
import { example, type Planned, planned, rich, SETTINGS } from "../rehearsals/small.ts";

export type Rehearsal = {
  readonly title: string;
  readonly plan: () => Promise<Planned>;
  readonly options: Partial<RehearsalOptions>;
};

const BACK = PHASES.filter((phase) => phase !== "decommission");

const platform = (
  title: string,
  plan: () => Promise<Planned>,
  backAt: readonly (typeof BACK)[number][],
): readonly Rehearsal[] => [
  { title, plan, options: {} },
  ...backAt.map((rollBackAt) => ({
    title: `${title}, back after ${rollBackAt}`,
    plan,
    options: { rollBackAt },
  })),
];

const input = (name: "online-boutique" | "opentelemetry-demo") => async (): Promise<Planned> => {
  const plan = buildPlan(objectsOf(published(name)), undefined, { decide: {}, decideAll: "rebuild" });
  return { plan, hash: planHash(planText(plan)) };
};

/** Cheap ones first: a permission is proved by the first rehearsal that uses it. */
export const SUITE: readonly Rehearsal[] = [
  ...platform("the small platform", async () => planned(), BACK),
  ...platform("the small platform with a broker and an autoscaler", async () => rich(), BACK),
  {
    title: "a window with a change calendar",
    plan: async () =>
      planned({}, { window: { ...SETTINGS.window, changeCalendars: [{ name: "platform-freeze" }] } }),
    options: {},
  },
  { title: "approval denied", plan: async () => planned(), options: { approve: "deny" } },
  { title: "approval never given", plan: async () => planned(), options: { approve: "never" } },
  {
    title: "a pod that is never ready",
    plan: async () => rich(),
    options: { faults: [{ kind: "pod-never-ready", step: "scale-workload" }] },
  },
  {
    title: "metrics that are missing",
    plan: async () => rich(),
    options: { faults: [{ kind: "metrics-missing", step: "observe-stragglers" }] },
  },
  ...platform("the example platform", () => example(), ["move-workloads", "cut-traffic", "thaw"]),
  ...(hasInputs ? (["online-boutique", "opentelemetry-demo"] as const) : []).map((name) => ({
    title: name,
    plan: input(name),
    options: {},
  })),
];
