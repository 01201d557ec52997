/** Many verdicts as few: what doesn't pass is kept one by one, what passes is counted by check. 1,600 applications are looked at every five minutes. */

import type { Evidence, Verdict } from "./gates.ts";

/** Verdicts that don't pass and are kept; the rest is counted. */
const NAMED_MAX = 40;

/** @param subject What all of them are about together. */
export const folded = (verdicts: readonly Verdict[], subject: string): readonly Verdict[] => {
  const passed = new Map<string, Verdict[]>();
  const others: Verdict[] = [];
  for (const v of verdicts) {
    if (v.verdict !== "pass") others.push(v);
    else passed.set(v.check, [...(passed.get(v.check) ?? []), v]);
  }
  const ordered = [
    ...others.filter((v) => v.verdict === "fail"),
    ...others.filter((v) => v.verdict === "unknown"),
  ];
  return [
    ...ordered.slice(0, NAMED_MAX),
    ...(ordered.length > NAMED_MAX ? [counted(ordered.slice(NAMED_MAX), subject)] : []),
    ...[...passed.values()].map((list) =>
      list.length === 1 ? (list[0] as Verdict) : counted(list, subject),
    ),
  ];
};

/** The figure that is nearest to its bound, of those with the first one's; where that bounds no figure, the first. */
const worstOf = (evidence: readonly Evidence[]): Pick<Evidence, "value" | "threshold"> => {
  const [first] = evidence;
  if (!first) return { value: null, threshold: "" };
  const { threshold } = first;
  const figures = evidence.flatMap((e) =>
    e.threshold === threshold && typeof e.value === "number" ? [e.value] : [],
  );
  if (figures.length === 0) return { value: first.value, threshold };
  const worst = (a: number, b: number) =>
    threshold.startsWith("at least") ? Math.min(a, b) : Math.max(a, b);
  return { value: figures.reduce(worst), threshold };
};

/** One verdict for several of a kind: the worst of them, and how many they are. */
const counted = (list: readonly Verdict[], subject: string): Verdict => {
  const [first] = list as readonly [Verdict];
  const evidence = list.flatMap((v) => v.evidence);
  const newest = evidence.map((e) => e.observedAt).reduce((a, b) => (a > b ? a : b), "");
  const word = first.verdict === "pass" ? "pass" : `are ${first.verdict}, and ${list.length} are not named`;
  return {
    check: first.check,
    subject,
    verdict: first.verdict,
    sentence: `${list.length} ${word} ${first.check}.`,
    ...(first.remedy === undefined ? {} : { remedy: first.remedy }),
    evidence: [
      {
        what: `the worst of ${list.length}`,
        ...worstOf(evidence),
        // As sure as the least sure of them.
        samples: Math.min(...list.map((v) => Math.max(0, ...v.evidence.map((e) => e.samples)))),
        source: first.evidence[0]?.source ?? "",
        observedAt: newest,
      },
    ],
  };
};
