/** The terminal view: bars that are drawn anew on a terminal, one line for each transition of note elsewhere. */

import { describe, expect, test } from "vitest";
import { makeTerminal } from "../../cli/terminal.ts";
import type { RunEvent } from "../../domain/events.ts";
import { PHASES } from "../../domain/phases.ts";
import { sampleRecord } from "../domain/sample-record.ts";

const draw = (
  events: readonly RunEvent[],
  screen: { isTty: boolean; color: boolean; columns: number },
  stepMs = 1,
) => {
  let [text, now] = ["", 0];
  const terminal = makeTerminal(
    (chunk) => {
      text += chunk;
    },
    screen,
    () => {
      now += stepMs;
      return now;
    },
  );
  for (const event of events) terminal.event(event);
  terminal.end();
  return text;
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const SEQUENCE = /\u001b\[[?\d]*[a-zA-Z]/g;

describe("off a terminal", () => {
  const plain = { isTty: false, color: false, columns: 80 };
  const text = draw(sampleRecord(true), plain);

  test("each phase says when it starts and when it is over, and nothing moves the cursor", () => {
    for (const phase of PHASES) {
      expect(text).toContain(`${phase} started`);
      expect(text).toContain(`${phase} completed`);
    }
    expect(text).not.toContain("\u001b");
  });

  test("trouble, approvals and faults are among the lines; single effects are not", () => {
    expect(text).toMatch(/REQUESTS FAIL: play\.live/);
    expect(text).toMatch(/VIOLATION of traffic\/no-failed-request/);
    expect(text).toMatch(/approval cut-traffic granted/);
    expect(text).toMatch(/fault timeout-though-applied at scale-workload/);
    expect(text.split("\n").length).toBeLessThan(60);
  });

  test("a gate speaks when its verdict changes, not each time it is asked", () => {
    const gate = (at: number, verdict: "pass" | "unknown"): RunEvent => ({
      at,
      type: "verdict",
      phase: "freeze",
      gate: "g",
      verdicts: [{ check: "c", subject: "s", verdict, sentence: "found", evidence: [] }],
    });
    const lines = draw([gate(1, "pass"), gate(2, "unknown"), gate(3, "unknown"), gate(4, "pass")], plain);
    expect(lines).toBe("0d 00:00:02  gate g: unknown, found\n0d 00:00:04  gate g: pass\n");
  });

  test("a flood of failures is cut off and counted", () => {
    const failing = Array.from(
      { length: 500 },
      (_, at): RunEvent => ({
        at,
        type: "failing",
        cluster: "target",
        host: "h",
        workload: "a/b",
        reason: "r",
      }),
    );
    const lines = draw(failing, plain).trim().split("\n");
    expect(lines).toHaveLength(21);
    expect(lines.at(-1)).toContain("480 more");
  });

  test("a name that holds an escape sequence can't command the terminal", () => {
    const event: RunEvent = {
      at: 0,
      type: "notice",
      level: "error",
      sentence: "pod \u001b]0;pwned\u0007 died\nrepot: all is well",
    };
    const lines = draw([event], plain);
    expect(lines).not.toContain("\u001b");
    expect(lines.trim().split("\n")).toHaveLength(1);
  });
});

describe("on a terminal", () => {
  const tty = { isTty: true, color: false, columns: 60 };

  test("the picture is drawn anew over itself, and the cursor comes back", () => {
    const text = draw(sampleRecord(), tty);
    const [first, ...rest] = text.split("\u001b[J");
    expect(first?.startsWith("\u001b[?25l")).toBe(true);
    expect(rest.length).toBeGreaterThan(2);
    expect(text.endsWith("\u001b[?25h")).toBe(true);
  });

  test("it is drawn at most every 80 ms, and each line fits", () => {
    const text = draw(sampleRecord(), tty, 0.001);
    expect(text.split("\u001b[J").length).toBeLessThan(4);
    const last = text.split("\u001b[J").at(-1) ?? "";
    for (const line of last.replaceAll(SEQUENCE, "").split("\n")) expect([...line].length).toBeLessThan(60);
  });

  test("at the end all bars are full", () => {
    const last =
      draw(sampleRecord(), { ...tty, columns: 120 })
        .split("\u001b[J")
        .at(-1) ?? "";
    for (const phase of PHASES) expect(last).toMatch(new RegExp(`✓ ${phase} +█{24}`));
  });

  test("without colour no colour is written", () => {
    expect(draw(sampleRecord(), tty).match(SEQUENCE)).not.toContain("\u001b[32m");
    expect(draw(sampleRecord(), { ...tty, color: true }).match(SEQUENCE)).toContain("\u001b[32m");
  });
});
