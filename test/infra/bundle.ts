/** The bundles of all functions, made the way SST makes them, and what they weigh. */

import { readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import { steps } from "../../functions/index.ts";
import { listeners } from "../../functions/listeners.ts";
import { BUNDLING, handlerOf, writeEntries } from "../../infra/entries.ts";
import { ROOT } from "./setup.ts";

export type Bundle = {
  readonly name: string;
  /** The file that Lambda imports. */
  readonly file: string;
  /** KiB, minified: that file; with the files that it imports at once; everything, what only some credentials need included; and packed. */
  readonly entryKib: number;
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

/** As pkg/runtime/node/build.go of SST has it: ES modules for Node, names kept, split where the function asks for it. */
const bundle = async (name: string, slimmed: esbuild.Metafile): Promise<Bundle> => {
  const entry = handlerOf({ name }).replace(/\.handler$/, ".mjs");
  const out = join(ROOT, ".sst/bundles", name);
  rmSync(out, { recursive: true, force: true });
  const { metafile } = await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: [join(ROOT, entry)],
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
  const packages = packagesOf(slimmed, entry);
  return weigh(name, metafile, relative(ROOT, join(out, `${name}.mjs`)), packages);
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
  for (const path of reached(metafile, entry, STATIC))
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
    loadedKib: kib(bytesOf(reached(metafile, file, STATIC))),
    wholeKib: kib(bytesOf(all)),
    packedKib: kib(gzipSync(Buffer.concat(all.map((path) => readFileSync(join(ROOT, path))))).length),
    packages,
  };
};
