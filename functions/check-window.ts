/**
 * Before every traffic step: is the window open, are the change calendars, and do the step and its rollback fit before one of them closes?
 * Changes nothing.
 */

import * as z from "zod";
import { seeCalendars } from "../adapters/change-calendar.ts";
import { type CalendarSeen, withCalendar } from "../domain/change-calendar.ts";
import { cutSeconds, openingAt, type Window, type WindowVerdict, windowAt } from "../domain/window.ts";
import { planOf, RunSchema } from "./run.ts";
import { type Context, step } from "./step.ts";

/** For so long a verdict stands: what comes between it and the step (fresh gates, a guard that holds) may take people hours, and calendars are closed by hand. */
const FRESH_SECONDS = 900;

/** A freeze that would take longer than this begins half a day ahead all the same. */
const LEAD_SECONDS_MAX = 43_200;

export const checkWindow = step({
  name: "check-window",
  does: "Judges the plan's window and change calendars now, or says when they open next; a freeze begins so that the cut finds them open.",
  input: z.object({ run: RunSchema, step: z.enum(["freeze", "delegate-zone"]) }),
  needs: { s3: ["GetObject"], ssm: ["GetCalendarState"] },
  run: async ({ run, step: next }, context): Promise<Judged> => {
    const { settings, price } = await planOf(context, run);
    const { window } = settings;
    const neededSeconds = cutSeconds(settings.dns.loweredTtlSeconds);
    // Developers wait as long as the freeze lasts: it begins when the moving will just be done by the time the window opens.
    const leadSeconds = next === "freeze" ? Math.min(price.freezeMinutes * 60, LEAD_SECONDS_MAX) : 0;
    const at = new Date(context.now().getTime() + leadSeconds * 1000);
    const verdict = windowAt(window, at, neededSeconds);
    if (verdict.verdict !== "pass") return verdict;
    const closesAt = openingAt(window, at.getTime())?.closesAt ?? at.getTime();
    if (!window.changeCalendars?.length) return until(verdict, [closesAt], at, neededSeconds);
    const seen = await seenBy(context, window, at);
    const changesAt = seen.state === "open" ? (seen.changesAt ?? closesAt) : closesAt;
    return until(
      withCalendar(verdict, window, seen, at, neededSeconds),
      [closesAt, changesAt],
      at,
      neededSeconds,
    );
  },
});

/** A verdict with the moment (ISO) before which the step has to begin; absent where it may not. */
type Judged = WindowVerdict & { readonly beginBefore?: string };

/** @param ends When what is open now closes, milliseconds since 1970: the step and its way back are over by then. */
const until = (verdict: WindowVerdict, ends: readonly number[], at: Date, neededSeconds: number): Judged => {
  if (verdict.verdict !== "pass") return verdict;
  const last = Math.min(...ends) - neededSeconds * 1000;
  // What fits to the second may begin in that second.
  const beginBefore = Math.min(last + 1_000, at.getTime() + FRESH_SECONDS * 1000);
  return { ...verdict, beginBefore: new Date(beginBefore).toISOString() };
};

/** Whatever keeps a calendar from answering: that it is open isn't known, and it is asked again later. */
const seenBy = async (
  context: Context,
  { changeCalendars = [] }: Window,
  at: Date,
): Promise<CalendarSeen> => {
  const names = changeCalendars.map((c) => c.name);
  try {
    return await seeCalendars(context.aws.ssm, names, at);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    context.log.warn("A change calendar could not be asked.", { names, why });
    return { state: "unknown", why };
  }
};
