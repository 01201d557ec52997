/** Whole rehearsals as tables: forward and back, with every answer of the approvers, from several seeds; and what a record must be. */

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { PHASES } from "../../domain/phases.ts";
import { buildPlan, planHash, planText } from "../../domain/planning/build.ts";
import { readSettings } from "../../domain/settings.ts";
import { hasInputs, objectsOf, published } from "../domain/platform.ts";
import { frozen, summed, undone } from "./record.ts";
import { eventsOf, example, MANIFESTS, planned, type Ran, run, SETTINGS } from "./small.ts";

const figures = ({ exitCode, summary }: Ran) => ({
  exitCode,
  outcome: summary.outcome,
  failed: summary.requests.failed,
  violations: summary.violations,
});
const clean = (exitCode: number, outcome: string) => ({ exitCode, outcome, failed: 0, violations: [] });

describe("a platform moves", () => {
  const inputs = (name: "online-boutique" | "opentelemetry-demo") => {
    const plan = buildPlan(objectsOf(published(name)), undefined, { decide: {}, decideAll: "rebuild" });
    return { plan, hash: planHash(planText(plan)) };
  };
  for (const name of ["online-boutique", "opentelemetry-demo"] as const)
    it.skipIf(!hasInputs)(
      `${name}, as it is published (where the inputs are beside the project)`,
      async () => {
        expect(figures(await run(inputs(name)))).toEqual(clean(0, "completed"));
      },
    );

  it("the example platform, and over a million requests are served", async () => {
    const ran = await run(await example());
    expect(figures(ran)).toEqual(clean(0, "completed"));
    expect(ran.summary.requests.served).toBeGreaterThan(1_000_000);
    expect({ ...ran.summary, ...summed(ran) }).toEqual(ran.summary);
  });

  it("the example platform, and back after the thaw", async () => {
    expect(figures(await run(await example(), { rollBackAt: "thaw" }))).toEqual(clean(4, "rolled-back"));
  });
});

describe("the small platform moves back", () => {
  it.each(PHASES.filter((p) => p !== "decommission"))("after %s, with nothing left behind", async (phase) => {
    const ran = await run(planned(), { rollBackAt: phase });
    expect(figures(ran)).toEqual(clean(4, "rolled-back"));
    expect(frozen(ran)).toEqual([]);
    const { forward, back } = undone(ran);
    expect(forward.length).toBeGreaterThan(0);
    // What was done has been undone, each under an entry of its own.
    expect(forward.filter((key) => !back.includes(key))).toEqual([]);
  });
});

describe("people decide otherwise", () => {
  it.each([
    ["never", 5, "waiting", "expired"],
    ["deny", 4, "rolled-back", "denied"],
  ] as const)(
    "%s: exit %i, the source serves and nothing is frozen",
    async (approve, exitCode, outcome, status) => {
      const ran = await run(planned(), { approve });
      expect(figures(ran)).toEqual(clean(exitCode, outcome));
      expect(frozen(ran)).toEqual([]);
      expect(eventsOf(ran, "approval").some((a) => a.status === status)).toBe(true);
      const last = eventsOf(ran, "traffic").at(-1);
      expect(last?.source.served).toBeGreaterThan(0);
      expect(last?.target.served).toBe(0);
    },
  );
});

describe("a record", () => {
  it("comes out well from every seed, and differs", async () => {
    const digests = new Set<string>();
    for (const seed of [1, 2, 3, 4, 5]) {
      const ran = await run(planned(), { seed });
      expect(figures(ran), `seed ${seed}`).toEqual(clean(0, "completed"));
      digests.add(ran.summary.digest);
    }
    expect(digests.size).toBe(5);
  });

  it("is the same bytes for the same seed, whatever the order of the input's objects", async () => {
    const texts = Object.values(MANIFESTS);
    const digests = [];
    for (const order of [texts, texts.toReversed()]) {
      const plan = buildPlan(objectsOf(...order), readSettings(JSON.stringify(SETTINGS), "repot.yaml"));
      const ran = await run({ plan, hash: planHash(planText(plan)) }, { rollBackAt: "move-workloads" });
      expect(
        createHash("sha256")
          .update(ran.lines.map((line) => `${line}\n`).join(""))
          .digest("hex"),
      ).toBe(ran.summary.digest);
      digests.push(ran.summary.digest);
    }
    expect(new Set(digests).size).toBe(1);
  });

  it("is the same bytes in Kathmandu, in Turkish", async () => {
    const directory = await mkdtemp(join(tmpdir(), "repot-"));
    try {
      await writeFile(join(directory, "platform.yaml"), Object.values(MANIFESTS).join("---\n"));
      await writeFile(join(directory, "repot.yaml"), JSON.stringify(SETTINGS));
      const env = { ...process.env, TZ: "Asia/Kathmandu", LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8" };
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [join(import.meta.dirname, "../../cli/repot.mjs"), "rehearse", directory, "--json"],
        { env, maxBuffer: 1e8 },
      );
      const there = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "{}") as { readonly digest?: string };
      expect(there.digest).toBe((await run(planned())).summary.digest);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it("has in its summary what its lines sum up to, in an order that never goes back", async () => {
    const ran = await run(planned(), { rollBackAt: "cut-traffic" });
    const { summary } = ran;
    expect(summed(ran)).toEqual({
      workloads: summary.workloads,
      requests: summary.requests,
      freezeMinutes: summary.freezeMinutes,
      transitions: summary.transitions,
      historyEventsMax: summary.historyEventsMax,
      violations: [],
    });
    const at = ran.events.map((e) => e.at);
    expect(at.filter((time, i) => time < (at[i - 1] ?? 0))).toEqual([]);
    expect(ran.lines.length).toBe(ran.events.length);
  });

  it("holds no value of a Secret", async () => {
    const secret = `apiVersion: v1\nkind: Secret\nmetadata: {name: key, namespace: shop}\nstringData: {password: correct-horse-battery}\n`;
    const ran = await run(planned({ secret }));
    expect(figures(ran)).toEqual(clean(0, "completed"));
    expect(ran.objects.targetAfter.map((o) => `${o.kind} ${o.metadata.name}`)).toContain("Secret key");
    expect(ran.lines.some((line) => /correct-horse|Y29ycmVjdC1ob3Jz/.test(line))).toBe(false);
    expect(JSON.stringify(ran.objects)).not.toMatch(/correct-horse|Y29ycmVjdC1ob3Jz/);
  });
});
