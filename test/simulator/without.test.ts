/** Nothing is decoration: what a wait, a drain or a gate is good for, shown by a night in which a run without it breaks something. */

import { beforeAll, describe, expect, it } from "vitest";
import { loadPlatform } from "../../cli/campaign.ts";
import type { Case, Platform } from "../../simulator/campaign/case.ts";
import { runCase } from "../../simulator/campaign/run.ts";
import { RIGHT } from "../../simulator/planted/catalogue.ts";
import { omittable, without } from "../../simulator/planted/without.ts";

let platform: Platform;
beforeAll(async () => {
  platform = await loadPlatform(undefined, { stdin: async () => new Uint8Array() });
});

type Night = Partial<Pick<Case, "faults" | "rollBackAt">>;
const LATE: Night = { faults: [{ kind: "pod-never-ready", step: "install-bundle", seconds: 5_400 }] };
const PRESSED: Night = {
  faults: [
    { kind: "rollback-pressed", step: "install-freeze-policy" },
    { kind: "zombie", step: "install-freeze-policy" },
  ],
};

/** What is left out, the night, and what breaks. */
const SHOWN: readonly (readonly [step: string, night: Night, breaks: string])[] = [
  ["check-window", LATE, "window"],
  ["observe-cluster", {}, "undo-total"],
  ["observe-drain", {}, "liveness"],
  ["observe-snapshot", {}, "liveness"],
  ["observe-target-traffic", { rollBackAt: "thaw" }, "requests"],
  ["observe-workers", {}, "queue-workers"],
  ["measure-workers", {}, "liveness"],
  ["preflight/Old TTLs run out", {}, "ttls"],
  ["roll-back/Let functions end", PRESSED, "rollback-incomplete"],
];

describe("left out, it is missed", () => {
  it.each(SHOWN)("%s", async (step, night, breaks) => {
    const tried: Case = {
      format: 1,
      platform: platform.hash,
      seed: 1,
      approve: "auto",
      faults: [],
      ...night,
    };
    const { breach, outcome } = await runCase(platform, tried, without([step])(RIGHT));
    expect(breach?.name, `${outcome}: ${breach?.sentence}`).toBe(breaks);
  });
});

describe("what can be left out", () => {
  it("has names that there are, and each that is shown", () => {
    const all = omittable(RIGHT);
    expect(all.length).toBeGreaterThan(40);
    expect(SHOWN.map(([step]) => step).filter((step) => !all.includes(step))).toEqual([]);
  });

  it("refuses another name, and lists what there is", () => {
    expect(() => without(["scale-workload"])(RIGHT)).toThrow(
      /nothing called scale-workload that could be left out. There are: .*observe-stragglers/,
    );
  });
});
