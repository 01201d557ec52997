/** What is granted was granted by enough different people who may, for this plan, in time, and once; and what needs a grant has one. */

import { DecisionSchema, type Request, RequestSchema, VoteSchema } from "../../domain/approvals.ts";
import { keys } from "../../domain/journal.ts";
import type { Observed } from "../services/seam.ts";
import type { Finding, Invariant } from "./invariant.ts";
import { changesPlatform, type Scene, wrote } from "./scene.ts";

/** Steps whose effects nobody may make without a grant of a question of this name; the execution that asks is the rest of the name. */
const NEEDS_GRANT: Readonly<Record<string, string>> = {
  "delegate-zone": "cut-traffic",
  "retire-workload": "decommission",
};

export const makeApprovals = (): Invariant<Scene> => {
  const decided = new Map<string, string>();
  let hash: string | undefined;
  let fencedAt: number | undefined;
  return {
    name: "approvals",
    sentence:
      "Each grant has its quorum of entitled people, for this very plan, in time; a question is decided once, and a rollback asks nobody.",
    check: (scene) => {
      const seen = scene.fact();
      if (seen?.kind === "event" && seen.event.type === "run") hash = seen.event.plan;
      if (seen?.kind === "call") {
        if (wrote(seen.call, keys.fence(scene.plan.migration))) fencedAt ??= scene.now();
        return unasked(decided, seen.call);
      }
      if (seen?.kind === "event" && seen.event.type === "approval" && seen.event.status === "asked")
        return fencedAt !== undefined && scene.now() - fencedAt > IN_FLIGHT_MS
          ? [`${seen.event.question} was asked during a rollback, which needs nobody's grant.`]
          : [];
      if (seen?.kind !== "event" || seen.event.type !== "approval" || seen.event.status === "voted")
        return undefined;
      const { question } = seen.event;
      const { migration } = scene.plan;
      const [request, decision] = [
        scene.stored(keys.approval(migration, question)),
        scene.stored(keys.decision(migration, question)),
      ];
      if (request === undefined || decision === undefined)
        return [`${question} was decided and was never asked.`];
      if (decided.has(question) && decided.get(question) !== decision)
        return [`${question} was decided twice, differently.`];
      decided.set(question, decision);
      const asked = RequestSchema.parse(JSON.parse(request));
      if (asked.plan !== hash)
        return [`${question} was asked about another plan than the one that is carried out.`];
      return grantProblems(scene, question, asked, DecisionSchema.parse(JSON.parse(decision)));
    },
  };
};

/** A question that was on its way when the fence rose may still be written. */
const IN_FLIGHT_MS = 30_000;

/** An effect that people have to allow, made before they did. */
const unasked = (decided: ReadonlyMap<string, string>, call: Observed): Finding => {
  const { step } = call.invocation;
  const name = NEEDS_GRANT[step];
  if (name === undefined || !changesPlatform(call)) return undefined;
  const decisions = [...decided]
    .filter(([question]) => question.startsWith(`${name}-`))
    .map(([, body]) => DecisionSchema.parse(JSON.parse(body)).decision);
  return decisions.includes("granted")
    ? []
    : [`${step} changed the platform although ${name} was ${decisions.at(-1) ?? "never decided"}.`];
};

const grantProblems = (
  scene: Scene,
  question: string,
  request: Request,
  decision: { readonly decision: string; readonly by: readonly string[] },
): readonly string[] => {
  if (decision.decision !== "granted") return [];
  const { settings, migration } = scene.plan;
  const entitled = new Set(settings.approvals.approvers.map((a) => a.person));
  const needed =
    request.question.phase === "decommission"
      ? settings.approvals.decommissionQuorum
      : settings.approvals.quorum;
  const problems: string[] = [];
  const counted = decision.by.filter((person) => {
    const body = scene.stored(keys.vote(migration, question, person));
    const vote = body === undefined ? undefined : VoteSchema.parse(JSON.parse(body));
    return (
      vote !== undefined &&
      vote.choice === "granted" &&
      vote.plan === request.plan &&
      vote.at < request.expiresAt &&
      entitled.has(person)
    );
  });
  if (new Set(counted).size < needed)
    problems.push(
      `${question} was granted by ${new Set(counted).size} entitled people where ${needed} are needed.`,
    );
  return problems;
};
