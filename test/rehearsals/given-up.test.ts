/** What a rollback has given up on: it comes back to it once, and what is left then it doesn't call undone. */

import { describe, expect, test } from "vitest";
import { eventsOf, planned, run } from "./small.ts";

const failing = (count: number) => [{ kind: "server-error", step: "undo-effect", count }];

describe("an undo that failed for an hour and a half", () => {
  test("is told to a person, and made when everything else is back, though its target is gone by then", async () => {
    const ran = await run(planned(), { rollBackAt: "freeze", faults: failing(200) });
    expect(ran.summary).toMatchObject({ outcome: "rolled-back", violations: [], requests: { failed: 0 } });
    expect(ran.summary.faults[0]?.struck).toBe(200);
    const paged = eventsOf(ran, "notice").filter((e) => e.sentence.includes("needs a person"));
    expect(paged.map((e) => e.sentence)).toEqual([
      expect.stringMatching(/refused to delete (\S+) .*[\s\S]*kubectl --context target delete/),
    ]);
    expect(
      ran.summary.checked?.["undo-total"],
      "each entry was looked at, and has an undo that is done",
    ).toBe(1);
  });

  test("and fails for ever ends a rollback that names it, asks a person, and keeps the clusters", async () => {
    const ran = await run(planned(), { rollBackAt: "preflight", faults: failing(1_000_000) });
    expect(ran.exitCode).toBe(8);
    expect(ran.summary.violations).toEqual([]);
    expect(ran.sentence).toMatch(/Tried again and again and not undone: 0001-lower-ttls\/0\.000000, /);
    const [last] = eventsOf(ran, "notice").slice(-1);
    expect(last?.sentence).toContain("not undone: 0001-lower-ttls/0.000000");
  });
});
