/** The people of a rehearsal: they read what is posted, think for as long as their plan says, and click. */

import type { Choice } from "../../domain/approvals.ts";
import type { Plan } from "../../domain/plan.ts";
import type { Clock } from "../clock.ts";
import type { Invoke } from "../interpreter/engine.ts";
import type { HttpService } from "../world/types.ts";

/** `auto` grants and retries, `never` doesn't answer, `deny` denies. */
export type ApproveMode = "auto" | "never" | "deny";

type Button = {
  readonly migration: string;
  readonly plan: string;
  readonly question: string;
  readonly choice: Choice;
};

/** What this mode answers with, of the choices that there are. */
const answerOf = (mode: ApproveMode, choices: readonly Choice[]): Choice | undefined => {
  if (mode === "never") return undefined;
  const wishes: readonly Choice[] = mode === "auto" ? ["granted", "retry"] : ["denied", "roll-back"];
  return wishes.find((wish) => choices.includes(wish));
};

export type PeopleOptions = {
  readonly clock: Clock;
  readonly plan: Plan;
  readonly mode: ApproveMode;
  readonly invoke: () => Invoke;
};

/** Slack's Web API, with the approvers of the plan behind it. */
export const makeSlack = ({ clock, plan, mode, invoke }: PeopleOptions): HttpService => {
  let messages = 0;
  const click = (person: string, button: Button) =>
    void invoke()({
      functionName: "record-vote",
      payload: {
        run: { migration: button.migration, plan: button.plan },
        question: button.question,
        person,
        choice: button.choice,
      },
      execution: { arn: `slack:${person}`, machine: "slack", name: person },
      state: "click",
    }).catch(() => {
      // The endpoint's queue delivers again after a failure; so does this person.
      clock.after(30_000, () => clickOnce(person, button));
    });
  const clicked = new Map<string, number>();
  const clickOnce = (person: string, button: Button) => {
    const key = `${person} ${button.question}`;
    const times = (clicked.get(key) ?? 0) + 1;
    clicked.set(key, times);
    if (times <= 3) click(person, button);
  };
  return (request) => {
    if (new URL(request.url).pathname !== "/api/chat.postMessage")
      return reply(200, { ok: false, error: "unknown_method" });
    const body = JSON.parse(request.body ?? "{}") as {
      readonly channel?: string;
      readonly blocks?: readonly { readonly elements?: readonly { readonly value: string }[] }[];
    };
    if (!body.channel) return reply(200, { ok: false, error: "channel_not_found" });
    const buttons = (body.blocks ?? [])
      .flatMap((block) => block.elements ?? [])
      .map((element) => JSON.parse(element.value) as Button);
    const choice = answerOf(
      mode,
      buttons.map((b) => b.choice),
    );
    const button = buttons.find((b) => b.choice === choice);
    if (button)
      for (const { person, answersAfterSeconds } of plan.settings.approvals.approvers)
        clock.after(answersAfterSeconds * 1000, () => clickOnce(person, button));
    messages += 1;
    return reply(200, {
      ok: true,
      ts: `${Math.floor(clock.now() / 1000)}.${String(messages).padStart(6, "0")}`,
    });
  };
};

const reply = (status: number, body: object) => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});
