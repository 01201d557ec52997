/**
 * What makes a preflight check of a step: it asks once for each round, keeps the evidence in the bucket, and returns a verdict with a
 * sentence. One question that gets no answer makes its own verdict unknown, not the whole check; an overload is left to the state machine.
 */

import * as z from "zod";
import type { Observed } from "../domain/checks/judging.ts";
import { AnswerLost, Forbidden, NotFound } from "../domain/errors.ts";
import { overall, type Verdict } from "../domain/gates.ts";
import { keys } from "../domain/journal.ts";
import { byCodeUnit } from "../domain/kube.ts";
import type { Plan } from "../domain/plan.ts";
import { keep, sentenceOver, withEvidence } from "./gate.ts";
import { bucketOf, planOf, type Run, RunSchema } from "./run.ts";
import { type Context, type Needs, step } from "./step.ts";

const CheckInput = z.object({
  run: RunSchema,
  /** How often preflight has checked before: part of the evidence's name, so that a new round measures again. */
  round: z.number().int().nonnegative(),
});

/** What the preflight machine goes by. */
export type CheckResult = { readonly verdict: Verdict["verdict"]; readonly sentence: string };

export type CheckDefinition<Name extends string = string> = {
  readonly name: Name;
  readonly does: string;
  /** The rights for the evidence come by themselves. */
  readonly needs: Needs;
  /** Every verdict with its evidence. No verdict at all is unknown. */
  readonly measure: (run: Run, context: Context) => Promise<readonly Verdict[]>;
};

export const check = <const Name extends string>(definition: CheckDefinition<Name>) =>
  step({
    name: definition.name,
    does: definition.does,
    needs: withEvidence(definition.needs),
    input: CheckInput,
    run: async ({ run, round }, context): Promise<CheckResult> => {
      const verdicts = await keep(run, "preflight", `${definition.name}/round-${round}`, context, () =>
        definition.measure(run, context),
      );
      return { verdict: overall(verdicts), sentence: sentenceOver(definition.name, verdicts) };
    },
  });

/**
 * Asks one question. That it isn't there, that we may not, and that no answer came are findings of preflight; Throttled, Transient and
 * mistakes of ours go on to the state machine.
 */
export const asking = async <T>(question: () => Promise<T>): Promise<Observed<T>> => {
  try {
    return { value: await question() };
  } catch (error) {
    if (error instanceof NotFound || error instanceof Forbidden || error instanceof AnswerLost)
      return { missing: error.message };
    throw error;
  }
};

const wholePlans = new WeakMap<object, Map<string, Plan>>();

/**
 * The plan with the platform's objects, for the checks that judge manifests. Kept for the life of the clients, like the plan itself:
 * its name is its content.
 * @throws NotFound where they weren't stored.
 */
export const wholePlanOf = async (context: Context, run: Run): Promise<Plan> => {
  const kept = wholePlans.get(context.aws) ?? new Map<string, Plan>();
  wholePlans.set(context.aws, kept);
  const known = kept.get(run.plan);
  if (known) context.recalled?.(keys.objects(run.plan));
  const whole = known ?? (await readWholePlan(context, run));
  kept.set(run.plan, whole);
  return whole;
};

const readWholePlan = async (context: Context, run: Run): Promise<Plan> => {
  const plan = await planOf(context, run);
  const inside = (plan as Partial<Plan>).objects;
  if (inside !== undefined) return { ...plan, objects: inside };
  const stored = await bucketOf(context).getJson(keys.objects(run.plan));
  if (!stored || !Array.isArray(stored.value))
    throw new NotFound(
      `The objects of the plan ${run.plan} aren't in the bucket. Store the plan again, then start again.`,
    );
  return { ...plan, objects: stored.value as Plan["objects"] };
};

const AT_ONCE = 40;

/** Asks about many things, a bounded number at a time; the answers are in the order of the things. */
export const forEach = async <T, R>(
  things: readonly T[],
  ask: (thing: T) => Promise<R>,
): Promise<readonly R[]> => {
  const answers: R[] = [];
  for (let from = 0; from < things.length; from += AT_ONCE) {
    // All of them end before one failure goes on: nothing is left running behind a step that is over.
    const settled = await Promise.allSettled(things.slice(from, from + AT_ONCE).map(ask));
    for (const s of settled) {
      if (s.status === "rejected") throw s.reason;
      answers.push(s.value);
    }
  }
  return answers;
};

/** Names, each once, in the order of the record. */
export const unique = (names: readonly string[]): readonly string[] => [...new Set(names)].sort(byCodeUnit);
