/** Window and change calendar together, over both changes of the clocks and in zones off by half hours: both are open, or nothing moves. */

import { describe, expect, test } from "vitest";
import { type CalendarSeen, withCalendar } from "../../domain/change-calendar.ts";
import { type Window, windowAt } from "../../domain/window.ts";
import { makeSsm } from "../../simulator/services/ssm.ts";

const NEEDED_SECONDS = 840;
const NAME = "platform-freeze";
const at = (iso: string) => Date.parse(iso);
const window = (timeZone: string, closed: readonly (readonly [from: string, to: string])[]): Window => ({
  timeZone,
  weekdays: [],
  start: "01:00",
  end: "05:00",
  days: [],
  changeCalendars: [{ name: NAME, closed: closed.map(([from, to]) => ({ from, to })) }],
});

/** What the simulated service says of the window's calendar at a moment, as the adapter reads it. */
const seen = ({ changeCalendars = [] }: Window, now: string): CalendarSeen => {
  const calendars = changeCalendars.map(({ name, closed }) => ({
    name,
    closed: closed.map(({ from, to }) => ({ from: at(from), to: at(to) })),
  }));
  const { GetCalendarState } = makeSsm({ now: () => at(now) }, calendars).handlers;
  const answer = GetCalendarState?.({ CalendarNames: [NAME] } as never, {} as never) as {
    readonly State: string;
    readonly NextTransitionTime?: string;
  };
  const state = answer.State === "OPEN" ? "open" : "closed";
  const { NextTransitionTime: next } = answer;
  return next === undefined ? { state } : { state, changesAt: at(next) };
};

const judged = (w: Window, now: string, calendar = seen(w, now)) => {
  const moment = new Date(now);
  return withCalendar(windowAt(w, moment, NEEDED_SECONDS), w, calendar, moment, NEEDED_SECONDS);
};

describe("a closure written in local time, and the window of the same night", () => {
  test.each([
    // In Berlin the clocks go from 02:00 to 03:00: 00:59 UTC is 01:59, 01:00 UTC is 03:00.
    ["spring, Berlin", "Europe/Berlin", ["2027-03-28T03:00:00+02:00", "2027-03-28T03:30:00+02:00"]],
    // … and back from 03:00 to 02:00: 02:30 comes twice, and only the second is closed.
    [
      "autumn, Berlin: the second 02:30",
      "Europe/Berlin",
      ["2026-10-25T02:30:00+01:00", "2026-10-25T03:00:00+01:00"],
    ],
    [
      "half an hour of summer time, Lord Howe",
      "Australia/Lord_Howe",
      ["2026-10-04T02:30:00+11:00", "2026-10-04T03:30:00+11:00"],
    ],
    [
      "half an hour back, Lord Howe",
      "Australia/Lord_Howe",
      ["2027-04-04T01:45:00+10:30", "2027-04-04T02:15:00+10:30"],
    ],
    [
      "a zone off by half an hour, Kolkata",
      "Asia/Kolkata",
      ["2026-11-10T02:00:00+05:30", "2026-11-10T02:45:00+05:30"],
    ],
    [
      "a zone off by three quarters, Kathmandu",
      "Asia/Kathmandu",
      ["2026-11-10T02:00:00+05:45", "2026-11-10T02:45:00+05:45"],
    ],
  ] as const)("%s", (_, timeZone, closure) => {
    const [from, to] = closure;
    const w = window(timeZone, [closure]);
    const minutes = (iso: string, more: number) => new Date(at(iso) + more * 60_000).toISOString();
    const moments = {
      longBefore: judged(w, minutes(from, -15)),
      tooShortBefore: judged(w, minutes(from, -10)),
      within: judged(w, minutes(from, 1)),
      after: judged(w, to),
    };
    expect(Object.fromEntries(Object.entries(moments).map(([when, v]) => [when, v.verdict]))).toEqual({
      longBefore: "pass",
      tooShortBefore: "unknown",
      within: "unknown",
      after: "pass",
    });
    // Waiting as long as it says leads past the closure, never into it.
    const wakes = new Date(at(minutes(from, 1)) + moments.within.waitSeconds * 1000).toISOString();
    expect(judged(w, wakes).verdict).toBe("pass");
    expect(moments.within.sentence).toContain(`is closed until`);
    expect(moments.within.sentence).toContain(`(${timeZone}), though the window is open. Nothing moves.`);
  });
});

describe("a change calendar", () => {
  const w = window("Europe/Berlin", []);
  const OPEN_WINDOW = "2026-11-20T01:00:00Z";

  test("opens nothing that the window holds", () => {
    expect(judged(w, "2026-11-20T12:00:00Z", { state: "open" })).toMatchObject({ verdict: "unknown" });
    expect(judged(w, "2026-11-20T12:00:00Z", { state: "open" }).sentence).toMatch(/^The next opening/);
  });

  test("that is open and says of no end passes", () => {
    expect(judged(w, OPEN_WINDOW, { state: "open" })).toMatchObject({ verdict: "pass" });
  });

  test("that nobody could ask holds, is asked again, and says why", () => {
    expect(judged(w, OPEN_WINDOW, { state: "unknown", why: "AccessDeniedException." })).toEqual({
      verdict: "unknown",
      waitSeconds: 1_800,
      sentence:
        "Whether the change calendar platform-freeze is open isn't known: AccessDeniedException. Nothing moves before it is.",
    });
  });

  test("that is closed without an end is asked again after half an hour", () => {
    expect(judged(w, OPEN_WINDOW, { state: "closed" })).toMatchObject({
      verdict: "unknown",
      waitSeconds: 1_800,
    });
  });
});
