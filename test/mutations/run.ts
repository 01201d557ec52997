/**
 * `npm run test:mutations [NAME …]`: makes the world or its judges too kind, one way at a time, in a copy of the project, and demands that the
 * test that is named for it fails there. Ends with 1 where one goes unnoticed. Takes some minutes.
 */

import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { MUTATIONS, type Mutation, ROOT } from "./catalogue.ts";

const LEFT_OUT = new Set(["node_modules", ".git", "report", "dist", ".sst"]);

type Seen = { readonly failed: number; readonly passed: number; readonly message: string };

const copy = mkdtempSync(join(tmpdir(), "repot-mutations-"));
cpSync(ROOT, copy, {
  recursive: true,
  filter: (path) => !LEFT_OUT.has(relative(ROOT, path).split("/")[0] ?? ""),
});
symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));

const escaped = (title: string): string => title.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

type Report = {
  readonly numFailedTests: number;
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
};

/** Runs one test of the copy, by its title. */
const tried = ({ file, title }: Mutation["found"]): Seen => {
  const out = join(copy, "mutation-result.json");
  rmSync(out, { force: true });
  const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
  const args = ["run", file, "-t", `${escaped(title)}$`, "--reporter=json", `--outputFile=${out}`];
  const { stderr } = spawnSync(process.execPath, [vitest, ...args], { cwd: copy, encoding: "utf8" });
  try {
    const report = JSON.parse(readFileSync(out, "utf8")) as Report;
    const failures = report.testResults.flatMap((r) => r.assertionResults.flatMap((a) => a.failureMessages));
    return {
      failed: report.numFailedTests,
      passed: report.numPassedTests,
      message: failures[0]?.split("\n")[0] ?? report.testResults[0]?.message ?? "",
    };
  } catch {
    return { failed: 0, passed: 0, message: stderr.slice(-300) };
  }
};

const inCopy = (mutation: Mutation): Seen => {
  const originals = new Map<string, string>();
  for (const { file, find, becomes } of mutation.replacements) {
    const path = join(copy, file);
    const text = readFileSync(path, "utf8");
    if (!originals.has(path)) originals.set(path, text);
    if (text.split(find).length !== 2) throw new Error(`${mutation.name} doesn't fit ${file} any more.`);
    writeFileSync(
      path,
      text.replace(find, () => becomes),
    );
  }
  try {
    return tried(mutation.found);
  } finally {
    for (const [path, text] of originals) writeFileSync(path, text);
  }
};

const wanted = process.argv.slice(2);
const known = new Set(MUTATIONS.map((each) => each.name));
const stranger = wanted.find((name) => !known.has(name));
if (stranger !== undefined) {
  process.stderr.write(`There is no mutation ${stranger}. There are: ${[...known].join(", ")}.\n`);
  process.exit(2);
}

let unnoticed = 0;
const passes = new Map<string, boolean>();
for (const mutation of MUTATIONS) {
  if (wanted.length > 0 && !wanted.includes(mutation.name)) continue;
  const { file, title } = mutation.found;
  const key = `${file} ${title}`;
  if (!passes.has(key)) {
    const before = tried(mutation.found);
    passes.set(key, before.failed === 0 && before.passed > 0);
  }
  const seen = inCopy(mutation);
  const ok = passes.get(key) === true && seen.failed > 0;
  if (!ok) unnoticed += 1;
  const why = passes.get(key) === true ? "went unnoticed" : "can't be told: the test doesn't pass without it";
  process.stdout.write(
    `${ok ? "found out" : why.toUpperCase()}  ${mutation.name}: ${mutation.sentence}\n    ${file}: ${title}\n    ${seen.message}\n`,
  );
}
rmSync(copy, { recursive: true, force: true });
process.stdout.write(unnoticed === 0 ? "Every kindness was found out.\n" : `${unnoticed} went unnoticed.\n`);
process.exit(unnoticed === 0 ? 0 : 1);
