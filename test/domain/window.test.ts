/** The window in its time zone: open, next, long enough, and days on which its hours don't exist. */

import { describe, expect, test } from "vitest";
import { judgeWindow } from "../../domain/checks/opening.ts";
import { BadInput } from "../../domain/errors.ts";
import { checkWindow, isOpen, nextFit, openingAt, type Window, windowAt } from "../../domain/window.ts";

const window = (more: Partial<Window> = {}): Window => ({
  timeZone: "Europe/Berlin",
  weekdays: [],
  start: "03:00",
  end: "05:00",
  days: [],
  ...more,
});
const at = (iso: string) => Date.parse(iso);
const iso = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString());

describe("opening", () => {
  test.each([
    ["before it", "2026-11-20T00:00:00Z", false],
    ["at its start", "2026-11-20T02:00:00Z", true],
    ["a second before its end", "2026-11-20T03:59:59Z", true],
    ["at its end", "2026-11-20T04:00:00Z", false],
  ])("%s", (_, now, open) => expect(isOpen(window(), at(now))).toBe(open));

  test("a window over midnight belongs to the day on which it starts", () => {
    const night = window({ start: "22:00", end: "04:00", weekdays: [5] });
    expect(isOpen(night, at("2026-11-21T02:00:00Z"))).toBe(true);
    expect(isOpen(night, at("2026-11-20T02:00:00Z"))).toBe(false);
  });

  test("the next one is on the next of its weekdays, in local time in summer and winter", () => {
    const tuesdays = window({ weekdays: [2] });
    expect(iso(openingAt(tuesdays, at("2026-11-20T12:00:00Z"))?.opensAt)).toBe("2026-11-24T02:00:00.000Z");
    expect(iso(openingAt(tuesdays, at("2026-07-01T12:00:00Z"))?.opensAt)).toBe("2026-07-07T01:00:00.000Z");
  });

  test("listed days are the only ones, and none is left after the last", () => {
    const listed = window({ days: ["2026-12-01"] });
    expect(iso(openingAt(listed, at("2026-11-20T12:00:00Z"))?.opensAt)).toBe("2026-12-01T02:00:00.000Z");
    expect(openingAt(listed, at("2026-12-02T00:00:00Z"))).toBeUndefined();
  });

  test("a step that no longer fits waits for the next opening; one that never fits fails", () => {
    expect(iso(nextFit(window(), at("2026-11-20T03:30:00Z"), 3_600))).toBe("2026-11-21T02:00:00.000Z");
    expect(windowAt(window(), new Date("2026-11-20T03:30:00Z"), 3_600)).toMatchObject({
      verdict: "unknown",
      waitSeconds: 81_000,
    });
    expect(windowAt(window(), new Date("2026-11-20T02:30:00Z"), 3_600).verdict).toBe("pass");
    expect(windowAt(window(), new Date("2026-11-20T02:30:00Z"), 3 * 3_600).verdict).toBe("fail");
  });
});

describe("the window decides before each traffic step, whatever the clocks do that night", () => {
  const night = (timeZone: string) => window({ timeZone, start: "01:00", end: "05:00" });

  test.each([
    ["spring: the night is an hour shorter", "Europe/Berlin", "2027-03-28T00:00:00Z", 3],
    ["autumn: the night is an hour longer", "Europe/Berlin", "2026-10-24T23:00:00Z", 5],
    ["spring by half an hour", "Australia/Lord_Howe", "2026-10-03T14:30:00Z", 3.5],
    ["autumn by half an hour", "Australia/Lord_Howe", "2027-04-03T14:00:00Z", 4.5],
    ["no change, at half an hour", "Asia/Kolkata", "2026-11-09T19:30:00Z", 4],
    ["no change, at a quarter", "Asia/Kathmandu", "2026-11-09T19:15:00Z", 4],
  ])("%s", (_, timeZone, opens, hours) => {
    const now = new Date(opens);
    const opening = openingAt(night(timeZone), now.getTime());
    expect(iso(opening?.opensAt)).toBe(now.toISOString());
    expect(((opening?.closesAt ?? 0) - (opening?.opensAt ?? 0)) / 3_600_000).toBe(hours);
    // What fits to the second may begin; a second more waits for another night.
    expect(windowAt(night(timeZone), now, hours * 3_600).verdict).toBe("pass");
    expect(windowAt(night(timeZone), now, hours * 3_600 + 1).verdict).not.toBe("pass");
  });
});

describe("a window that can't be is refused in a sentence", () => {
  test.each([
    [
      "hours that clocks jump over on its day",
      window({ days: ["2027-03-28"], start: "02:30", end: "02:45" }),
      /doesn't exist on 2027-03-28.*no 02:30/,
    ],
    [
      "an end that clocks jump over",
      window({ days: ["2027-03-28"], start: "01:00", end: "02:15" }),
      /no 02:15/,
    ],
    [
      "a weekly window that meets such a day",
      window({ weekdays: [7], start: "02:30", end: "04:00" }),
      /doesn't exist on 20\d\d-03-\d\d/,
    ],
    [
      "another zone's jump",
      window({ timeZone: "America/New_York", days: ["2027-03-14"], start: "02:00", end: "06:00" }),
      /no 02:00/,
    ],
    ["an unknown zone", window({ timeZone: "Europe/Atlantis" }), /no time zone/],
    ["no length", window({ end: "03:00" }), /empty/],
    ["a day that is none", window({ days: ["2027-02-30"] }), /no day/],
  ])("%s", (_, wrong, says) => {
    expect(() => checkWindow(wrong, "repot.yaml, line 3")).toThrow(BadInput);
    expect(() => checkWindow(wrong, "repot.yaml, line 3")).toThrow(says);
    expect(() => checkWindow(wrong, "repot.yaml, line 3")).toThrow(/^repot\.yaml, line 3: /);
  });

  test.each([
    ["the same hours on another day", window({ days: ["2027-03-29"], start: "02:30", end: "02:45" })],
    ["weekdays on which clocks don't change", window({ weekdays: [2, 3, 4], start: "02:30", end: "04:00" })],
    ["hours beside the jump", window({ start: "03:00", end: "09:00" })],
    ["a zone without summer time", window({ timeZone: "UTC", start: "00:00", end: "23:59" })],
  ])("%s may be", (_, fine) => expect(() => checkWindow(fine, "repot.yaml")).not.toThrow());
});

describe("preflight asks whether the window opens at all", () => {
  const settings = (window: object) =>
    ({
      platform: "p",
      settings: {
        window: { timeZone: "UTC", weekdays: [], start: "02:00", end: "06:00", days: [], ...window },
        dns: { loweredTtlSeconds: 60 },
      },
    }) as unknown as Parameters<typeof judgeWindow>[0];
  test.each([
    ["each night", {}, "pass"],
    ["only on a day that has gone by", { days: ["2020-01-01"] }, "fail"],
    ["never for long enough", { start: "02:00", end: "02:05" }, "fail"],
  ])("a window %s", (_, window, verdict) => {
    expect(judgeWindow(settings(window), new Date("2026-03-02T08:00:00Z")).verdict).toBe(verdict);
  });
});
