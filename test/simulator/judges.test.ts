/** Judges that no wrong program can convince of anything, because only a mistake of the rehearsal breaks what they hold: tried by hand. */

import { expect, it } from "vitest";
import { loadPlatform } from "../../cli/campaign.ts";
import type { RunEvent } from "../../domain/events.ts";
import { runCase } from "../../simulator/campaign/run.ts";
import { makeViews } from "../../simulator/invariants/views.ts";
import { RIGHT } from "../../simulator/planted/catalogue.ts";
import { changed, inMachine } from "../../simulator/planted/edit.ts";

const views = (events: readonly object[]): readonly string[] => {
  const invariant = makeViews();
  return events.flatMap(
    (event) =>
      invariant.check({
        fact: () => ({ kind: "event", event: event as RunEvent, line: JSON.stringify(event) }),
      } as never) ?? [],
  );
};

const notice = (at: number) => ({ type: "notice", at, level: "warning", sentence: "Something." });

it("a record whose time runs back breaks views", () => {
  expect(views([notice(1), notice(2)])).toEqual([]);
  expect(views([notice(2), notice(1)])).toEqual(["A line of type notice is of 1 s, after one of 2 s."]);
});

it("a line that doesn't fold breaks views", () => {
  expect(views([{ type: "phase", at: 1, phase: "preflight", status: "started" }])).toEqual([]);
  expect(views([{ type: "verdict", at: 1 }])).toHaveLength(1);
});

it("a rehearsal that breaks down is a finding", async () => {
  const platform = await loadPlatform(undefined, { stdin: async () => new Uint8Array() });
  const unknownState = inMachine("migrate-cluster", changed("Preflight", { Type: "Teleport" }))(RIGHT);
  const tried = { format: 1, platform: platform.hash, seed: 1, approve: "auto", faults: [] } as const;
  const { outcome, breach } = await runCase(platform, { ...tried, faults: [] }, unknownState);
  expect([outcome, breach?.name]).toEqual(["crashed", "unexpected"]);
});
