/** The bundles of all functions, made the way SST makes them, and what they weigh. */

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import type { Declared } from "../../domain/permissions/policy.ts";
import { steps } from "../../functions/index.ts";
import { listeners } from "../../functions/listeners.ts";
import { BUNDLING, entryText, handlerOf, writeClients, writeEntries } from "../../infra/entries.ts";
import { slim } from "../../infra/slim.ts";
import { ROOT } from "./setup.ts";

export type Bundle = {
  readonly name: string;
  /** The file that Lambda imports. */
  readonly file: string;
  /** KiB, minified: that file; the largest of all; that file with those that it imports at once; everything, what a first call loads included; and packed. */
  readonly entryKib: number;
  readonly largestKib: number;
  readonly loadedKib: number;
  readonly wholeKib: number;
  readonly packedKib: number;
  /** The packages of which something is in it. */
  readonly packages: readonly string[];
};

const BANNER = [
  'import { createRequire as topLevelCreateRequire } from "module";',
  "const require = topLevelCreateRequire(import.meta.url);",
  'import { fileURLToPath as topLevelFileUrlToPath, URL as topLevelURL } from "url";',
  "const __filename = topLevelFileUrlToPath(import.meta.url);",
  'const __dirname = topLevelFileUrlToPath(new topLevelURL(".", import.meta.url));',
].join("\n");

const kib = (bytes: number): number => Math.round((bytes / 1024) * 10) / 10;

/** Every function's bundle, by its name. */
export const bundles = async (): Promise<ReadonlyMap<string, Bundle>> => {
  const all = [...steps, ...listeners];
  const slimmed = await writeEntries(all, ROOT);
  const made = new Map<string, Bundle>();
  for (const { name } of all) made.set(name, await bundle(name, slimmed));
  return made;
};

const bundle = async (name: string, slimmed: esbuild.Metafile): Promise<Bundle> => {
  const entry = handlerOf({ name }).replace(/\.handler$/, ".mjs");
  const out = join(ROOT, ".sst/bundles", name);
  const metafile = await pack(join(ROOT, entry), out);
  const packages = packagesOf(slimmed, entry);
  return weigh(name, metafile, relative(ROOT, join(out, `${name}.mjs`)), packages);
};

/** As pkg/runtime/node/build.go of SST has it: ES modules for Node, names kept, split where the function asks for it. */
export const pack = async (entry: string, out: string): Promise<esbuild.Metafile> => {
  rmSync(out, { recursive: true, force: true });
  const { metafile } = await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    platform: "node",
    external: ["sharp", "pg-native"],
    keepNames: true,
    bundle: true,
    splitting: BUNDLING.splitting,
    minify: BUNDLING.minify,
    metafile: true,
    outdir: out,
    outExtension: { ".js": ".mjs" },
    format: BUNDLING.format,
    target: "esnext",
    mainFields: ["module", "main"],
    banner: { js: BANNER },
    logLevel: "error",
  });
  return metafile;
};

/** A step that no function has, bundled as the functions are. @returns the file that Lambda would import. */
export const bundleOf = async (step: Declared, file: string): Promise<string> => {
  const folder = join(ROOT, ".sst", step.name);
  const sources = join(folder, "source");
  rmSync(folder, { recursive: true, force: true });
  writeClients(join(sources, "clients"));
  writeFileSync(join(sources, `${step.name}.ts`), entryText(step, file));
  await slim([join(sources, `${step.name}.ts`)], join(folder, "slim"), ROOT);
  await pack(join(folder, "slim", `${step.name}.mjs`), join(folder, "packed"));
  return join(folder, "packed", `${step.name}.mjs`);
};

/** Outputs that are reached from one, itself included; at once, or in any way. */
const reached = (
  { outputs }: esbuild.Metafile,
  from: string,
  kinds: readonly string[],
): ReadonlySet<string> => {
  const found = new Set<string>();
  const reach = (path: string): void => {
    if (found.has(path)) return;
    found.add(path);
    for (const { path: next, kind } of outputs[path]?.imports ?? [])
      if (kinds.includes(kind) && next in outputs) reach(next);
  };
  reach(from);
  return found;
};

const STATIC = ["import-statement"];

const packagesOf = (metafile: esbuild.Metafile, entry: string): readonly string[] => {
  const packages = new Set<string>();
  for (const path of reached(metafile, entry, [...STATIC, "dynamic-import"]))
    for (const [input, { bytesInOutput }] of Object.entries(metafile.outputs[path]?.inputs ?? {}))
      if (bytesInOutput > 0) packages.add(/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? "ours");
  return [...packages].sort();
};

const weigh = (
  name: string,
  metafile: esbuild.Metafile,
  file: string,
  packages: readonly string[],
): Bundle => {
  const { outputs } = metafile;
  const bytesOf = (paths: Iterable<string>) =>
    [...paths].reduce((sum, path) => sum + (outputs[path]?.bytes ?? 0), 0);
  const all = Object.keys(outputs);
  return {
    name,
    file: join(ROOT, file),
    entryKib: kib(outputs[file]?.bytes ?? 0),
    largestKib: kib(Math.max(...all.map((path) => outputs[path]?.bytes ?? 0))),
    loadedKib: kib(bytesOf(reached(metafile, file, STATIC))),
    wholeKib: kib(bytesOf(all)),
    packedKib: kib(gzipSync(Buffer.concat(all.map((path) => readFileSync(join(ROOT, path))))).length),
    packages,
  };
};
