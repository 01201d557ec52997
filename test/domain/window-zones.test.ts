/**
 * The window against clocks on walls, in zones of both hemispheres: what a wall's clock shows comes from Intl, minute by minute, and knows nothing
 * of openings. Where the window says that it is open, every clock shows a time within it.
 */

import { describe, expect, test } from "vitest";
import { BadInput } from "../../domain/errors.ts";
import { checkWindow, isOpen, openingAt, type Window } from "../../domain/window.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const at = (iso: string) => Date.parse(iso);
const iso = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString());
const window = (timeZone: string, start: string, end: string, more: Partial<Window> = {}): Window => ({
  timeZone,
  weekdays: [],
  start,
  end,
  days: [],
  ...more,
});

const walls = new Map<string, Intl.DateTimeFormat>();
/** What a clock on the wall shows, `HH:MM`. */
const wall = (timeZone: string, now: number): string => {
  const format =
    walls.get(timeZone) ??
    new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  walls.set(timeZone, format);
  return format.format(now);
};
const isWithin = (time: string, { start, end }: Window): boolean =>
  start < end ? start <= time && time < end : start <= time || time < end;

/** Both changes of the clocks in 2027 (none in some zones), to the hour: found by what the walls show at noon in UTC. */
const changesOf = (timeZone: string): readonly number[] => {
  const changes: number[] = [];
  for (let hour = at("2027-01-01T00:00:00Z"); hour < at("2028-01-01T00:00:00Z"); hour += HOUR) {
    const expected = wall(timeZone, hour + 24 * HOUR);
    if (wall(timeZone, hour) !== expected && wall(timeZone, hour - HOUR) === wall(timeZone, hour + 23 * HOUR))
      changes.push(hour + 24 * HOUR);
  }
  return changes;
};

const ZONES: readonly (readonly [timeZone: string, changes: number])[] = [
  ["Europe/Berlin", 2],
  ["Europe/London", 2],
  ["America/New_York", 2],
  ["America/St_Johns", 2], // off by half an hour
  ["America/Havana", 2], // at midnight: a day without 00:30, another with two
  ["America/Santiago", 2], // the same in the south
  ["Africa/Cairo", 2], // forward at midnight
  ["Australia/Adelaide", 2], // south, off by half an hour
  ["Australia/Lord_Howe", 2], // by half an hour
  ["Pacific/Auckland", 2],
  ["Pacific/Chatham", 2], // off by three quarters
  ["Asia/Kolkata", 0],
  ["Asia/Kathmandu", 0],
];
const HOURS: readonly (readonly [start: string, end: string])[] = [
  ["01:00", "05:00"],
  ["02:15", "02:45"], // in the gap, and in the hour that comes twice
  ["01:45", "02:15"],
  ["02:30", "04:00"],
  ["22:00", "03:00"],
  ["00:15", "00:45"],
];

/** Quarters of an hour around a change, hours further off. */
const momentsAround = (change: number): readonly number[] => {
  const moments: number[] = [];
  for (let off = -26 * HOUR; off <= 26 * HOUR; off += Math.abs(off) < 5 * HOUR ? 15 * MINUTE : HOUR)
    moments.push(change + off);
  return moments;
};

describe.each(ZONES)("in %s", (timeZone, count) => {
  const changes = changesOf(timeZone);
  test(`clocks change ${count} times in 2027`, () => expect(changes).toHaveLength(count));

  test.each(HOURS)("a window from %s to %s is open by the wall's clock, or closed", (start, end) => {
    const w = window(timeZone, start, end);
    const around = changes.length > 0 ? changes : [at("2027-02-28T18:00:00Z")];
    const wrong: string[] = [];
    for (const change of around)
      for (const now of momentsAround(change)) {
        const [open, shown] = [isOpen(w, now), isWithin(wall(timeZone, now), w)];
        // Within half a day of the change it may stay closed; it never opens against the clock.
        const isNear = Math.abs(now - change) <= 13 * HOUR;
        if (open !== shown && (open || !isNear))
          wrong.push(`${iso(now)} open ${open}, clock ${wall(timeZone, now)}`);
      }
    expect(wrong).toEqual([]);
  });

  test("an opening is the same one from whichever moment of its day it is looked for", () => {
    for (const change of changes) {
      const w = window(timeZone, "00:30", "04:00");
      const openings = new Set<string>();
      for (let now = change - 4 * HOUR; now <= change + 4 * HOUR; now += 15 * MINUTE) {
        const opening = openingAt(w, now);
        if (opening) openings.add(`${iso(opening.opensAt)} ${iso(opening.closesAt)}`);
      }
      const days = [...openings].map((o) =>
        new Date(o.slice(0, 24)).toLocaleDateString("en-CA", { timeZone }),
      );
      expect(days, [...openings].join()).toEqual([...new Set(days)]);
    }
  });
});

describe("an hour that comes twice", () => {
  const berlin = (start: string, end: string) =>
    openingAt(window("Europe/Berlin", start, end, { days: ["2026-10-25"] }), at("2026-10-24T12:00:00Z"));
  test.each([
    [
      "begins with the second where it begins in it",
      "02:30",
      "05:00",
      "2026-10-25T01:30",
      "2026-10-25T04:00",
    ],
    ["ends with the first where it ends in it", "01:00", "02:30", "2026-10-24T23:00", "2026-10-25T00:30"],
    ["is the first of both where it lies in it", "02:15", "02:45", "2026-10-25T00:15", "2026-10-25T00:45"],
    ["is all of it where it lies around it", "01:00", "05:00", "2026-10-24T23:00", "2026-10-25T04:00"],
  ])("the window %s", (_, start, end, opens, closes) => {
    const opening = berlin(start, end);
    expect([iso(opening?.opensAt), iso(opening?.closesAt)]).toEqual([
      `${opens}:00.000Z`,
      `${closes}:00.000Z`,
    ]);
  });
});

describe("days of the calendar", () => {
  test.each<[string, Window, string, string | undefined]>([
    ["over the end of a month", window("UTC", "22:00", "02:00"), "2027-01-31T23:00:00Z", "2027-01-31T22:00"],
    ["after it, still that one", window("UTC", "22:00", "02:00"), "2027-02-01T01:00:00Z", "2027-01-31T22:00"],
    ["over the end of a year", window("UTC", "22:00", "02:00"), "2027-01-01T01:00:00Z", "2026-12-31T22:00"],
    [
      "on a leap day",
      window("UTC", "02:00", "04:00", { days: ["2028-02-29"] }),
      "2028-02-28T12:00:00Z",
      "2028-02-29T02:00",
    ],
    [
      "from a leap day into March",
      window("UTC", "22:00", "02:00", { days: ["2028-02-29"] }),
      "2028-03-01T01:00:00Z",
      "2028-02-29T22:00",
    ],
    [
      "over midnight it belongs to the day on which it starts",
      window("UTC", "22:00", "02:00", { days: ["2028-02-29"] }),
      "2028-02-29T01:00:00Z",
      "2028-02-29T22:00",
    ],
    [
      "where it is a day further on",
      window("Pacific/Kiritimati", "01:00", "02:00"),
      "2027-01-01T11:30:00Z",
      "2027-01-01T11:00",
    ],
    [
      "on a day that lacks its start",
      window("Africa/Cairo", "00:30", "04:00", { days: ["2027-04-30"] }),
      "2027-04-29T00:00:00Z",
      undefined,
    ],
  ])("%s", (_, w, now, opens) => {
    expect(iso(openingAt(w, at(now))?.opensAt)).toBe(opens === undefined ? undefined : `${opens}:00.000Z`);
  });
});

describe("a window that meets hours which clocks jump over is refused when it is planned", () => {
  test.each([
    ["at two in the morning, Berlin", window("Europe/Berlin", "02:10", "02:40")],
    ["at midnight, Cairo", window("Africa/Cairo", "00:30", "04:00")],
    ["at midnight, Cairo, by its end", window("Africa/Cairo", "21:00", "00:15")],
    ["at midnight, Havana", window("America/Havana", "00:00", "04:00")],
    ["at midnight, Santiago", window("America/Santiago", "00:15", "04:00")],
    ["by half an hour, Lord Howe", window("Australia/Lord_Howe", "02:15", "04:00")],
    ["by three quarters of a zone, Chatham", window("Pacific/Chatham", "03:00", "05:00")],
  ])("%s", (_, w) => {
    expect(() => checkWindow(w, "repot.yaml")).toThrow(BadInput);
    expect(() => checkWindow(w, "repot.yaml")).toThrow(/doesn't exist on 20\d\d-/);
  });

  test.each([
    ["beside it, Cairo", window("Africa/Cairo", "01:00", "04:00")],
    ["beside it, Lord Howe", window("Australia/Lord_Howe", "02:30", "04:00")],
    ["beside it, Chatham", window("Pacific/Chatham", "04:00", "06:00")],
    ["on a leap day", window("UTC", "02:00", "04:00", { days: ["2028-02-29"] })],
  ])("and not %s", (_, w) => expect(() => checkWindow(w, "repot.yaml")).not.toThrow());

  test.each(["2027-02-29", "2100-02-29", "2027-04-31", "2027-13-01"])("a day like %s is none", (day) => {
    expect(() => checkWindow(window("UTC", "02:00", "04:00", { days: [day] }), "repot.yaml")).toThrow(
      /no day/,
    );
  });
});
