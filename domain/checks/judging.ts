/** How preflight's judgements are written down: a verdict is made with its evidence and its time, and an answer that didn't come is unknown. */

import type { Evidence, Verdict } from "../gates.ts";
import type { KubeObject } from "../kube.ts";
import type { Plan } from "../plan.ts";

/** What a question gave: its answer, or the sentence that says why there is none. */
export type Observed<T> = { readonly value: T } | { readonly missing: string };

/** A piece of evidence before it gets its time. */
export type Seen = Omit<Evidence, "observedAt">;

export type Judging = {
  /** It is as it should be; the sentence may say what to watch. */
  readonly pass: (sentence: string, seen: readonly Seen[]) => Verdict;
  readonly fail: (sentence: string, remedy: string, seen: readonly Seen[]) => Verdict;
  readonly unknown: (sentence: string, remedy: string, seen: readonly Seen[]) => Verdict;
  /** The question itself got no answer. */
  readonly unanswered: (missing: string, source: string) => Verdict;
};

/** @param observedAt When the world was looked at, ISO 8601. */
export const judging =
  (observedAt: string) =>
  (check: string, subject: string): Judging => {
    const evidence = (seen: readonly Seen[]) => seen.map((s) => ({ ...s, observedAt }));
    const unknown: Judging["unknown"] = (sentence, remedy, seen) => ({
      check,
      subject,
      verdict: "unknown",
      sentence: ended(sentence),
      remedy,
      evidence: evidence(seen),
    });
    return {
      pass: (sentence, seen) => ({
        check,
        subject,
        verdict: "pass",
        sentence: ended(sentence),
        evidence: evidence(seen),
      }),
      fail: (sentence, remedy, seen) => ({
        check,
        subject,
        verdict: "fail",
        sentence: ended(sentence),
        remedy,
        evidence: evidence(seen),
      }),
      unknown,
      unanswered: (missing, source) =>
        unknown(
          missing,
          "Find out why it gives no answer (rights, network, name), then run preflight again.",
          [{ what: missing, value: null, threshold: "an answer", samples: 0, source }],
        ),
    };
  };

/** Servers word their refusals without a full stop; ours are sentences. */
const ended = (sentence: string): string => (/[.!?]$/.test(sentence) ? sentence : `${sentence}.`);

/** The usual piece of evidence: one value, seen once. */
export const seen = (
  what: string,
  value: Evidence["value"],
  threshold: string,
  source: string,
  samples = 1,
): Seen => ({ what, value, threshold, samples, source });

/** A list that was answered is a sample even when it is empty: that it is empty is what was seen. (One that wasn't answered never gets here.) */
export const answered = (list: { readonly length: number }): number => Math.max(1, list.length);

/** `a, b, c and 4 more`: lists stay readable. */
export const some = (names: readonly string[], shown = 5): string =>
  names.length > shown
    ? `${names.slice(0, shown).join(", ")} and ${names.length - shown} more`
    : names.join(", ");

/** `1 pod`, `2 pods`. */
export const counted = (count: number, singular: string, plural = `${singular}s`): string =>
  `${count} ${count === 1 ? singular : plural}`;

/** The plan's objects as what intake has checked them to be. */
export const objectsOf = (plan: Pick<Plan, "objects">): readonly KubeObject[] =>
  plan.objects as unknown as readonly KubeObject[];
