/** Planted bugs of gates: passes that nothing stands behind, and workflows that go on without one. */

import { keys } from "../../domain/journal.ts";
import type { GateInput, GateResult } from "../../functions/gate.ts";
import { type Guard, guardKey } from "../../functions/guard.ts";
import { kindsOf, stockOf } from "../../functions/objects.ts";
import { bucketOf, kubernetesOf, type Run } from "../../functions/run.ts";
import { snapshotOf } from "../../functions/snapshot.ts";
import type { Context } from "../../functions/step.ts";
import type { PlantedBug } from "./bug.ts";
import { blindTo, reading } from "./clients.ts";
import { all, changed, inMachine, inStep, type Program } from "./edit.ts";

const PASS: GateResult = { verdict: "pass", sentence: "Nothing failed.", askedMax: 1, pollSeconds: 1 };

const record = (input: unknown, context: Context, gate: string, verdicts: readonly object[]) => {
  const { run, phase, watcher, asked } = input as GateInput;
  return bucketOf(context).putNew(keys.evidence(run.migration, phase, `${gate}/${watcher}-${asked}`), {
    verdicts,
  });
};

/** The source as it is now, in place of the snapshot that it is held against. */
const renewed = async (input: unknown, context: Context): Promise<Context> => {
  const { run } = input as GateInput;
  const kinds = kindsOf(await snapshotOf(context, run, "freeze"));
  const { byKey } = await stockOf(kubernetesOf(context, "source"), kinds);
  return reading(context, /snapshots\/freeze\.json$/, () => ({ objects: [...byKey.values()] }));
};

/** A verdict whose one piece of evidence is given. */
const claimed = (
  input: unknown,
  context: Context,
  evidence: { readonly value: number; readonly samples: number },
) => [
  {
    check: "platform/errors",
    subject: (input as GateInput).subject,
    verdict: "pass",
    sentence: "No errors.",
    evidence: [
      {
        what: "Errors.",
        threshold: "at most 1",
        source: "a query",
        observedAt: context.now().toISOString(),
        ...evidence,
      },
    ],
  },
];

/** The comparison of both clusters as a gate that says yes, after it has kept some evidence. */
const yesMan = (keep: (input: unknown, context: Context) => Promise<unknown>) =>
  inStep("compare-clusters", () => async (input, context) => {
    await keep(input, context);
    return PASS;
  });

export const GATES: readonly PlantedBug[] = [
  {
    name: "baseline-renewed",
    sentence: "Drift is told from a snapshot that is made anew for each look: nothing ever drifts.",
    area: "step",
    caughtBy: "promises",
    plant: inStep(
      "observe-drift",
      (right) => async (input, context) => right(input, await renewed(input, context)),
    ),
    shownBy: { faults: [{ kind: "object-added", step: "link-services" }] },
  },
  {
    name: "vacuous-gate",
    sentence: "A gate passes because the list of its verdicts is empty: nothing in it has failed.",
    area: "step",
    caughtBy: "gates",
    plant: yesMan((input, context) => record(input, context, "compare-clusters", [])),
  },
  {
    name: "gate-without-evidence",
    sentence: "A gate passes and keeps no evidence.",
    area: "step",
    caughtBy: "gates",
    plant: yesMan(async () => undefined),
  },
  {
    name: "gate-without-samples",
    sentence: "A gate passes on a figure with no sample behind it.",
    area: "step",
    caughtBy: "gates",
    plant: yesMan((input, context) =>
      record(input, context, "compare-clusters", claimed(input, context, { value: 0, samples: 0 })),
    ),
  },
  {
    name: "verdict-against-evidence",
    sentence: "A gate passes although the figure that it keeps is beyond its threshold.",
    area: "step",
    caughtBy: "evidence",
    plant: yesMan((input, context) =>
      record(input, context, "compare-clusters", claimed(input, context, { value: 7, samples: 100 })),
    ),
  },
  {
    name: "unknown-taken-as-pass",
    sentence: "The watcher of gates goes on unless the gate has failed: unknown is good enough.",
    area: "workflow",
    caughtBy: "gates",
    plant: inMachine(
      "watch-gates",
      changed("Passed?", { Choices: [{ Condition: "{% $seen.verdict != 'fail' %}", Next: "Passed" }] }),
    ),
  },
  {
    name: "patience-taken-for-a-pass",
    sentence: "A gate that was asked often enough counts as passed; nobody is asked.",
    area: "workflow",
    caughtBy: "gates",
    plant: inMachine("watch-gates", changed("Passed?", { Default: "Passed" })),
    shownBy: { faults: [{ kind: "metrics-missing", step: "compare-platform" }] },
  },
  {
    name: "preflight-without-answer",
    sentence: "Preflight goes on unless a check has failed, also where one could not be made.",
    area: "workflow",
    caughtBy: "gates",
    plant: inMachine(
      "preflight",
      changed("What did they say?", {
        Choices: [{ Condition: "{% 'fail' in $verdicts.verdict %}", Next: "Refused" }],
        Default: "Remember the start",
      }),
    ),
    shownBy: { faults: [{ kind: "metrics-missing", step: "check-metrics", seconds: 60 }] },
  },
  {
    name: "guard-not-heard",
    sentence: "The guard holds the run, and what scales workloads doesn't listen.",
    area: "step",
    caughtBy: "guarded",
    plant: all(
      holding,
      inStep("scale-workload", (right) => (input, context) => right(input, blindTo(context, "/guard.json"))),
    ),
  },
  {
    name: "guard-goes-anyway",
    sentence: "The guard goes when the work is over, whatever it saw last.",
    area: "workflow",
    caughtBy: "gates",
    plant: inMachine(
      "guard",
      changed("Is all well?", {
        Choices: [
          { Condition: "{% $exists($seen.ended) and $asked > 12 %}", Next: "Over" },
          { Condition: "{% $seen.verdict = 'pass' %}", Next: "Until the next look" },
        ],
        Default: "Look again soon",
      }),
    ),
    shownBy: { faults: [{ kind: "metrics-missing", step: "observe-stragglers" }] },
  },
];

/** A guard that holds from its first look on. */
function holding(right: Program): Program {
  const held = new WeakMap<Context, object>();
  return inStep("guard-platform", (real) => async (input, context) => {
    const known = held.get(context);
    if (known) return known;
    const answer = { ...((await real(input, context)) as object), verdict: "unknown" };
    held.set(context, answer);
    const bucket = bucketOf(context);
    const key = guardKey((input as { readonly run: Run }).run);
    const stored = await bucket.getJson(key);
    await bucket.replaceIf(
      key,
      { ...(stored?.value as Guard), held: true, sentence: "So." },
      stored?.etag ?? "",
    );
    return answer;
  })(right);
}
