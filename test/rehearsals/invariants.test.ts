/** The simulator is no yes-man: for each invariant a wrong workflow or a wrong step, which breaks exactly that; and the right one, which breaks none. */

import { describe, expect, it } from "vitest";
import type { RehearsalOptions } from "../../simulator/rehearsal/rehearse.ts";
import { BROKER, broken, planned, run } from "./small.ts";
import * as steps from "./wrong/steps.ts";
import * as workflows from "./wrong/workflows.ts";

type Wrong = {
  readonly title: string;
  /** Made when the test runs: an edit of what isn't there fails its own test only. */
  readonly wrong: () => Partial<RehearsalOptions>;
  readonly breaks: readonly string[];
  /** A fitting sentence that must be among the violations. */
  readonly says?: RegExp;
  readonly plan?: () => ReturnType<typeof planned>;
};

/** Without what else must not exist twice. */
const without = (...names: readonly string[]) =>
  planned(Object.fromEntries(names.map((name) => [name, null])), {
    ...(names.includes("scheduler") ? { classes: {} } : {}),
    ...(names.includes("meter") ? { groups: [] } : {}),
    ...(names.includes("worker") ? { queues: [] } : {}),
  });
/** More than one pod can serve. */
const busy = () => planned({}, { load: [{ host: "www.shop.example.org", requestsPerSecond: 160 }] });
/** Less than half of the pods can serve. */
const calm = () => planned({}, { load: [{ host: "www.shop.example.org", requestsPerSecond: 45 }] });
const withBroker = () => planned(BROKER, { decisions: { "shop/broker": "keep-on-source" } });
const closed = () => planned({}, { window: { timeZone: "UTC", start: "20:00", end: "23:00" } });

const WRONG: readonly Wrong[] = [
  {
    title: "an effect before its intent",
    wrong: () => ({ steps: steps.effectBeforeIntent() }),
    breaks: ["intent-before-effect"],
    says: /scale-workload .*shop\/cart/,
  },
  {
    title: "an effect without an intent",
    wrong: () => ({ steps: steps.effectWithoutIntent() }),
    breaks: ["intent-before-effect"],
  },
  {
    title: "another value than the one intended",
    wrong: () => ({ steps: steps.otherThanIntended() }),
    breaks: ["intent-before-effect"],
  },
  {
    title: "an effect forward after the fence",
    wrong: () => ({
      machines: workflows.forwardInRollback(),
      steps: steps.blindToTheFence("take-snapshot"),
      rollBackAt: "build-target",
    }),
    breaks: ["fence"],
    says: /take-snapshot/,
  },
  {
    title: "a gate that passes on no verdict at all",
    wrong: () => ({ steps: steps.vacuous("compare-clusters") }),
    breaks: ["gates"],
    says: /compare-clusters .*unknown/,
  },
  {
    title: "a gate that keeps no evidence",
    wrong: () => ({ steps: steps.unrecorded("compare-clusters") }),
    breaks: ["gates"],
    says: /without any evidence/,
  },
  {
    title: "a gate that passes without a sample",
    wrong: () => ({ steps: steps.sampleless("compare-clusters") }),
    breaks: ["gates"],
    says: /without a sample/,
  },
  {
    title: "a step that begins while the guard holds",
    wrong: () => ({ steps: steps.blindToTheGuard() }),
    breaks: ["guarded"],
    says: /scale-workload .* has held the run/,
  },
  {
    title: "a guard that goes on what it doesn't know",
    wrong: () => ({
      machines: workflows.guardGoesAnyway(),
      faults: [{ kind: "metrics-missing", step: "delegate-zone" }],
    }),
    breaks: ["gates"],
    says: /guard-platform .*unknown/,
  },
  {
    title: "a workflow that takes unknown for a pass",
    wrong: () => ({ machines: workflows.unknownPasses() }),
    breaks: ["gates"],
    says: /unknown/,
  },
  {
    title: "a preflight that goes on without an answer",
    wrong: () => ({
      machines: workflows.uncheckedPreflight(),
      faults: [{ kind: "metrics-missing", step: "check-metrics", seconds: 60 }],
    }),
    breaks: ["gates"],
    says: /check-metrics of preflight .* unknown/,
  },
  {
    title: "workers of a queue that stop on the source before any consume on the target",
    wrong: () => ({ machines: workflows.workersStoppedFirst() }),
    breaks: ["queue-workers"],
    says: /shop\/worker went from 2 to 1 on the source while 0 consumed/,
  },
  {
    title: "workers that are ready and taken for consuming",
    wrong: () => ({
      machines: workflows.consumersNotAsked(),
      faults: [{ kind: "broker-unreachable", step: "measure-workers", seconds: 900 }],
    }),
    breaks: ["queue-workers"],
  },
  {
    title: "twice as many workers as there were, at the same time",
    wrong: () => ({ machines: workflows.workersDoubled() }),
    breaks: ["equality", "queue-workers"],
    says: /wants 6 workers on both sides, where 3 are the most/,
  },
  {
    title: "a grant by somebody who may not",
    wrong: () => ({ listeners: steps.votes(({ plan }) => ({ plan, person: "mallory" })) }),
    breaks: ["approvals"],
    says: /granted by 0 entitled/,
  },
  {
    title: "a grant for another plan",
    wrong: () => ({ listeners: steps.votes(({ person }) => ({ plan: "another", person })) }),
    breaks: ["approvals"],
  },
  {
    title: "a decommissioning that one person grants",
    wrong: () => ({ listeners: steps.votes((click) => click) }),
    breaks: ["approvals"],
    says: /decommission was granted by 1 entitled people where 2/,
  },
  {
    title: "a cut that nobody was asked about",
    wrong: () => ({ machines: workflows.nobodyAsked() }),
    breaks: ["approvals"],
    says: /delegate-zone/,
  },
  {
    title: "a decommissioning that nobody was asked about",
    wrong: () => ({ machines: workflows.retiredUnasked() }),
    breaks: ["approvals"],
    says: /retire-workload/,
  },
  {
    title: "a cut outside of the window",
    wrong: () => ({ steps: steps.alwaysOpen() }),
    breaks: ["window"],
    plan: closed,
  },
  { title: "a history without an end", wrong: () => ({ machines: workflows.endless() }), breaks: ["limits"] },
  {
    title: "a call that is not declared",
    wrong: () => ({ steps: steps.undeclared() }),
    breaks: ["permissions"],
    says: /scale-workload was denied kubernetes/,
  },
  { title: "a token in a log", wrong: () => ({ steps: steps.talkative() }), breaks: ["secrets"] },
  {
    title: "the source down first",
    wrong: () => ({ machines: workflows.sourceDownFirst() }),
    breaks: ["requests", "source-capacity"],
    plan: busy,
  },
  {
    title: "TTLs that nobody waits out",
    wrong: () => ({ machines: workflows.ttlNotWaitedOut() }),
    breaks: ["requests", "source-capacity"],
    plan: busy,
  },
  {
    title: "a singleton started before it is stopped",
    wrong: () => ({ machines: workflows.startedBeforeStopped() }),
    breaks: ["singletons"],
    plan: () => without("meter"),
  },
  {
    title: "a static member started before it is stopped",
    wrong: () => ({ machines: workflows.idsHandedOverFirst() }),
    breaks: ["static-members"],
    plan: () => without("scheduler"),
  },
  {
    title: "both sides of a cron job",
    wrong: () => ({ machines: workflows.bothSchedule() }),
    breaks: ["cron-jobs"],
    says: /both clusters/,
  },
  {
    title: "a cron job that nobody schedules",
    wrong: () => ({ machines: workflows.nobodySchedules() }),
    breaks: ["cron-jobs"],
    says: /missed more than one tick/,
  },
  {
    title: "a broker stopped with what waits in it",
    wrong: () => ({ steps: steps.brokerStopped() }),
    breaks: ["messages"],
    plan: withBroker,
  },
  {
    title: "an undo that is skipped",
    wrong: () => ({ machines: workflows.undoSkipped(), rollBackAt: "freeze" }),
    breaks: ["undo"],
  },
  {
    title: "an undo that leaves out what was frozen",
    wrong: () => ({
      steps: steps.forgetfulUndo((key) => key.includes("-install-freeze-policy")),
      rollBackAt: "freeze",
    }),
    breaks: ["undo"],
    says: /ValidatingAdmissionPolicy .* was left there/,
  },
  {
    title: "an undo by difference, of what never happened",
    wrong: () => ({ steps: steps.undoByDelta(steps.neverMade()) }),
    breaks: ["undo"],
    says: /shop\/web spec\.replicas was 4 and is [56]/,
  },
  {
    title: "a target that stays at its half",
    wrong: () => ({ machines: workflows.targetStaysAtHalf() }),
    breaks: ["equality"],
    says: /spec\.replicas/,
    plan: calm,
  },
  {
    title: "a field that the plan doesn't name",
    wrong: () => ({ steps: steps.embellishing() }),
    breaks: ["equality"],
    says: /moved-by/,
  },
];

describe("a wrong workflow is found out", () => {
  it.each(WRONG)("$title breaks $breaks", async ({ wrong, breaks, says, plan }) => {
    const ran = await run(plan?.() ?? planned(), wrong());
    expect(broken(ran), ran.sentence).toEqual(breaks);
    expect(ran.exitCode).toBe(6);
    if (says) expect(ran.summary.violations.map((v) => v.sentence).join("\n")).toMatch(says);
  });
});

describe("the right workflow breaks nothing where the wrong ones do", () => {
  it.each([
    ["the small platform", () => planned()],
    ["the same with more to serve", busy],
    ["the same with a broker that stays behind", withBroker],
    ["the same with a window in the evening", closed],
  ])("%s", async (_, plan) => {
    const { summary, exitCode, sentence } = await run(plan());
    expect(summary.violations).toEqual([]);
    expect([exitCode, summary.requests.failed, sentence]).toEqual([0, 0, expect.any(String)]);
  });
});

describe("an effect that is on record and never happened", () => {
  it("is undone to what stands", async () => {
    const ran = await run(planned(), { steps: steps.neverMade() });
    expect([ran.exitCode, ran.summary.requests.failed, broken(ran)]).toEqual([4, 0, []]);
  });
});
