/** The commands around campaigns, as somebody at a shell sees them: what they print, what they write, how they end. */

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { main } from "../../cli/main.ts";
import { paperIo } from "../cli/io.ts";
import { MANIFESTS, SETTINGS, WEB } from "../rehearsals/small.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "repot-campaign-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const repot = async (...argv: readonly string[]) => {
  const io = paperIo();
  const code = await main(argv, io);
  return { code, out: io.stdout(), err: io.stderr() };
};

const written = async (name: string, text: string): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
};

const aCase = (over: object = {}) =>
  JSON.stringify({ format: 1, platform: "0".repeat(64), seed: 1, faults: [], approve: "auto", ...over });

it("campaign --list prints what there is, as JSON", async () => {
  const { code, out } = await repot("campaign", "--list");
  expect(code).toBe(0);
  const listed = JSON.parse(out) as Readonly<Record<string, readonly { readonly name: string }[]>>;
  expect(Object.keys(listed)).toEqual(["faults", "planted", "invariants"]);
  expect(listed["faults"]?.map((f) => f.name)).toContain("zombie");
});

describe("what can't be read ends with 2 and a sentence", () => {
  it.each([
    [["campaign", "--runs", "0"], /--runs takes a whole number above 0/],
    [["campaign", "--seconds", "soon"], /--seconds takes a whole number above 0/],
    [["campaign", "--seed", "-1"], /--seed takes a whole number/],
    [["replay", "/nowhere/case.json"], /case\.json isn't there/],
  ])("%j", async (argv, sentence) => {
    const { code, err } = await repot(...argv);
    expect(code).toBe(2);
    expect(err).toMatch(sentence);
  });

  it("a case of another platform", async () => {
    const { code, err } = await repot("replay", await written("other.json", aCase()));
    expect(code).toBe(2);
    expect(err).toMatch(/was found on another platform/);
  });
});

it("a campaign tells what it did; its runs can be replayed to the same record, and what isn't broken isn't shrunk", async () => {
  const { code, out } = await repot("campaign", "--runs", "1", "--json", "--out", folder);
  expect(code).toBe(0);
  const [run, summary] = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(summary).toMatchObject({ type: "campaign", runs: 1, distinctDigests: 1, shortcomings: [] });
  const { seed, faults, approve, rollBackAt } = run;
  const file = await written(
    "case.json",
    aCase({ platform: summary.platform, seed, faults, approve, rollBackAt }),
  );
  const replayed = await repot("replay", file);
  expect(replayed.code).toBe(run.exitCode);
  expect(replayed.out).toContain(`Digest ${run.digest}`);
  const shrunk = await repot("shrink", file);
  expect(shrunk).toMatchObject({ code: 0, out: "" });
  expect(shrunk.err).toMatch(/isn't broken/);
});

/** That a refused run doesn't complete is a finding of its own, and not what is asked here. */
const UNWATCHED = ["--without-invariant", "liveness"];

it("a campaign that struck and completed too little ends with 1 and says what is missing", async () => {
  const texts = { ...MANIFESTS, web: WEB(undefined, "resources: {limits: {nvidia.com/gpu: 1}}") };
  const plan = join(folder, "refused");
  await mkdir(plan);
  await writeFile(join(plan, "platform.yaml"), Object.values(texts).join("---\n"));
  await writeFile(join(plan, "repot.yaml"), JSON.stringify(SETTINGS));
  // A device that no node has: preflight refuses it, so nothing is ever struck or moved.
  const { code, out, err } = await repot("campaign", "--runs", "20", "--plan", plan, ...UNWATCHED, "--json");
  expect(code).toBe(1);
  const { shortcomings, outcomes } = JSON.parse(out.trim().split("\n").at(-1) ?? "");
  expect(outcomes).toMatchObject({ refused: expect.any(Number) });
  expect(shortcomings).toEqual([
    expect.stringMatching(/^Faults struck in \d+ of the 20 runs that had any: not over 90 %\.$/),
    "0 of 20 runs completed: not over 30 %.",
  ]);
  expect(err).toMatch(/repot: Faults struck in[^\n]*\nrepot: 0 of 20 runs completed/);
});

it("--mode takes safety or liveness", async () => {
  const { code, err } = await repot("campaign", "--mode", "wild");
  expect([code, err]).toEqual([2, 'repot: --mode knows safety and liveness, not "wild".\n']);
});
