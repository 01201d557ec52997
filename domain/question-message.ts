/** A question as people see it in Slack: what will happen, to what, on which grounds, and what going back would cost. */

import type { Choice, Decision, Question, Request, Vote } from "./approvals.ts";
import { BUTTON_CHARS_MAX, type Button as Click } from "./clicks.ts";
import { factsOfPlan, PROPAGATION_SECONDS } from "./dns-calculator.ts";
import type { Verdict } from "./gates.ts";
import { actions, type Block, type Button, context, fields, header, plain, section } from "./message.ts";
import type { Plan } from "./plan.ts";
import { openingAt } from "./window.ts";

/** The newest verdicts of one gate. */
export type GateSeen = { readonly gate: string; readonly verdicts: readonly Verdict[] };

export type Asked = {
  readonly migration: string;
  readonly request: Request;
  readonly plan: Pick<Plan, "settings" | "hosts" | "workloads">;
  readonly gates: readonly GateSeen[];
  readonly votes: readonly Vote[];
  /** Absent while it is open. */
  readonly decision?: Decision;
  /** A rollback has begun: there is nothing left to decide. */
  readonly fenced?: boolean;
  /** Nobody waited for the decision any more: what had asked had ended. */
  readonly unheard?: boolean;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
};

type Message = { readonly text: string; readonly blocks: readonly Block[] };

/** The message in any of its states: open with buttons, or closed with what was decided. */
export const questionMessage = (asked: Asked): Message => {
  const { migration, request, plan } = asked;
  const { question } = request;
  return {
    text: plain(`${migration}, ${question.phase}: ${question.sentence} ${stateOf(asked)}`),
    blocks: [
      header(`${migration}: ${question.phase}`),
      section(plain(question.sentence)),
      fields([
        ["Plan", `\`${request.plan.slice(0, 12)}\``],
        ["Needs", neededOf(request)],
        ["Window", windowOf(plan, asked.nowMs)],
        ["Until", request.expiresAt],
        ["Reaches", plain(reachOf(plan))],
        ["Undo costs", plain(undoCost(question, plan))],
      ]),
      section(plain(gatesOf(asked.gates))),
      ...(isOpen(asked) ? [actions(question.id, buttonsOf(migration, request))] : []),
      context(plain(stateOf(asked))),
    ],
  };
};

const neededOf = ({ quorum, requesters }: Request): string => {
  const people = quorum === 1 ? "one approver" : `${quorum} approvers`;
  return requesters.length === 0 ? `${people} (who started it isn't known)` : people;
};

const windowOf = ({ settings }: Asked["plan"], nowMs: number): string => {
  const { start, end, timeZone } = settings.window;
  const opening = openingAt(settings.window, nowMs);
  const when =
    opening === undefined
      ? "never opens"
      : opening.opensAt <= nowMs
        ? `open until ${new Date(opening.closesAt).toISOString()}`
        : `opens ${new Date(opening.opensAt).toISOString()}`;
  return `${start} to ${end} ${timeZone}, ${when}`;
};

const reachOf = ({ settings, hosts, workloads }: Asked["plan"]): string => {
  const rate = settings.load.reduce((sum, host) => sum + host.requestsPerSecond, 0);
  const moving = workloads.filter((w) => w.wave !== null).length;
  return `${moving} workloads, ${hosts.length} public names, about ${Math.round(rate)} requests a second`;
};

/** What the way back takes once this has been granted. */
const undoCost = ({ phase }: Question, plan: Asked["plan"]): string => {
  if (phase === "decommission") return "There is no way back after this.";
  if (phase !== "cut-traffic" && phase !== "thaw")
    return "Source capacity first, then the rest; clients are on the source and notice nothing.";
  const { parentNs, names } = factsOfPlan(plan);
  const addressSeconds = Math.max(0, ...names.map((name) => name.ttl.atCut));
  const seconds = PROPAGATION_SECONDS + parentNs.atCut + addressSeconds;
  return `Source capacity first, then the delegation: clients whose resolvers heed TTLs are back within ${seconds} s.`;
};

const gatesOf = (gates: readonly GateSeen[]): string => {
  if (gates.length === 0) return "No gate of this phase has measured anything yet.";
  return gates
    .slice(0, 8)
    .map(({ gate, verdicts }) => {
      const passed = verdicts.filter((v) => v.verdict === "pass").length;
      const [worst] = [...verdicts.filter((v) => v.verdict !== "pass"), ...verdicts];
      const numbers = (worst?.evidence ?? [])
        .slice(0, 3)
        .map((e) => `${e.what}: ${e.value ?? "nothing"} (${e.threshold}, ${e.samples} samples)`);
      return [`${gate}: ${passed} of ${verdicts.length} pass. ${worst?.sentence ?? ""}`, ...numbers].join(
        "\n  ",
      );
    })
    .join("\n");
};

const LABELS: { readonly [C in Choice]: readonly [label: string, style?: "primary" | "danger"] } = {
  granted: ["Approve", "primary"],
  denied: ["Deny"],
  retry: ["Try again", "primary"],
  "roll-back": ["Roll back", "danger"],
};

const buttonsOf = (migration: string, { question, plan }: Request): readonly Button[] =>
  question.choices.map((choice) => {
    const click: Click = { migration, plan, question: question.id, choice };
    const value = JSON.stringify(click);
    if (value.length > BUTTON_CHARS_MAX)
      throw new Error(`The id of question ${question.id.slice(0, 80)}… is too long for a button.`);
    const [label, style] = LABELS[choice];
    return {
      type: "button",
      action_id: choice,
      text: { type: "plain_text", text: label },
      value,
      ...(style === undefined ? {} : { style }),
    };
  });

const isLate = ({ request, nowMs }: Asked): boolean => nowMs >= Date.parse(request.expiresAt);
/** Whether a click may still count for something. */
const isOpen = (asked: Asked): boolean => !asked.decision && !asked.fenced && !isLate(asked);

/** One sentence on how it stands. */
const stateOf = (asked: Asked): string => {
  const { migration, request, votes, decision, unheard = false } = asked;
  if (!decision && asked.fenced)
    return "A rollback has begun: there is nothing left to decide. A click counts for nothing.";
  if (decision ? decision.decision === "expired" : isLate(asked))
    return "Nobody answered in time. The question is closed; a click counts for nothing.";
  if (decision && unheard)
    return `Answered with ${LABELS[decision.decision as Choice][0]}, by ${decision.by.join(", ")}, when nobody waited for it any more: what had asked has ended. It changes nothing; \`repot status ${migration}\` says how it stands.`;
  if (decision)
    return `Decided: ${LABELS[decision.decision as Choice][0]}, by ${decision.by.join(", ")}. A further click changes nothing.`;
  const granted = [...new Set(votes.filter((v) => v.choice === "granted").map((v) => v.person))];
  if (granted.length === 0) return "Nobody has answered yet. Deny and roll back need one person only.";
  return `${granted.length} of ${request.quorum} have approved: ${granted.join(", ")}.`;
};
