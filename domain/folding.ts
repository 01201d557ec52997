/** Many verdicts as few: what doesn't pass is kept one by one, what passes is counted by check. 1,600 applications are looked at every five minutes. */

import type { Verdict } from "./gates.ts";

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
        what: `${first.check}, counted`,
        value: list.length,
        threshold: first.evidence[0]?.threshold ?? "",
        // As sure as the least sure of them.
        samples: Math.min(...list.map((v) => Math.max(0, ...v.evidence.map((e) => e.samples)))),
        source: first.evidence[0]?.source ?? "",
        observedAt: newest,
      },
    ],
  };
};
