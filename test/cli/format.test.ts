/** Numbers and times read the same in every locale; names of others can't command a terminal. */

import { expect, test } from "vitest";
import { count, duration, moment, number, percent, printable } from "../../cli/format.ts";

test.each([
  [0, 0, "0"],
  [999, 0, "999"],
  [1_000, 0, "1,000"],
  [1_234_567.6, 0, "1,234,568"],
  [1_234.5, 1, "1,234.5"],
  [1_234, 2, "1,234"],
  [-0.04, 1, "0"],
  [-1_234.56, 1, "-1,234.6"],
])("number(%d, %d) is %s", (value, digits, text) => {
  expect(number(value, digits)).toBe(text);
});

test.each([
  [0.04, "0 s"],
  [1.25, "1.3 s"],
  [12, "12 s"],
  [60, "1 min"],
  [200, "3 min 20 s"],
  [3_600, "1 h"],
  [4_320, "1 h 12 min"],
  [187_200, "2 d 4 h"],
  [3_599.6, "1 h"],
])("duration(%d) is %s", (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

test("a moment is days and a clock", () => {
  expect(moment(2 * 86_400 + 3 * 3_600 + 14 * 60 + 7.9)).toBe("2d 03:14:07");
});

test("one is singular", () => {
  expect([count(1, "effect"), count(0, "effect"), count(2, "undo", "undos")]).toEqual([
    "1 effect",
    "0 effects",
    "2 undos",
  ]);
  expect(percent(0.123_45)).toBe("12.3 %");
});

test.each(["\u001b[2J", "a\nb", "\u202etxt.exe", "\u009b31m", "\u0000"])(
  "%j loses what a terminal would obey",
  (name) => {
    for (const obeyed of ["\u001b", "\n", "\u202e", "\u009b", "\u0000"])
      expect(printable(name)).not.toContain(obeyed);
  },
);
