/** A night on which the window is open and the change calendar isn't: the cut waits for it, and the platform moves all the same. */

import { expect, it } from "vitest";
import { type Planned, planned, run, SETTINGS } from "./small.ts";

const NAME = "platform-freeze";
const closing = (from: string, to: string): Planned =>
  planned({}, { window: { ...SETTINGS.window, changeCalendars: [{ name: NAME, closed: [{ from, to }] }] } });

it("waits for a change calendar that is closed, then goes on", async () => {
  const { events, summary } = await run(planned());
  const cutAt = (all: typeof events) =>
    all.find((e) => e.type === "effect" && e.status === "done" && e.step === "delegate-zone")?.at ?? 0;
  const usual = cutAt(events);
  expect(summary.outcome).toBe("completed");
  const startsAt = Date.parse(events.find((e) => e.type === "run")?.startsAt ?? "");
  const iso = (seconds: number) => new Date(startsAt + seconds * 1000).toISOString();
  const opens = usual + 6 * 3_600;
  const held = await run(closing(iso(0), iso(opens)));
  expect(held.summary).toMatchObject({ outcome: "completed", violations: [] });
  expect(cutAt(held.events)).toBeGreaterThan(opens);
  expect(held.summary.unusedPermissions["check-window"] ?? []).toEqual([]);
});
