/** Who may decide what, and when a question is decided. Deny and roll back need no quorum; a grant counts distinct people for this very plan. */

import * as z from "zod";

export const QuestionSchema = z.object({
  /** Unique within the migration. */
  id: z.string(),
  kind: z.enum(["approval", "hold"]),
  phase: z.string(),
  sentence: z.string(),
  choices: z.array(z.enum(["granted", "denied", "retry", "roll-back"])).min(2),
  /** Distinct people that a grant takes; 0 stands for the plan's own number. */
  quorum: z.number().int().nonnegative(),
});
export type Question = z.infer<typeof QuestionSchema>;
export type Choice = Question["choices"][number];

/** The record that stands before anybody is asked. The token never leaves it. */
export const RequestSchema = z.object({
  question: QuestionSchema,
  /** SHA-256 of the plan that is asked about. */
  plan: z.string(),
  token: z.string(),
  quorum: z.number().int().positive(),
  askedAt: z.string(),
  expiresAt: z.string(),
  /** Who started the migration, as far as is known: they can't grant what they asked for. */
  requesters: z.array(z.string()),
});
export type Request = z.infer<typeof RequestSchema>;

export const VoteSchema = z.object({
  person: z.string(),
  choice: z.string(),
  plan: z.string(),
  at: z.string(),
  /** SHA-256 of the message that brought it: the same message again is no second click. */
  message: z.string().optional(),
});
export type Vote = z.infer<typeof VoteSchema>;

export const DecisionSchema = z.object({
  decision: z.enum(["granted", "denied", "retry", "roll-back", "expired"]),
  by: z.array(z.string()),
});
export type Decision = z.infer<typeof DecisionSchema>;

/** How an approver is known elsewhere; each is unique among the plan's approvers. */
export type Approver = {
  readonly person: string;
  readonly role: string;
  /** Slack's id of the user. */
  readonly slack?: string | undefined;
  /** `UserId` of `aws sts get-caller-identity`. */
  readonly aws?: string | undefined;
};

/** Whom Slack's user is to us. Where no id is given the name stands for it, which no user of a real workspace is called. */
export const personBySlack = (user: string, approvers: readonly Approver[]): string | undefined =>
  approvers.find((a) => (a.slack ?? a.person) === user)?.person;

/** Whom AWS's caller is to us; where no id is given, nobody. */
export const personByAws = (userId: string, approvers: readonly Approver[]): string | undefined =>
  approvers.find((a) => a.aws !== undefined && a.aws === userId)?.person;

const isSame = (approver: Approver | undefined, who: string): boolean =>
  approver !== undefined && [approver.person, approver.slack, approver.aws].includes(who);

/** Why a vote doesn't count, or undefined where it does. `vote.person` is an approver's name, or how a stranger is known. */
export const refusalOf = (
  vote: Vote,
  request: Request,
  approvers: readonly Approver[],
): string | undefined => {
  const approver = approvers.find((a) => a.person === vote.person);
  if (!approver) return `${vote.person} is not an approver of this plan.`;
  if (vote.choice === "granted" && request.requesters.some((who) => isSame(approver, who)))
    return `${vote.person} asked for it and can't grant it.`;
  if (vote.plan !== request.plan) return "The vote is for another plan than the one that is asked about.";
  if (!(request.question.choices as readonly string[]).includes(vote.choice))
    return `"${vote.choice}" is not among the choices.`;
  if (vote.at >= request.expiresAt) return `The question expired at ${request.expiresAt}.`;
  return undefined;
};

/**
 * How many distinct people a grant takes. Where it isn't known who started the migration, one more than the plan's number (but never more
 * than there are): whoever of them it was, enough others have granted it.
 */
export const grantsNeeded = (
  quorum: number,
  requesterKnown: boolean,
  approvers: readonly Approver[],
): number => (requesterKnown ? quorum : Math.max(quorum, Math.min(quorum + 1, approvers.length)));

/** What the votes decide: a denial or a rollback at once, anything else when enough different people chose it; undefined while open. */
export const decide = (votes: readonly Vote[], request: Request): Decision | undefined => {
  const byChoice = (choice: string) =>
    [...new Set(votes.filter((v) => v.choice === choice).map((v) => v.person))].sort();
  for (const choice of ["denied", "roll-back"] as const) {
    const by = byChoice(choice);
    if (by.length > 0) return { decision: choice, by };
  }
  for (const choice of ["granted", "retry"] as const) {
    const by = byChoice(choice);
    if (by.length >= (choice === "retry" ? 1 : request.quorum)) return { decision: choice, by };
  }
  return undefined;
};
