/** Short forms for verdicts of one observation, so that every gate says the same things in the same way. */

import type { Evidence, Verdict } from "../domain/gates.ts";
import type { SlimPlan } from "./run.ts";
import type { Context } from "./step.ts";

export type Finding = {
  readonly check: string;
  readonly subject: string;
  readonly sentence: string;
  readonly remedy: string;
  readonly value: Evidence["value"];
  readonly threshold: string;
  readonly samples: number;
  readonly source: string;
};

/** A verdict with its one piece of evidence. Without samples nothing is known, whatever the value says. */
export const judge = (context: Context, passes: boolean | undefined, finding: Finding): Verdict => {
  const { check, subject, sentence, remedy, value, threshold, samples, source } = finding;
  const verdict = passes === undefined || samples === 0 ? "unknown" : passes ? "pass" : "fail";
  return {
    check,
    subject,
    verdict,
    sentence,
    ...(verdict === "pass" ? {} : { remedy }),
    evidence: [{ what: check, value, threshold, samples, source, observedAt: context.now().toISOString() }],
  };
};

/**
 * A platform without public hosts (only schedules, say) has nothing that clients could be asked about: that is a finding with evidence, not an
 * empty list. Undefined where there are hosts.
 */
export const whereNoHosts = (
  context: Context,
  plan: SlimPlan,
  check: string,
): readonly Verdict[] | undefined =>
  plan.hosts.length > 0
    ? undefined
    : [
        judge(context, true, {
          check,
          subject: plan.platform,
          sentence: `The plan has no public host among its ${plan.workloads.length} workloads: there are no clients to ask about.`,
          remedy: "",
          value: 0,
          threshold: "no host, no client",
          samples: plan.workloads.length,
          source: "the plan's hosts",
        }),
      ];
