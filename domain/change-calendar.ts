/** A change calendar beside the plan's window: both have to be open, for as long as the step and its way back take. What isn't known holds. */

import { DateTime } from "luxon";
import type { Window, WindowVerdict } from "./window.ts";

/** What the calendars answered for a moment, all together. */
export type CalendarSeen =
  | { readonly state: "open" | "closed" /** Milliseconds since 1970. */; readonly changesAt?: number }
  | { readonly state: "unknown"; readonly why: string };

/** When nothing says when it opens, it is asked again after so long. */
const ASK_AGAIN_SECONDS = 1_800;
/** A calendar's times are to the second; asking at that very second may be too early. */
const MARGIN_SECONDS = 60;

const local = (at: number, { timeZone }: Window): string =>
  `${DateTime.fromMillis(at, { zone: timeZone }).toFormat("yyyy-MM-dd HH:mm")} (${timeZone})`;

/**
 * @param verdict Of the window, for the same moment; where it doesn't pass, it stands.
 * @param at The moment at which the step would begin, as the calendars were asked.
 */
export const withCalendar = (
  verdict: WindowVerdict,
  window: Window,
  seen: CalendarSeen,
  at: Date,
  neededSeconds: number,
): WindowVerdict => {
  if (verdict.verdict !== "pass") return verdict;
  const names = (window.changeCalendars ?? []).map((c) => c.name).join(", ");
  const held = (waitSeconds: number, sentence: string): WindowVerdict => ({
    verdict: "unknown",
    waitSeconds,
    sentence,
  });
  if (seen.state === "unknown")
    return held(
      ASK_AGAIN_SECONDS,
      `Whether the change calendar ${names} is open isn't known: ${seen.why} Nothing moves before it is.`,
    );
  const { changesAt } = seen;
  const waitSeconds =
    changesAt === undefined
      ? ASK_AGAIN_SECONDS
      : Math.max(0, Math.ceil((changesAt - at.getTime()) / 1000)) + MARGIN_SECONDS;
  if (seen.state === "closed")
    return held(
      waitSeconds,
      `The change calendar ${names} is closed${changesAt === undefined ? "" : ` until ${local(changesAt, window)}`}, though the window is open. Nothing moves.`,
    );
  if (changesAt !== undefined && changesAt < at.getTime() + neededSeconds * 1000)
    return held(
      waitSeconds,
      `The change calendar ${names} closes at ${local(changesAt, window)}, before the step with its way back (${Math.ceil(neededSeconds / 60)} minutes) would be over. Nothing moves.`,
    );
  return { ...verdict, sentence: `${verdict.sentence} So is the change calendar ${names}.` };
};
