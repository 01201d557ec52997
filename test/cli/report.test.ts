/** The report: one page that needs nothing else, that no name can break, and that is the same for the same record. */

import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { makeTimeAxis, niceStep } from "../../cli/report/axis.ts";
import { html } from "../../cli/report/html.ts";
import { renderReport } from "../../cli/report/page.ts";
import { writeReport } from "../../cli/report/write.ts";
import type { RunEvent } from "../../domain/events.ts";
import { viewOf } from "../../domain/view.ts";
import { sampleRecord, sampleSummary } from "../domain/sample-record.ts";

const inputOf = (record: readonly RunEvent[]) => {
  const model = viewOf(record);
  return { model, summary: sampleSummary(model.counts, "completed") };
};
const page = renderReport(inputOf(sampleRecord(true)));

/** The record with every text of it replaced by something nasty. */
const hostile = (record: readonly RunEvent[], nasty: string): readonly RunEvent[] => {
  const kept = ["type", "status", "phase", "direction", "kind", "verdict", "cluster", "level", "key"];
  return JSON.parse(JSON.stringify(record), (name, value) =>
    typeof value === "string" && !kept.includes(name) ? nasty : value,
  );
};

describe("the page", () => {
  test("asks for nothing from anywhere and runs nothing", () => {
    expect(page.match(/<(script|link|img|iframe|object|embed|form|base)\b/i)).toBeNull();
    expect(page.match(/\b(src|srcset|action|style)=|url\(|@import|javascript:/i)).toBeNull();
    expect([...page.matchAll(/href="([^"]*)"/g)].map((m) => m[1]?.[0])).toEqual(
      expect.arrayContaining(["#"]),
    );
    expect([...page.matchAll(/href="([^#][^"]*)"/g)]).toEqual([]);
  });

  test("its policy allows its own style sheet, by hash, and nothing else", () => {
    const style = /<style>([\s\S]*)<\/style>/.exec(page)?.[1] ?? "";
    const hash = createHash("sha256").update(style).digest("base64");
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1];
    expect(policy).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`,
    );
  });

  test("is the same for the same record, and holds no wall time", () => {
    const input = inputOf(sampleRecord(true));
    const slower = { ...input, summary: { ...input.summary, wallSeconds: 99 } };
    expect(renderReport(slower) === page).toBe(true);
  });

  test.each([
    "<script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "'><b>",
    "</style><style>*{display:none}",
    "</title><h1>",
    "&lt;",
    "\u202e",
  ])("a name like %j stays text", (nasty) => {
    const tagsOf = (text: string) =>
      text.match(/<[a-z!/][^>]*>/gi)?.map((tag) => tag.split(/[\s>]/)[0]) ?? [];
    const calm = renderReport(inputOf(hostile(sampleRecord(true), "calm")));
    const text = renderReport(inputOf(hostile(sampleRecord(true), nasty)));
    expect(tagsOf(text).sort()).toEqual(tagsOf(calm).sort());
    expect(text.match(/<[^>]*\son\w+=/i)).toBeNull();
    expect(text.includes("\u202e")).toBe(false);
  });

  test("every tag is closed", () => {
    const open: string[] = [];
    for (const [, close, tag = "", rest = ""] of page.matchAll(/<(\/?)([a-z][a-z0-9]*)((?:\s[^>]*)?)>/gi)) {
      if (rest.endsWith("/") || ["meta", "br"].includes(tag)) continue;
      if (close === "/") expect(open.pop()).toBe(tag);
      else open.push(tag);
    }
    expect(open).toEqual([]);
  });

  test("every chart says in words what it shows, and the figures stand in a table", () => {
    const charts = [...page.matchAll(/<svg[^>]*aria-labelledby="(\S+) (\S+)"/g)];
    expect(charts).toHaveLength(5);
    for (const [, title, description] of charts) {
      expect(page).toMatch(new RegExp(`<title id="${title}">[^<]{10,}</title>`));
      expect(page).toMatch(new RegExp(`<desc id="${description}">[^<]{20,}</desc>`));
    }
    expect(page.includes("Figures by phase")).toBe(true);
  });

  test("the headline and what to look at first", () => {
    expect(page.includes("<b>4,339</b><span>requests failed because of the move</span>")).toBe(true);
    expect(page.includes("Look here first")).toBe(true);
    expect(renderReport(inputOf(sampleRecord(false))).includes("Look here first")).toBe(false);
  });

  test("a run that stopped at its first line has a report as well", () => {
    const text = renderReport(inputOf(sampleRecord().slice(0, 1)));
    expect(text.includes("No gate was judged.")).toBe(true);
    expect(text.match(/NaN|undefined|Infinity/)).toBeNull();
  });

  test("no figure is NaN, undefined or endless", () => {
    expect(page.match(/NaN|undefined|Infinity/)).toBeNull();
  });
});

test("both files are written, and report.json is the summary and the view", async () => {
  const directory = await mkdtemp(join(tmpdir(), "repot-report-"));
  try {
    const input = inputOf(sampleRecord());
    const [htmlPath = "", jsonPath = ""] = await writeReport(join(directory, "deep", "report"), input);
    expect(await readFile(htmlPath, "utf8")).toBe(renderReport(input));
    expect(JSON.parse(await readFile(jsonPath, "utf8"))).toEqual({
      summary: input.summary,
      view: input.model,
    });
  } finally {
    await rm(directory, { recursive: true });
  }
});

describe("the axis", () => {
  const axis = makeTimeAxis(
    [
      { phase: "preflight", direction: "forward", from: 0, to: 172_800 },
      { phase: "freeze", direction: "forward", from: 172_800, to: 173_700 },
    ],
    0,
    100,
  );

  test("never goes back, and minutes can be seen beside days", () => {
    const xs = Array.from({ length: 1_800 }, (_, i) => axis.x(i * 100));
    expect(xs).toEqual([...xs].sort((a, b) => a - b));
    expect([axis.x(0), axis.x(173_700), axis.x(1e9)].map(Math.round)).toEqual([0, 100, 100]);
    expect(axis.x(173_700) - axis.x(172_800)).toBeGreaterThan(20);
  });

  test.each([
    [870, 4, 500],
    [40, 4, 10],
    [1, 4, 0.5],
    [0, 4, 1],
    [Number.NaN, 4, 1],
  ])("a step for %d in about %d lines is %d", (max, wanted, step) => {
    expect(niceStep(max, wanted)).toBe(step);
  });
});

test("what goes into a template is text, unless it came out of one", () => {
  expect(html`<b>${"<i>"}</b>${html`<i>${1}</i>`}${["a", null, false, "&"]}`.text).toBe(
    "<b>&lt;i&gt;</b><i>1</i>a&amp;",
  );
});
