/** Controllers that own things outside of their cluster: both run, each with its own; and what happens where somebody leaves that out. */

import { describe, expect, it } from "vitest";
import { changed, inMachine, leftOut, type StatesEdit } from "../../simulator/planted/edit.ts";
import { machines } from "../../workflows/index.ts";
import { broken, eventsOf, planned, run, WITH_EXTERNAL_DNS } from "./small.ts";

/** The real machines, that of the hand-over made wrong. */
const wrong = (edit: StatesEdit) =>
  inMachine("hand-over-controller", edit)({ machines, steps: [], listeners: [] }).machines;
const platform = () => planned(WITH_EXTERNAL_DNS);
/** What external-dns wrote, as `side host: before -> after`. */
const written = (ran: Awaited<ReturnType<typeof run>>) =>
  eventsOf(ran, "actor")
    .filter((a) => a.who.startsWith("external-dns"))
    .map(
      (a) =>
        `${a.cluster} as ${a.who.split(" ")[1]}: ${a.object} ${a.before === "none" ? "made" : a.after === "none" ? "deleted" : "changed"}`,
    );

describe("external-dns", () => {
  it("changes sides without touching the other's records", async () => {
    const ran = await run(platform());
    expect([ran.exitCode, broken(ran), ran.summary.requests.failed]).toEqual([0, [], 0]);
    expect(written(ran)).toEqual([]);
  });

  it.each(["move-workloads", "cut-traffic", "thaw"] as const)("is back after %s", async (rollBackAt) => {
    const ran = await run(platform(), { rollBackAt });
    expect([ran.exitCode, broken(ran), ran.summary.requests.failed]).toEqual([4, [], 0]);
  });

  it("with the source's identity on the target is found out before it writes", async () => {
    const ran = await run(platform(), { machines: wrong(leftOut("An identity of its own")) });
    expect(broken(ran)).toEqual(["controllers"]);
    expect(ran.summary.violations[0]?.sentence).toMatch(/external-dns runs in both clusters as shop-source/);
  });

  it.each(["crash-before-effect", "crash-after-effect", "timeout-though-applied", "duplicate"])(
    "%s at arm-controller leaves one identity each",
    async (kind) => {
      const ran = await run(platform(), { faults: [{ kind, step: "arm-controller" }] });
      expect([ran.exitCode, broken(ran), ran.summary.faults[0]?.struck]).toEqual([0, [], 1]);
    },
  );

  it("that is never stopped on the source is held before the cut", async () => {
    const made = wrong(
      changed("Is anything shared?", { Choices: [{ Condition: "{% true %}", Next: "The target owns" }] }),
    );
    const ran = await run(platform(), { machines: made });
    expect([ran.exitCode, broken(ran)]).toEqual([4, []]);
    expect(eventsOf(ran, "verdict").some((v) => v.gate === "observe-owners")).toBe(true);
  });
});
