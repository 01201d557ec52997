/** The people of a rehearsal: they read what is posted, think for as long as their plan says, and click, by the door that Slack uses. */

import type { SlackApp } from "../../adapters/secrets.ts";
import type { Choice } from "../../domain/approvals.ts";
import { ButtonSchema } from "../../domain/clicks.ts";
import type { Button } from "../../domain/message.ts";
import type { Side } from "../../domain/phases.ts";
import type { Plan } from "../../domain/plan.ts";
import type { Clock } from "../clock.ts";
import { buttonsIn, type Posted, type SlackService } from "../services/slack.ts";
import { clickEvent } from "../services/slack-clicks.ts";

/** `auto` grants and retries, `never` doesn't answer, `deny` denies. */
export type ApproveMode = "auto" | "never" | "deny";

/** Somebody in the channel whom no plan names. */
const STRANGER = "U0STRANGER";
/** Who has started the migration; no approver. */
export const OPERATOR = "AROAREHEARSAL:operator";

const TRY_AGAIN_MS = 30_000;
const TRIES_MAX = 3;
const DOWN_TRY_AGAIN_MS = 60_000;
const DOWN_TRIES_MAX = 24 * 60;

/** What goes wrong with people, switched on by faults. Each tells when it is felt. */
export type Quirk = "never" | "late" | "twice" | "contradictory" | "nobody-entitled";

export type People = {
  /** Somebody posted; people read it. */
  readonly sees: (message: Posted) => void;
  readonly turn: (quirk: Quirk, felt: (() => void) | undefined) => void;
};

/** A pod that a page names. */
export type StuckPod = { readonly side: Side; readonly namespace: string; readonly name: string };

export type PeopleOptions = {
  /** Removes a pod by hand, whatever its process does. */
  readonly removePod: (pod: StuckPod) => void;
  readonly clock: Clock;
  readonly plan: Plan;
  readonly mode: ApproveMode;
  readonly app: SlackApp;
  readonly slack: Pick<SlackService, "read" | "isDown">;
  readonly path: string;
  /** The endpoint, through API Gateway; rejects where it fails. */
  readonly send: (event: object) => Promise<unknown>;
};

type Person = { readonly user: string; readonly afterSeconds: number };
/** A button as it was when the message was posted. Who insists presses it although it is gone: their view of the message is old. */
type Click = {
  readonly user: string;
  readonly ts: string;
  readonly button: Button;
  readonly insists: boolean;
};

export const makePeople = (options: PeopleOptions): People => {
  const { clock, plan, mode } = options;
  const quirks = new Map<Quirk, () => void>();
  const { approvers, expiresAfterSeconds } = plan.settings.approvals;
  const people: readonly Person[] = approvers.map((a) => ({
    user: a.slack ?? a.person,
    afterSeconds: a.answersAfterSeconds,
  }));
  const later = (seconds: number, quirk: Quirk | undefined, clicks: readonly Click[]) =>
    clock.after(seconds * 1000, () => {
      const made = clicks.filter((each) => press(options, each));
      if (quirk !== undefined && made.length > 0) quirks.get(quirk)?.();
    });
  const answers = (ts: string, button: Button, other: Button | undefined) => {
    const one = (user: string, of = button, insists = false): Click => ({ user, ts, button: of, insists });
    if (quirks.has("nobody-entitled")) later(5, "nobody-entitled", [one(STRANGER), one(OPERATOR)]);
    const [first, second = first] = people;
    if (quirks.has("contradictory") && first && second && other)
      later(first.afterSeconds, "contradictory", [one(first.user), one(second.user, other, true)]);
    for (const { user, afterSeconds } of people) {
      if (quirks.has("late"))
        later(Math.max(60, expiresAfterSeconds) + 60, "late", [one(user, button, true)]);
      else if (quirks.has("twice")) later(afterSeconds, "twice", [one(user), one(user, button, true)]);
      else later(afterSeconds, undefined, [one(user)]);
    }
  };
  return {
    turn: (quirk, felt) => {
      if (felt) quirks.set(quirk, felt);
      else quirks.delete(quirk);
    },
    sees: (message) => {
      if (mode === "never") return;
      if (quirks.has("never")) {
        if (buttonsIn(message).length > 0) quirks.get("never")?.();
        return;
      }
      for (const pod of podsToRemove(message.text))
        clock.after(people[0] ? people[0].afterSeconds * 1000 : 0, () => options.removePod(pod));
      const offered = new Map(
        buttonsIn(message).map((button) => [ButtonSchema.parse(JSON.parse(button.value)).choice, button]),
      );
      const wish = (...of: readonly Choice[]) => of.map((choice) => offered.get(choice)).find((b) => b);
      const [yes, no] = [wish("granted", "retry"), wish("denied", "roll-back")];
      const [button, other] = mode === "auto" ? [yes, no] : [no, yes];
      if (button) answers(message.ts, button, other);
    },
  };
};

/** What a page asks a person to remove by hand. */
const podsToRemove = (text: string): readonly StuckPod[] => {
  const [, side, namespace, names] =
    /kubectl --context (source|target) -n (\S+) delete pod ([^`]+?) --grace-period=0 --force/.exec(text) ??
    [];
  if (side === undefined || namespace === undefined || names === undefined) return [];
  return names.split(" ").map((name) => ({ side: side as Side, namespace, name }));
};

/**
 * Presses a button, if it is still there. Where Slack shows a warning, people press again; where Slack is down they look again later.
 * @returns whether it was pressed or will be.
 */
const press = (options: PeopleOptions, click: Click, tries = 1): boolean => {
  const { clock, app, path, slack, send } = options;
  const { user, ts, button, insists } = click;
  if (!insists && !buttonsIn(slack.read(ts)).some((b) => b.action_id === button.action_id)) return false;
  const again = (afterMs: number, triesMax: number) => {
    if (tries < triesMax) clock.after(afterMs, () => press(options, click, tries + 1));
  };
  if (slack.isDown()) again(DOWN_TRY_AGAIN_MS, DOWN_TRIES_MAX);
  else
    send(clickEvent({ app, user, message: ts, button, nowMs: clock.now() }, path)).catch(() =>
      again(TRY_AGAIN_MS, TRIES_MAX),
    );
  return true;
};
