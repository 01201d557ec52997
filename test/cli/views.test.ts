/** What goes where: data to standard output, messages to standard error, and with `--json` nothing but JSON. */

import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeViews } from "../../cli/views.ts";
import { summarize } from "../../domain/summary.ts";
import { sampleRecord, sampleSummary } from "../domain/sample-record.ts";
import { paperIo } from "./io.ts";

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "repot-views-"));
});
afterEach(() => rm(directory, { recursive: true }));

const record = sampleRecord();
const summary = sampleSummary(summarize(record), "completed");

const show = async (options: { json: boolean; report?: string }, files: readonly string[] = []) => {
  const io = paperIo();
  const views = makeViews(options, io);
  for (const event of record) views.event(event, JSON.stringify(event));
  await views.end(summary, undefined, files);
  return { stdout: io.stdout(), stderr: io.stderr() };
};

test("with --json standard output is the record and then the summary, and standard error is silent", async () => {
  const { stdout, stderr } = await show({ json: true });
  const lines = stdout.split("\n");
  expect(lines.pop()).toBe("");
  expect(lines.map((line) => JSON.parse(line))).toEqual([...record, summary]);
  expect(stderr).toBe("");
  expect(await readdir(directory)).toEqual([]);
});

test("without it progress goes to standard error, and the outcome with its files to standard output", async () => {
  const { stdout, stderr } = await show({ json: false, report: directory }, ["dump/source-before.yaml"]);
  expect(stderr).toMatch(/cut-traffic completed/);
  expect(stdout).toMatch(/^Completed\.\n/);
  expect(stdout).toContain(
    `${join(directory, "report.html")}\n${join(directory, "report.json")}\ndump/source-before.yaml\n`,
  );
  expect((await readdir(directory)).sort()).toEqual(["report.html", "report.json"]);
});
