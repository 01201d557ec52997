/** The rehearsals over which every declared permission has to be used: platforms, ways back, answers of people, faults. */

import { PHASES } from "../../domain/phases.ts";
import { buildPlan, planHash, planText } from "../../domain/planning/build.ts";
import type { RehearsalOptions } from "../../simulator/rehearsal/rehearse.ts";
import { hasInputs, objectsOf, published } from "../domain/platform.ts";
import { example, type Planned, planned, rich, SETTINGS } from "../rehearsals/small.ts";

import {
  busy,
  called,
  drainedGroup,
  drainedQueue,
  edge,
  gitops,
  grown,
  guarded,
  manyNames,
  otherKinds,
  quietGroup,
  steadyController,
  stores,
  withJob,
} from "./platforms.ts";

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

/** One fault on the richer of the small platforms. */
const struck = (
  kind: string,
  step: string,
  options: Partial<RehearsalOptions> = {},
): readonly Rehearsal[] => [
  {
    title: `${kind} at ${step}`,
    plan: async () => rich(),
    options: { ...options, faults: [{ kind, step }] },
  },
];

/** As often as a state machine tries again with some to spare. */
const DEATHS = 6;

/** A step that dies after one effect after the other, from the effect after `skip` on: what was created is looked at by the next attempt. */
const dying = (
  step: string,
  skip = 0,
  plan: () => Planned = rich,
  rollBackAt?: "move-workloads",
): Rehearsal => ({
  title: `${step} dies after each of ${DEATHS} effects, the first of them after ${skip}`,
  plan: async () => plan(),
  options: {
    faults: [{ kind: "crash-after-effect", step, count: DEATHS, skip }],
    ...(rollBackAt === undefined ? {} : { rollBackAt }),
  },
});

/** Effects of the bundle on both sides, in strides of what one rehearsal can strike. */
const BUNDLE = [0, 6, 12, 18, 24, 30, 36, 42];

/** Several conditions on one rehearsal, where that can be: each costs half a second. */
export const SUITE: readonly Rehearsal[] = [
  ...platform("the small platform", async () => planned(), BACK),
  ...platform("the small platform with a broker and an autoscaler", async () => rich(), BACK),
  {
    title: "a window with a change calendar",
    plan: async () =>
      planned({}, { window: { ...SETTINGS.window, changeCalendars: [{ name: "platform-freeze" }] } }),
    options: {},
  },
  ...platform("deployed from repositories", async () => gitops(), []),
  ...platform("guarded by a webhook", async () => guarded("Deployment"), ["thaw"]),
  { title: "guarded by a webhook of a StatefulSet", plan: async () => guarded("StatefulSet"), options: {} },
  {
    title: "guarded by a webhook of a DaemonSet, which two invocations create",
    plan: async () => guarded("DaemonSet"),
    options: { faults: [{ kind: "zombie", step: "restore-hooks" }] },
  },
  ...platform("other kinds in the same roles", async () => otherKinds(), ["cut-traffic"]),
  { title: "a Job that has run", plan: async () => withJob(), options: {} },
  { title: "a queue that runs empty", plan: async () => drainedQueue(), options: {} },
  { title: "a group that reads its topic empty", plan: async () => drainedGroup(), options: {} },
  { title: "a group that waits for its quiet hours", plan: async () => quietGroup(), options: {} },
  { title: "a singleton that others call", plan: async () => called(), options: {} },
  ...platform("many public names", async () => manyNames(), ["cut-traffic"]),
  { title: "clients come in through a DaemonSet", plan: async () => edge(), options: {} },
  { title: "a controller in a StatefulSet", plan: async () => steadyController(), options: {} },
  ...platform("volumes that are copied", async () => stores(), ["move-workloads"]),
  {
    title: "no snapshot to be had on the way back, and who resumes on the target and who tells of it die",
    plan: async () => stores(),
    options: {
      rollBackAt: "thaw",
      faults: [
        { kind: "volume-snapshot-fails", step: "return-volumes" },
        { kind: "crash-after-effect", step: "resume-on-target", count: 3 },
        { kind: "crash-after-effect", step: "page-person" },
      ],
    },
  },
  {
    title: "every kind was deployed on the target meanwhile and goes back",
    plan: async () => busy(),
    options: { rollBackOn: "decommission/Ask two people" },
  },
  {
    title: "what grew over the years, and somebody deploys by break-glass",
    plan: async () => grown(),
    options: { faults: [{ kind: "break-glass-deploy", step: "link-services" }] },
  },
  {
    title: "the way back is asked for before the clusters are taken",
    plan: async () => planned(),
    options: {
      rollBackOn: "migrate-cluster/Read the plan",
      faults: [{ kind: "crash-before-effect", step: "validate-start" }],
    },
  },
  // Who is first is a matter of milliseconds: in two of three nights the fence goes up between the look at it and the first deletion.
  ...[1, 2, 3, 4, 5].map((seed) => ({
    title: `the way back is asked for while the first workload retires, seed ${seed}`,
    plan: async () => planned(),
    options: { seed, rollBackOn: "decommission/Retire each workload" },
  })),
  ...(["execution-aborted", "event-lost"] as const).map((kind) => ({
    title: `${kind} before anything was changed`,
    plan: async () => planned(),
    // Preflight waits for its figures, and has lowered no TTL when it is stopped.
    options: {
      faults: [
        { kind: "metrics-missing", step: "check-metrics", seconds: 100 },
        { kind, step: "check-dns" },
      ],
    },
  })),
  {
    title: "Slack is down when people are asked, and comes back",
    plan: async () => planned(),
    options: { faults: [{ kind: "slack-down", step: "ask-people", seconds: 900 }] },
  },
  ...struck("secret-renewed", "scale-workload"),
  ...(["record-added", "record-removed"] as const).flatMap((kind) => [
    ...struck(kind, "link-services"),
    {
      title: `${kind} in the new zone, and that is left again`,
      plan: async () => planned(),
      options: { rollBackAt: "thaw" as const, faults: [{ kind, step: "lift-freeze" }] },
    },
  ]),
  ...struck("execution-aborted", "scale-workload"),
  {
    title: "execution-aborted after the delegation, and Slack takes the page later",
    plan: async () => rich(),
    options: {
      faults: [
        { kind: "slack-down", step: "measure-ttls", seconds: 400 },
        { kind: "execution-aborted", step: "measure-ttls" },
      ],
    },
  },
  ...struck("event-lost", "scale-workload"),
  ...struck("crash-before-return", "end-guard"),
  ...struck("rollback-twice", "undo-effect", { rollBackAt: "move-workloads" }),
  ...BUNDLE.map((skip) => dying("install-bundle", skip)),
  ...["install-freeze-policy", "install-probes", "restore-workloads", "run-e2e-suite", "take-snapshot"].map(
    (step) => dying(step),
  ),
  dying("warm-target"),
  dying("copy-volumes", 0, stores),
  dying("return-volumes", 0, stores, "move-workloads"),
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
  ...platform("the example platform", () => example(), ["cut-traffic", "thaw"]),
  {
    title: "the example platform, back after move-workloads, compared while the target hangs",
    plan: () => example(),
    options: {
      rollBackAt: "move-workloads",
      faults: [{ kind: "target-unreachable", step: "compare-with-start" }],
    },
  },
  ...(hasInputs ? (["online-boutique", "opentelemetry-demo"] as const) : []).map((name) => ({
    title: name,
    plan: input(name),
    options: {},
  })),
];
