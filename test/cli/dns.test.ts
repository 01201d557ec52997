/** `repot dns` as people run it: from a plan, from a record, as JSON, and what it refuses. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { main } from "../../cli/main.ts";
import { loadPlan } from "../../cli/plan.ts";
import { renderReport } from "../../cli/report/page.ts";
import { viewOf } from "../../domain/view.ts";
import { workload } from "../domain/platform.ts";
import { sampleRecord, sampleSummary } from "../domain/sample-record.ts";
import { paperIo } from "./io.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "repot-dns-"));
  writeFileSync(join(directory, "shop.yaml"), workload("web", { service: 80 }));
  writeFileSync(
    join(directory, "repot.yaml"),
    "dns:\n  zone: live.shop.example\n  parent: shop.example\n  recordTtlSeconds: 120\n  hosts: [{host: www.live.shop.example, service: shop/web}]\n",
  );
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const run = async (...args: readonly string[]) => {
  const io = paperIo();
  return { code: await main(["dns", directory, ...args], io), out: io.stdout(), err: io.stderr() };
};

test("each name's chain, the moments, who is left and the price of going back", async () => {
  const { code, out } = await run();
  expect(code).toBe(0);
  expect(out).toMatch(/www\.live\.shop\.example +172,800 → 60 s +172,800 → 60 s +120 → 60 s +900 → 60 s/);
  expect(out).toMatch(/a cut may begin +2 d after the TTLs are lowered +172,920 s/);
  expect(out).toMatch(/source capacity may go +9 min after the cut +540 s/);
  expect(out).toMatch(/3 min +50 % +50 % +50 %/);
  expect(out).toMatch(/child-centric +20 % +172,920 s +240 s +0 s +240 s +172,980 s/);
  expect(out).toMatch(/may-ignore-ttl +5 % +no bound +no bound/);
});

test("as JSON, the same figures", async () => {
  const { out } = await run("--json");
  expect(JSON.parse(out)).toMatchObject({
    cutAfter: 172_920,
    sourceAfter: 540,
    facts: { zone: "live.shop.example" },
  });
});

test("with a record, what was observed stands beside what was counted, and a cut too early is said to be", async () => {
  const effect = (at: number, step: string, before: number, after: number) => {
    const ns = (ttlSeconds: number) => ({
      name: "live.shop.example.",
      type: "NS",
      ttlSeconds,
      values: ["ns.example."],
    });
    return {
      at,
      type: "effect",
      key: `${at}`,
      step,
      direction: "forward",
      status: "done",
      effect: {
        kind: "set-record",
        zoneId: "P",
        before: ns(before),
        after: ns(after),
      },
    };
  };
  const lines = [
    effect(5, "lower-ttls", 172_800, 60),
    effect(100_000, "delegate-zone", 60, 60),
    { at: 100_100, type: "traffic", dnsTargetShare: { jvm: 0 } },
    { at: 100_200, type: "traffic", dnsTargetShare: { jvm: 1 } },
    { type: "summary" },
  ];
  const path = join(directory, "run.jsonl");
  writeFileSync(path, lines.map((line) => JSON.stringify(line)).join("\n"));
  const { code, out } = await run("--record", path);
  expect(code).toBe(0);
  expect(out).toMatch(/cut +1d 03:46:40, 1 d 3 h later: 20 h 15 min too early/);
  expect(out).toMatch(/jvm +200 s +540 s/);
});

test.each<[string, string | undefined, RegExp]>([
  ["a record that isn't there", undefined, /run\.jsonl isn't there/],
  ["a record that is none", "hello\n", /line 1: this is no line of a record/],
  ["an empty record", '{"type":"summary"}\n', /no record of a run/],
])("%s: a sentence, and exit 2", async (_, content, says) => {
  const path = join(directory, "run.jsonl");
  if (content !== undefined) writeFileSync(path, content);
  const { code, out, err } = await run("--record", path);
  expect([code, out]).toEqual([2, ""]);
  expect(err).toMatch(says);
});

test("the report draws it where it has the plan, and leaves it out where it hasn't", async () => {
  const { plan } = await loadPlan([directory], { decide: {} }, async () => new Uint8Array());
  const model = viewOf(sampleRecord());
  const input = { model, summary: sampleSummary(model.counts, "completed") };
  expect(renderReport(input)).not.toContain("DNS, counted");
  const page = renderReport({ ...input, plan });
  expect(page).toContain("DNS, counted");
  expect(page.match(/class="line k\d"/g)?.length).toBeGreaterThanOrEqual(5);
  expect(page.match(/NaN|undefined|Infinity/)).toBeNull();
});
