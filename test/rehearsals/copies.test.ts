/** Workloads whose volumes are copied: there, back from each phase, with snapshots that fail or take for ever, and what may never be lost meanwhile. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../domain/events.ts";
import { PHASES } from "../../domain/phases.ts";
import { buildPlan, planHash, planText, reasonsNotToStart } from "../../domain/planning/build.ts";
import { readSettings } from "../../domain/settings.ts";
import { copyVolumes } from "../../functions/copy-volumes.ts";
import { listCopyBack } from "../../functions/list-copy-back.ts";
import { observeCopy } from "../../functions/observe-copy.ts";
import { resumeOnTarget } from "../../functions/resume-on-target.ts";
import { returnVolumes } from "../../functions/return-volumes.ts";
import { objectsOf } from "../domain/platform.ts";
import { type Ran, run } from "./small.ts";

const HERE = join(import.meta.dirname, "stores");
const MANIFESTS = readFileSync(join(HERE, "platform.yaml"), "utf8");
const SETTINGS = readFileSync(join(HERE, "repot.yaml"), "utf8");

const stores = (settings = SETTINGS) => {
  const plan = buildPlan(objectsOf(MANIFESTS), readSettings(settings, "repot.yaml"));
  return { plan, hash: planHash(planText(plan)) };
};

const figures = ({ exitCode, summary }: Ran) => ({
  exitCode,
  outcome: summary.outcome,
  failed: summary.requests.failed,
  violations: summary.violations,
});
const clean = (exitCode: number, outcome: string) => ({ exitCode, outcome, failed: 0, violations: [] });

type EffectEvent = Extract<RunEvent, { type: "effect" }>;
const madeBy = ({ events }: Ran, step: { readonly name: string }): readonly EffectEvent[] =>
  events.filter((e): e is EffectEvent => e.type === "effect" && e.status === "done" && e.step === step.name);

/** What was asked of Velero, in order: `source Backup`. */
const asked = (effects: readonly EffectEvent[]): readonly string[] =>
  effects.flatMap(({ effect }) =>
    effect.kind === "create-object" ? [`${effect.cluster} ${String(effect.object["kind"])}`] : [],
  );

describe("stores with volumes", () => {
  it("move with what was written, within the approved pause; a Restore that comes before the cloud is ready is tried again", async () => {
    const ran = await run(stores());
    expect(figures(ran)).toEqual(clean(0, "completed"));
    const copies = madeBy(ran, copyVolumes);
    expect(new Set(asked(copies))).toEqual(new Set(["source Backup", "target Restore"]));
    expect(asked(copies).filter((a) => a === "source Backup")).toHaveLength(2);
    expect(asked(copies).filter((a) => a === "target Restore").length).toBeGreaterThan(2);
    // Nothing is deleted on the source, and nothing of the way back was needed.
    expect(
      copies.filter(({ effect }) => effect.kind === "delete-object" && effect.cluster === "source"),
    ).toEqual([]);
    expect(madeBy(ran, returnVolumes)).toEqual([]);
    const looks = ran.events.filter((e) => e.type === "verdict" && e.gate === observeCopy.name);
    expect(looks.length).toBeGreaterThan(8);
  });

  it.each(PHASES.filter((p) => p !== "decommission"))(
    "go back after %s, with what the target wrote",
    async (phase) => {
      const ran = await run(stores(), { rollBackAt: phase });
      expect(figures(ran)).toEqual(clean(4, "rolled-back"));
      const back = madeBy(ran, returnVolumes);
      const moved = ["move-workloads", "cut-traffic", "thaw"].includes(phase);
      expect(new Set(asked(back))).toEqual(new Set(moved ? ["target Backup", "source Restore"] : []));
      // The old volumes are retained before they make room.
      const order = back.flatMap(({ effect }) =>
        effect.kind === "delete-object"
          ? [String(effect.before["kind"])]
          : effect.kind === "set-field"
            ? effect.path.slice(-1)
            : [],
      );
      if (moved)
        expect(order.indexOf("persistentVolumeReclaimPolicy")).toBeLessThan(
          order.indexOf("PersistentVolume"),
        );
    },
  );

  it("stay on the source where no snapshot can be had: people are asked, and the run goes back", async () => {
    const ran = await run(stores(), { faults: [{ kind: "volume-snapshot-fails", step: copyVolumes.name }] });
    expect(figures(ran)).toEqual(clean(4, "rolled-back"));
    expect(ran.summary.faults[0]?.struck).toBeGreaterThan(0);
    expect(asked(madeBy(ran, copyVolumes))).not.toContain("target Restore");
    expect(ran.events.some((e) => e.type === "approval" && /0 of 2 volume snapshots/.test(e.sentence))).toBe(
      true,
    );
  });

  it("start on the source again when the pause wouldn't hold the way back any more", async () => {
    const ran = await run(
      stores(SETTINGS.replace("pauses: {shop/files: 1200}", "pauses: {shop/files: 400, shop/orders: 400}")),
    );
    expect(figures(ran)).toEqual(clean(4, "rolled-back"));
    expect(
      ran.events.some((e) => e.type === "approval" && /not enough is left to go on/.test(e.sentence)),
    ).toBe(true);
  });

  it("don't start on a pause that holds no way back", () => {
    const { plan } = stores(SETTINGS.replace("pauses: {shop/files: 1200}", "pauses: {shop/files: 60}"));
    expect(reasonsNotToStart(plan).join()).toMatch(
      /shop\/files may be away for 60 s .* alone may take \d+ s/,
    );
    expect(reasonsNotToStart(stores().plan)).toEqual([]);
  });

  it("serve on the target again where nothing can be copied back, and the target stays", async () => {
    const ran = await run(stores(), {
      rollBackAt: "thaw",
      faults: [{ kind: "volume-snapshot-fails", step: returnVolumes.name }],
    });
    expect(ran.summary.outcome).toBe("rollback-incomplete");
    expect({ ...figures(ran), exitCode: 0, outcome: "" }).toEqual(clean(0, ""));
    expect(madeBy(ran, resumeOnTarget).length).toBeGreaterThan(0);
    const pages = ran.events.flatMap((e) => (e.type === "notice" ? [e.sentence] : [])).join("\n");
    expect(pages).toMatch(
      /newest data are in the target's volumes \(data-orders-0, data-orders-1\), and the target stays/,
    );
    expect(listCopyBack.needs.kubernetes).toBeUndefined();
  });
});
