/** Runs the project's own linter configuration over a made-up tree, to prove that its rules can fail. */

import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as z from "zod";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const CONFIGURATION = ["biome.json", ".gitignore", ".biome"];

const Report = z.object({
  diagnostics: z.array(
    z.object({ category: z.string(), severity: z.string(), location: z.object({ path: z.string() }) }),
  ),
});

/** @returns For each path of the tree, the rules that it breaks, sorted; only errors count. */
export const lint = async (
  tree: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, readonly string[]>>> => {
  const directory = await mkdtemp(join(tmpdir(), "repot-tidy-"));
  try {
    for (const name of CONFIGURATION) await cp(join(ROOT, name), join(directory, name), { recursive: true });
    for (const [path, text] of Object.entries(tree)) {
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await writeFile(join(directory, path), text);
    }
    const { diagnostics } = Report.parse(JSON.parse(await biome(directory)));
    const broken: Record<string, string[]> = Object.fromEntries(Object.keys(tree).map((path) => [path, []]));
    for (const { category, severity, location } of diagnostics) {
      if (severity !== "error") continue;
      const rules = broken[location.path] ?? [];
      if (!rules.includes(category)) rules.push(category);
      broken[location.path] = rules.sort();
    }
    return broken;
  } finally {
    await rm(directory, { recursive: true });
  }
};

/** Biome ends with 1 where it finds something; what it found is on standard output all the same. */
const biome = async (directory: string): Promise<string> => {
  const arguments_ = ["lint", "--reporter=json", "--max-diagnostics=none", "."];
  const run = promisify(execFile)(join(ROOT, "node_modules/.bin/biome"), arguments_, {
    cwd: directory,
    maxBuffer: 64 * 1024 * 1024,
  });
  return run.then(
    ({ stdout }) => stdout,
    (error: { readonly stdout?: string; readonly message: string }) => {
      if (error.stdout) return error.stdout;
      throw new Error(`Biome didn't run: ${error.message}`);
    },
  );
};
