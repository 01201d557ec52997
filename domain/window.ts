/** The window in which traffic may be moved: whether it is open, when it opens next, and days on which its hours don't exist. */

import { DateTime, IANAZone } from "luxon";
import { BadInput } from "./errors.ts";
import { remembered } from "./remembered.ts";
import type { Settings } from "./settings.ts";

export type Window = Settings["window"];
export type Opening = { readonly opensAt: number; readonly closesAt: number };

/** How far ahead an opening is looked for. */
const DAYS_MAX = 400;
/** Years in which a recurring window must exist on each of its days. */
const YEARS: readonly [first: number, last: number] = [2026, 2036];

const HOUR_MINUTE = /^(\d\d):(\d\d)$/;

const minutesOf = (time: string): number => {
  const match = HOUR_MINUTE.exec(time);
  return Number(match?.[1]) * 60 + Number(match?.[2]);
};

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** A day of the calendar, without a zone: its midnight in UTC stands for it. */
const dayAt = (at: number, timeZone: string): DateTime => {
  const { year, month, day } = DateTime.fromMillis(at, { zone: timeZone });
  return DateTime.fromMillis(Date.UTC(year, month - 1, day), { zone: "utc" });
};

/**
 * A local time of a day as instants: none where clocks jump over it, two where they go back. Found by the offsets around, since what a library
 * picks of two depends on the moment from which it looks.
 */
const instantsOf = (day: DateTime, time: string, timeZone: string): readonly number[] => {
  const zone = IANAZone.create(timeZone);
  const wanted = day.toMillis() + minutesOf(time) * MINUTE_MS;
  const around = [wanted - DAY_MS, wanted + DAY_MS].map((at) => wanted - zone.offset(at) * MINUTE_MS);
  return [...new Set(around)].filter((instant) => instant + zone.offset(instant) * MINUTE_MS === wanted);
};

const crossesMidnight = (window: Window): boolean => minutesOf(window.end) <= minutesOf(window.start);

/** The day on which an opening that begins on a day ends. */
const lastDayOf = (window: Window, day: DateTime): DateTime =>
  crossesMidnight(window) ? day.plus({ days: 1 }) : day;

/** Where clocks go back it is the shorter one: from the second start to the first end, so that no clock on a wall shows a time outside of it. */
const openingOn = (window: Window, day: DateTime): Opening | undefined => {
  const closesAt = Math.min(...instantsOf(lastDayOf(window, day), window.end, window.timeZone));
  const opensAt = Math.max(
    ...instantsOf(day, window.start, window.timeZone).filter((start) => start < closesAt),
  );
  return Number.isFinite(opensAt) && Number.isFinite(closesAt) ? { opensAt, closesAt } : undefined;
};

const isDay = (window: Window, day: DateTime): boolean =>
  window.days.length > 0
    ? window.days.includes(day.toFormat("yyyy-MM-dd"))
    : window.weekdays.length === 0 || window.weekdays.includes(day.weekday);

/**
 * The opening that holds a moment, else the next one; undefined where none comes within the next 400 days.
 * @param now milliseconds since 1970.
 */
export const openingAt = (window: Window, now: number): Opening | undefined => {
  const today = dayAt(now, window.timeZone);
  for (let ahead = -1; ahead <= DAYS_MAX; ahead += 1) {
    const day = today.plus({ days: ahead });
    const opening = isDay(window, day) ? openingOn(window, day) : undefined;
    if (opening && opening.closesAt > now) return opening;
  }
  return undefined;
};

/** Whether the window is open now and stays so for `seconds`. */
export const isOpen = (window: Window, now: number, seconds = 0): boolean => {
  const opening = openingAt(window, now);
  return opening !== undefined && opening.opensAt <= now && now + seconds * 1000 <= opening.closesAt;
};

/** The next moment at which a step of this length, with its way back, fits: now, or an opening; undefined where none is long enough. */
export const nextFit = (window: Window, now: number, seconds: number): number | undefined => {
  let at = now;
  for (let tries = 0; tries <= DAYS_MAX; tries += 1) {
    const opening = openingAt(window, at);
    if (!opening) return undefined;
    const begins = Math.max(opening.opensAt, now);
    if (begins + seconds * 1000 <= opening.closesAt) return begins;
    at = opening.closesAt + 1;
  }
  return undefined;
};

/** Whether quiet hours (local time, may pass midnight) hold a moment; else how long until they begin. */
export const quietAt = (
  hours: { readonly start: string; readonly end: string },
  timeZone: string,
  now: Date,
): { readonly waitSeconds: number; readonly sentence: string } => {
  const window = { ...hours, timeZone, weekdays: [], days: [] };
  const opening = openingAt(window, now.getTime());
  const waitSeconds = Math.max(0, Math.ceil(((opening?.opensAt ?? now.getTime()) - now.getTime()) / 1000));
  return {
    waitSeconds,
    sentence: `its quiet hours are ${hours.start}–${hours.end} (${timeZone})${waitSeconds > 0 ? `, in ${Math.ceil(waitSeconds / 60)} minutes` : ""}.`,
  };
};

export type WindowVerdict = {
  readonly verdict: "pass" | "unknown" | "fail";
  readonly waitSeconds: number;
  readonly sentence: string;
};

const local = (at: number, window: Window): string =>
  DateTime.fromMillis(at, { zone: window.timeZone }).toFormat("yyyy-MM-dd HH:mm");

/** Whether a step of this length, with its way back, may begin now; else how long until it may. Fails where it never fits. */
export const windowAt = (window: Window, now: Date, neededSeconds: number): WindowVerdict => {
  const begins = nextFit(window, now.getTime(), neededSeconds);
  const needed = `${Math.ceil(neededSeconds / 60)} minutes`;
  if (begins === undefined)
    return {
      verdict: "fail",
      waitSeconds: 0,
      sentence: `No opening of the window within ${DAYS_MAX} days is as long as ${needed}.`,
    };
  const opening = openingAt(window, begins);
  const until = opening ? ` It closes at ${local(opening.closesAt, window)} (${window.timeZone}).` : "";
  if (begins <= now.getTime())
    return {
      verdict: "pass",
      waitSeconds: 0,
      sentence: `The window is open, and the step with its way back (${needed}) fits.${until}`,
    };
  return {
    verdict: "unknown",
    waitSeconds: Math.ceil((begins - now.getTime()) / 1000),
    sentence: `The next opening that holds the step and its way back (${needed}) begins at ${local(begins, window)} (${window.timeZone}).`,
  };
};

/** Days that lack a time because the zone's clocks are set forward; where that happens at midnight, it is the day that begins late. */
const gapsOf = remembered(100, (timeZone): readonly DateTime[] => {
  const zone = IANAZone.create(timeZone);
  const days: DateTime[] = [];
  const end = Date.UTC(YEARS[1] + 1, 0, 1);
  // Clocks change a few times a year: look at weeks first, at minutes only where a week has a change in it.
  for (let at = Date.UTC(YEARS[0], 0, 1); at < end; at += 7 * DAY_MS) {
    let [low, high] = [at, at + 7 * DAY_MS];
    const before = zone.offset(low);
    if (zone.offset(high) <= before) continue;
    while (high - low > MINUTE_MS) {
      const middle = low + Math.floor((high - low) / 2 / MINUTE_MS) * MINUTE_MS;
      if (zone.offset(middle) > before) high = middle;
      else low = middle;
    }
    const local = (offset: number) => DateTime.fromMillis(high + offset * MINUTE_MS, { zone: "utc" });
    const [first, last] = [local(before), local(zone.offset(high)).minus({ minutes: 1 })];
    days.push(first.startOf("day"));
    if (!last.hasSame(first, "day")) days.push(last.startOf("day"));
  }
  return days;
});

const missingOn = (window: Window, day: DateTime): string | undefined => {
  if (instantsOf(day, window.start, window.timeZone).length === 0) return window.start;
  const ends = instantsOf(lastDayOf(window, day), window.end, window.timeZone);
  return ends.length === 0 ? window.end : undefined;
};

/**
 * @param where Names file and line.
 * @throws BadInput for an unknown zone, an empty window, a day that isn't one, and hours that clocks jump over.
 */
export const checkWindow = (window: Window, where: string): void => {
  if (!IANAZone.isValidZone(window.timeZone))
    throw new BadInput(
      `${where}: window.timeZone ${JSON.stringify(window.timeZone)} is no time zone (as in Europe/Berlin).`,
    );
  if (window.start === window.end)
    throw new BadInput(`${where}: the window is empty: it starts and ends at ${window.start}.`);
  const named = window.days.map((day) => ({ text: day, day: DateTime.fromISO(day, { zone: "utc" }) }));
  const wrong = named.find(({ day }) => !day.isValid);
  if (wrong) throw new BadInput(`${where}: window.days has ${wrong.text}, which is no day.`);
  const days =
    named.length > 0
      ? named.map(({ day }) => day)
      : gapsOf(window.timeZone).flatMap((d) => [d.minus({ days: 1 }), d]);
  for (const day of days) {
    const missing = isDay(window, day) ? missingOn(window, day) : undefined;
    if (missing !== undefined)
      throw new BadInput(
        `${where}: the window ${window.start}–${window.end} doesn't exist on ${day.toFormat("yyyy-MM-dd")}: in ${window.timeZone} clocks are set forward and there is no ${missing}. Choose other hours${window.days.length > 0 ? " or another day" : ", other weekdays, or list `days`"}.`,
      );
  }
};

/** What the cut needs of the window: the delegation, its propagation and its TTL; and the same once more for the way back. */
export const cutSeconds = (loweredTtlSeconds: number): number => 2 * (loweredTtlSeconds * 2 + 300);
