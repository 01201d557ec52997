/** One look of the guard at everything: every workload on both sides, the platform as a whole, nodes and cluster. What isn't well holds the run. */

import * as z from "zod";
import type { SideMeasured } from "../domain/comparison.ts";
import { folded } from "../domain/folding.ts";
import { overall, type Verdict } from "../domain/gates.ts";
import { keys } from "../domain/journal.ts";
import { operationOf } from "../domain/operations.ts";
import { keep, sentenceOver, withEvidence } from "./gate.ts";
import { type Guard, GuardSchema, guardBaselineKey, guardEndKey, guardKey } from "./guard.ts";
import { compareAll, judgeClusters, seeSide } from "./guarding.ts";
import { bucketOf, planOf, type Run, RunSchema, type SlimPlan } from "./run.ts";
import { type Context, step } from "./step.ts";

const LISTS = ["list daemonsets", "list deployments", "list nodes", "list pods", "list statefulsets"];

const FIRST: Guard = { held: false, sentence: "", compared: [], nodes: [] };

export const guardPlatform = step({
  name: "guard-platform",
  does: "Compares every workload on both sides and the platform as a whole, and looks at nodes, places, quotas and addresses; writes down whether the run holds.",
  input: z.object({
    run: RunSchema,
    asked: z.number().int().nonnegative(),
    /** The execution that asks: with `asked`, the name of the evidence. */
    watcher: z.string(),
  }),
  needs: withEvidence({
    metrics: ["query"],
    s3: ["ListBucket", "PutObject migrations/*/guard.json", "PutObject migrations/*/guard-baseline.json"],
    ec2: ["DescribeNatGateways", "DescribeSubnets", "DescribeVpcs"],
    kubernetes: { source: LISTS, target: LISTS },
  }),
  run: async ({ run, asked, watcher }, context) => {
    const plan = await planOf(context, run);
    const bucket = bucketOf(context);
    const stored = await bucket.getJson(guardKey(run));
    const before = stored ? GuardSchema.parse(stored.value) : FIRST;
    const delegated = await isDelegated(context, run, plan);
    const phase = delegated ? "cut-traffic" : "move-workloads";
    let found: Guard | undefined;
    const verdicts = await keep(run, phase, `guard-platform/${watcher}-${asked}`, context, async () => {
      const looked = await look(context, run, plan, before, delegated);
      found = looked.guard;
      return looked.verdicts;
    });
    const verdict = overall(verdicts);
    const sentence = sentenceOver("guard-platform", verdicts);
    // A retry judges by the evidence on record; what is known beside it is what it has seen itself.
    const next: Guard = {
      ...(found ?? before),
      held: verdict !== "pass",
      sentence: verdict === "pass" ? "" : sentence,
    };
    if (!stored) await bucket.putNew(guardKey(run), next);
    else if (JSON.stringify(GuardSchema.parse(next)) !== JSON.stringify(before))
      await bucket.replaceIf(guardKey(run), next, stored.etag);
    const { pollSeconds, holdSecondsMax, continuousSeconds } = plan.settings.gates;
    return {
      verdict,
      sentence,
      phase,
      ended: (await bucket.getJson(guardEndKey(run))) !== undefined,
      askedMax: Math.max(1, Math.ceil(holdSecondsMax / pollSeconds)),
      pollSeconds,
      continuousSeconds,
    };
  },
});

/** From here on the source is left: what it did before is what the target is held against. */
const isDelegated = async (context: Context, run: Run, plan: SlimPlan): Promise<boolean> => {
  const entry = { migration: run.migration, operation: operationOf(plan, "delegate-zone"), move: "0.000" };
  return (await bucketOf(context).getJson(keys.entry({ ...entry, direction: "forward" }))) !== undefined;
};

const look = async (
  context: Context,
  run: Run,
  plan: SlimPlan,
  before: Guard,
  delegated: boolean,
): Promise<{ readonly verdicts: readonly Verdict[]; readonly guard: Guard }> => {
  const bucket = bucketOf(context);
  const seen = {
    source: await seeSide(context, plan, "source"),
    target: await seeSide(context, plan, "target"),
  };
  const clusters = await judgeClusters(context, plan, seen, before);
  const stored = await bucket.getJson(guardBaselineKey(run));
  // Ours: it was written by this step.
  const baseline = (stored?.value ?? {}) as Readonly<Record<string, SideMeasured>>;
  const compared = await compareAll(context, plan, seen, before.compared, delegated ? baseline : undefined);
  const verdicts = [
    ...compared.whole,
    ...folded([...compared.verdicts, ...clusters.verdicts], `all of ${plan.platform}`),
  ];
  if (!delegated && overall(verdicts) === "pass") {
    if (stored) await bucket.replaceIf(guardBaselineKey(run), compared.baseline, stored.etag);
    else await bucket.putNew(guardBaselineKey(run), compared.baseline);
  }
  return {
    verdicts,
    guard: {
      held: false,
      sentence: "",
      compared: [...compared.compared],
      nodes: clusters.nodes,
      ...(clusters.vpc === undefined ? {} : { vpc: clusters.vpc }),
    },
  };
};
