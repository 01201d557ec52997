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

/** A local time of a day, undefined where clocks jump over it. The first of two, where they go back. */
const localTime = (day: DateTime, time: string): DateTime | undefined => {
  const minutes = minutesOf(time);
  const wanted = { hour: Math.floor(minutes / 60), minute: minutes % 60, second: 0, millisecond: 0 };
  const found = day.set(wanted);
  return found.hour === wanted.hour && found.minute === wanted.minute ? found : undefined;
};

const crossesMidnight = (window: Window): boolean => minutesOf(window.end) <= minutesOf(window.start);

const openingOn = (window: Window, day: DateTime): Opening | undefined => {
  const opens = localTime(day, window.start);
  const closes = localTime(crossesMidnight(window) ? day.plus({ days: 1 }) : day, window.end);
  return opens && closes && closes > opens
    ? { opensAt: opens.toMillis(), closesAt: closes.toMillis() }
    : undefined;
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
  const today = DateTime.fromMillis(now, { zone: window.timeZone }).startOf("day");
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

/** Days on which the zone's clocks are set forward, with the first and last minute that are missing. */
const gapsOf = remembered(100, (zone): readonly DateTime[] => {
  const days: DateTime[] = [];
  let day = DateTime.fromObject({ year: YEARS[0], month: 1, day: 1 }, { zone });
  // Clocks change a few times a year: look at weeks first, at days only where a week has a change in it.
  while (day.year <= YEARS[1]) {
    const next = day.plus({ weeks: 1 });
    if (next.offset !== day.offset)
      for (let d = day; d < next; d = d.plus({ days: 1 }))
        if (d.plus({ days: 1 }).offset > d.offset) days.push(d.startOf("day"));
    day = next;
  }
  return days;
});

const missingOn = (window: Window, day: DateTime): string | undefined => {
  if (!localTime(day, window.start)) return window.start;
  const lastDay = crossesMidnight(window) ? day.plus({ days: 1 }) : day;
  return localTime(lastDay, window.end) ? undefined : window.end;
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
  const named = window.days.map((day) => ({
    text: day,
    day: DateTime.fromISO(day, { zone: window.timeZone }),
  }));
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
