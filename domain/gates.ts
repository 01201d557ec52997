/** Three-valued verdicts. Missing data is unknown, and unknown holds: nothing passes because a list was empty. */

import * as z from "zod";

export const VERDICTS = ["pass", "fail", "unknown"] as const;

/** What a gate saw: enough to judge again, later, by somebody else. */
export const EvidenceSchema = z.object({
  /** What was measured, as a sentence. */
  what: z.string(),
  /** The value, null where there was none. */
  value: z.union([z.number(), z.string(), z.boolean(), z.null()]),
  /** What it was held against, as text with its unit. */
  threshold: z.string(),
  /** How many samples stand behind the value. */
  samples: z.number().int().nonnegative(),
  /** The query, call or object that answered. */
  source: z.string(),
  /** Virtual or real time of the observation, ISO 8601. */
  observedAt: z.string(),
});
export type Evidence = z.infer<typeof EvidenceSchema>;

export const VerdictSchema = z.object({
  /** Stable id of the check, `dns/parent-ttl`. */
  check: z.string(),
  /** What it is about: a workload, a zone, a cluster. */
  subject: z.string(),
  verdict: z.enum(VERDICTS),
  /** One sentence for a person: what was found. */
  sentence: z.string(),
  /** What to do about it; present unless it passed. */
  remedy: z.string().optional(),
  evidence: z.array(EvidenceSchema),
});
export type Verdict = z.infer<typeof VerdictSchema>;

/** The verdict over many: any fail fails; else any unknown, or nothing at all, is unknown; else it passes. */
export const overall = (verdicts: readonly Pick<Verdict, "verdict">[]): Verdict["verdict"] => {
  if (verdicts.some((v) => v.verdict === "fail")) return "fail";
  if (verdicts.length === 0 || verdicts.some((v) => v.verdict === "unknown")) return "unknown";
  return "pass";
};
