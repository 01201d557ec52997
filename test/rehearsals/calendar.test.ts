/** A night on which the window is open and the change calendar isn't: the cut waits for it, and the platform moves all the same. */

import { describe, expect, it } from "vitest";
import { RIGHT } from "../../simulator/planted/catalogue.ts";
import { added, changed, inMachine, inOrder } from "../../simulator/planted/edit.ts";
import { type Planned, planned, run, SETTINGS } from "./small.ts";

const NAME = "platform-freeze";
const closing = (from: string, to: string): Planned =>
  planned({}, { window: { ...SETTINGS.window, changeCalendars: [{ name: NAME, closed: [{ from, to }] }] } });

type Events = Awaited<ReturnType<typeof run>>["events"];
const cutAt = (all: Events) =>
  all.find((e) => e.type === "effect" && e.status === "done" && e.step === "delegate-zone")?.at ?? 0;
/** A night on which nothing waits: when it starts (ms), and when it cuts (s from then). */
const usual = run(planned()).then(({ events, summary }) => ({
  outcome: summary.outcome,
  startsAt: Date.parse(events.find((e) => e.type === "run")?.startsAt ?? ""),
  cut: cutAt(events),
}));

it("waits for a change calendar that is closed, then goes on", async () => {
  const { outcome, startsAt, cut } = await usual;
  expect(outcome).toBe("completed");
  const iso = (seconds: number) => new Date(startsAt + seconds * 1000).toISOString();
  const opens = cut + 6 * 3_600;
  const held = await run(closing(iso(0), iso(opens)));
  expect(held.summary).toMatchObject({ outcome: "completed", violations: [] });
  expect(cutAt(held.events)).toBeGreaterThan(opens);
  expect(held.summary.unusedPermissions["check-window"] ?? []).toEqual([]);
});

/** What comes between the judgement of the window and the delegation takes two hours, the first time. */
const slow = inMachine(
  "cut-traffic",
  added("Slow gates", {
    Type: "Wait",
    Seconds: "{% $windowChecks = 1 ? 7200 : 0 %}",
    Next: "Delegate",
  }),
  inOrder("Fresh gates", "Slow gates"),
);
/** A program that judges the window once, and believes that for good. */
const believing = inMachine("cut-traffic", (states) => {
  const { Arguments: given } = states["Delegate"] as { readonly Arguments: { readonly Payload: object } };
  return changed("Delegate", { Arguments: { ...given, Payload: { ...given.Payload, beginBefore: null } } })(
    states,
  );
});

describe("a window that closes while gates or people take their time", () => {
  it("is judged again at the last moment, and the cut waits for the next one; a program that judges it once cuts outside of it", async () => {
    const { startsAt, cut } = await usual;
    const clock = (seconds: number) => new Date(startsAt + seconds * 1000).toISOString().slice(11, 16);
    // Open all day but for two hours: an hour after the usual cut it closes, and the gates take two.
    const [closes, opens] = [cut + 3_600, cut + 3 * 3_600];
    const platform = planned({}, { window: { ...SETTINGS.window, start: clock(opens), end: clock(closes) } });
    const { summary, events } = await run(platform, slow(RIGHT));
    expect([summary.outcome, summary.violations, summary.requests.failed]).toEqual(["completed", [], 0]);
    expect(cutAt(events)).toBeGreaterThan(opens - 60);
    const wrong = await run(platform, believing(slow(RIGHT)));
    expect(wrong.summary.violations.map((v) => v.invariant)).toContain("window");
  });
});
