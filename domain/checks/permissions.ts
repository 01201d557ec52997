/** Preflight's judgement of rights: who we are, that the clusters and the bucket let us do what the plan needs, and that enough people may approve. */

import type { Verdict } from "../gates.ts";
import { byCodeUnit } from "../kube.ts";
import type { Plan } from "../plan.ts";
import { counted, judging, type Observed, seen, some } from "./judging.ts";

type SlimPlan = Omit<Plan, "objects">;

export type CallerSeen = { readonly account: string; readonly arn: string };

/** permissions/caller: a role of ours, never the account's root. */
export const judgeCaller = (caller: Observed<CallerSeen>, subject: string, at: string): Verdict => {
  const say = judging(at)("permissions/caller", subject);
  const source = "sts:GetCallerIdentity";
  if (!("value" in caller)) return say.unanswered(caller.missing, source);
  const { account, arn } = caller.value;
  const evidence = [seen("who we are to AWS", arn, "a role with only the declared rights", source)];
  if (!/^\d{12}$/.test(account) || arn === "")
    return say.unknown("STS answered without an account.", "Look at the credentials of the steps.", evidence);
  if (arn.endsWith(":root"))
    return say.fail(
      `Repot runs as the root of account ${account}: nothing that it must not do would be denied.`,
      "Run it with the roles that its deployment creates.",
      evidence,
    );
  return arn.includes(":assumed-role/")
    ? say.pass(`Repot runs as a role in account ${account}.`, evidence)
    : say.pass(
        `Repot runs as ${arn}, which is no role of its deployment: watch that it holds only the declared rights.`,
        evidence,
      );
};

/** What became of reading one kind, or of a write that the server only checked. */
export type RightSeen = {
  /** `list deployments`, `patch deployments/scale`. */
  readonly right: string;
  readonly outcome: "granted" | "refused" | "absent" | "unanswered";
  readonly sentence: string;
};

/**
 * permissions/kubernetes: what the plan needs on the source is granted, by the API server's own word.
 * @param scaled How many workloads of the plan are scaled at all; without any, no right to scale is needed.
 */
export const judgeRights = (
  rights: readonly RightSeen[],
  scaled: number,
  subject: string,
  at: string,
): Verdict => {
  const say = judging(at)("permissions/kubernetes", subject);
  const refused = rights.filter((r) => r.outcome === "refused").sort((a, b) => byCodeUnit(a.right, b.right));
  const open = rights
    .filter((r) => r.outcome === "unanswered" || r.outcome === "absent")
    .sort((a, b) => byCodeUnit(a.right, b.right));
  const evidence = [
    seen(
      "rights that were tried",
      rights.length,
      "one for each kind that is scaled",
      "the source's API server",
      rights.length,
    ),
    ...rights.map((r) => seen(r.right, r.outcome, "granted", "the source's API server")),
  ];
  if (scaled === 0)
    return say.pass("The plan scales nothing, so no right to scale is needed.", [
      seen("workloads that are scaled", 0, "rights for each kind", "the plan"),
    ]);
  if (rights.length === 0)
    return say.unknown(
      `No right was tried, though ${counted(scaled, "workload")} of the plan ${scaled === 1 ? "is" : "are"} scaled.`,
      "Run preflight again.",
      evidence,
    );
  if (refused.length > 0)
    return say.fail(
      `The source refuses ${some(refused.map((r) => r.right))}: ${refused[0]?.sentence ?? ""}`,
      "Grant Repot's group the declared verbs on the source, or let its admission policies pass Repot.",
      evidence,
    );
  if (open.length > 0)
    return say.unknown(
      `The source doesn't say whether we may ${some(open.map((r) => r.right))}: ${open[0]?.sentence ?? ""}`,
      "Plan again if objects are gone; else find out why the API server doesn't answer.",
      evidence,
    );
  return say.pass(
    `The source grants every right that was tried (${counted(rights.length, "right")}).`,
    evidence,
  );
};

/** permissions/bucket: the bucket keeps what stands: the second writer of one key is refused. */
export const judgeBucket = (
  secondWriter: Observed<"refused" | "accepted">,
  bucket: string,
  at: string,
): Verdict => {
  const say = judging(at)("permissions/bucket", bucket);
  const source = "s3:PutObject with If-None-Match";
  if (!("value" in secondWriter)) return say.unanswered(secondWriter.missing, source);
  const evidence = [
    seen("a second write of another content under one key", secondWriter.value, "refused", source),
  ];
  return secondWriter.value === "refused"
    ? say.pass("The bucket refuses a second writer of one key, which the journal relies on.", evidence)
    : say.fail(
        "The bucket lets a second writer replace what stands: two invocations could overwrite each other's journal.",
        "Use a bucket whose service honours If-None-Match, and enforce conditional writes by its policy.",
        evidence,
      );
};

/** permissions/approvers: enough different people for each approval. */
export const judgeApprovers = (plan: SlimPlan, at: string): Verdict => {
  const say = judging(at)("permissions/approvers", plan.platform);
  const { approvers, quorum, decommissionQuorum } = plan.settings.approvals;
  const people = new Set(approvers.map((a) => a.person));
  const evidence = [
    seen(
      "different approvers",
      people.size,
      `at least ${quorum} for the cut, ${decommissionQuorum} for the decommission`,
      "repot.yaml: approvals",
      approvers.length,
    ),
  ];
  const short = Math.max(quorum, decommissionQuorum) - people.size;
  return short > 0
    ? say.fail(
        `${counted(people.size, "person", "different people")} may approve, and ${people.size < quorum ? `the cut takes ${quorum}` : `the decommission takes ${decommissionQuorum}`}: it could never be granted.`,
        `Name at least ${counted(short, "more approver")} in approvals.approvers, or lower the quorum.`,
        evidence,
      )
    : say.pass(
        `${counted(people.size, "person", "people")} may approve; the cut takes ${quorum}, the decommission ${decommissionQuorum}.`,
        evidence,
      );
};
