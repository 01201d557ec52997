/**
 * What makes a gate of a step: it measures, keeps the evidence in the bucket, and returns a verdict. A retried invocation finds its
 * own evidence and says the same again. It changes nothing.
 */

import * as z from "zod";
import { overall, type Verdict, VerdictSchema } from "../domain/gates.ts";
import { keys } from "../domain/journal.ts";
import { bucketOf, ItemSchema, planOf, type Run, RunSchema } from "./run.ts";
import { type Context, type Needs, step } from "./step.ts";

const GateInput = z.object({
  run: RunSchema,
  phase: z.string(),
  /** What it is about; unique within the phase for one gate. */
  subject: z.string(),
  item: ItemSchema.nullable().default(null),
  /** How often this watcher has asked before. */
  asked: z.number().int().nonnegative(),
  /** The execution that asks: with `asked`, the name of the evidence. */
  watcher: z.string(),
});
export type GateInput = z.output<typeof GateInput>;

/** What the machine goes by. */
export type GateResult = {
  readonly verdict: Verdict["verdict"];
  readonly sentence: string;
  readonly askedMax: number;
  readonly pollSeconds: number;
};

export type Patience = {
  readonly pollSeconds: number;
  readonly holdSecondsMax: number;
  /** Between the first two, where what isn't there at the first can't come sooner; `pollSeconds` where absent. */
  readonly firstSeconds?: number;
};

export type GateDefinition<Name extends string = string> = {
  readonly name: Name;
  readonly does: string;
  readonly needs: Needs;
  /** Seconds between two measurements, and for how long it is asked before a person is; the plan's gate policy where absent. */
  readonly patience?: Patience;
  /** Each verdict with its evidence. No verdict at all is unknown. */
  readonly measure: (input: GateInput, context: Context) => Promise<readonly Verdict[]>;
};

/** Evidence is part of every gate: these rights come with it. Without ListBucket, S3 calls a missing key forbidden: who looks for one adds it. */
const EVIDENCE = ["GetObject", "PutObject migrations/*/evidence/*"] as const;

export const withEvidence = (needs: Needs): Needs => ({
  ...needs,
  s3: [...new Set([...(needs.s3 ?? []), ...EVIDENCE])].sort(),
});

/** For steps that keep one kind of object, and may write no other. @param keys The pattern of their keys. */
export const withRecord = (keys: string, needs: Needs): Needs => ({
  ...needs,
  s3: ["GetObject", "ListBucket", `PutObject ${keys}`],
});

/** For steps that only look into the bucket. Nothing that they do needs a right to write. */
export const withReading = (needs: Needs): Needs => ({ ...needs, s3: ["GetObject", "ListBucket"] });

export const gate = <const Name extends string>(definition: GateDefinition<Name>) =>
  step({
    name: definition.name,
    does: definition.does,
    needs: withEvidence(definition.needs),
    input: GateInput,
    run: async (input, context): Promise<GateResult> => {
      const { settings } = await planOf(context, input.run);
      const verdicts = await keep(
        input.run,
        input.phase,
        `${definition.name}/${input.watcher}-${input.asked}`,
        context,
        () => definition.measure(input, context),
      );
      const patience: Patience = definition.patience ?? settings.gates;
      const { pollSeconds, holdSecondsMax, firstSeconds = pollSeconds } = patience;
      return {
        verdict: overall(verdicts),
        sentence: sentenceOver(definition.name, verdicts),
        askedMax: Math.max(1, 1 + Math.ceil((holdSecondsMax - firstSeconds) / pollSeconds)),
        pollSeconds: input.asked === 0 ? firstSeconds : pollSeconds,
      };
    },
  });

const Evidence = z.object({ verdicts: z.array(VerdictSchema) });

/**
 * Judges by one measurement: where evidence stands in the bucket already (a retry, a duplicate), that is what was judged by, and is judged by
 * again. It is asked for by writing: most invocations are the first, and need not read what isn't there.
 */
export const keep = async (
  run: Run,
  phase: string,
  name: string,
  context: Context,
  measure: () => Promise<readonly Verdict[]>,
): Promise<readonly Verdict[]> => {
  const verdicts = await measure();
  const first = await bucketOf(context).putFirst(keys.evidence(run.migration, phase, name), { verdicts });
  return first.already ? Evidence.parse(first.value).verdicts : verdicts;
};

/** One sentence for people: what doesn't pass, worst first, and how much of it. */
export const sentenceOver = (name: string, verdicts: readonly Verdict[]): string => {
  if (verdicts.length === 0) return `${name} measured nothing, so nothing is known.`;
  const bad = [
    ...verdicts.filter((v) => v.verdict === "fail"),
    ...verdicts.filter((v) => v.verdict === "unknown"),
  ];
  if (bad.length === 0)
    return `${name} passed on ${verdicts.length} ${verdicts.length === 1 ? "check" : "checks"}.`;
  const shown = bad.slice(0, 3).map((v) => v.sentence);
  return bad.length > 3 ? `${shown.join(" ")} And ${bad.length - 3} more.` : shown.join(" ");
};
