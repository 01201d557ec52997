/** The bundle of one function, made by the options that SST's own builder uses, and what it weighs. */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import type { Declared } from "../../domain/permissions/policy.ts";
import { BUNDLING, entryText } from "../../infra/entries.ts";
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
  /** KiB of each package that is loaded at once. */
  readonly packages: Readonly<Record<string, number>>;
};

const BANNER = [
  'import { createRequire as topLevelCreateRequire } from "module";',
  "const require = topLevelCreateRequire(import.meta.url);",
  'import { fileURLToPath as topLevelFileUrlToPath, URL as topLevelURL } from "url";',
  "const __filename = topLevelFileUrlToPath(import.meta.url);",
  'const __dirname = topLevelFileUrlToPath(new topLevelURL(".", import.meta.url));',
].join("\n");

const kib = (bytes: number): number => Math.round((bytes / 1024) * 10) / 10;

/** As pkg/runtime/node/build.go of SST has it: ES modules for Node, names kept, split where the function asks for it. */
export const bundle = async (declared: Declared): Promise<Bundle> => {
  const entries = join(ROOT, ".sst/entries");
  const out = join(ROOT, ".sst/bundles", declared.name);
  mkdirSync(entries, { recursive: true });
  rmSync(out, { recursive: true, force: true });
  writeFileSync(join(entries, `${declared.name}.ts`), entryText(declared));
  const { metafile } = await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: [join(entries, `${declared.name}.ts`)],
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
  return weigh(declared.name, metafile, relative(ROOT, join(out, `${declared.name}.mjs`)));
};

const weigh = (name: string, { outputs }: esbuild.Metafile, file: string): Bundle => {
  const loaded = new Set<string>();
  const load = (path: string): void => {
    if (loaded.has(path)) return;
    loaded.add(path);
    for (const { path: next, kind } of outputs[path]?.imports ?? [])
      if (kind === "import-statement" && next in outputs) load(next);
  };
  load(file);
  const bytesOf = (paths: Iterable<string>) =>
    [...paths].reduce((sum, path) => sum + (outputs[path]?.bytes ?? 0), 0);
  const packages: Record<string, number> = {};
  for (const path of loaded)
    for (const [input, { bytesInOutput }] of Object.entries(outputs[path]?.inputs ?? {})) {
      const from = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? "ours";
      packages[from] = kib(1024 * (packages[from] ?? 0) + bytesInOutput);
    }
  const all = Object.keys(outputs);
  return {
    name,
    file: join(ROOT, file),
    entryKib: kib(outputs[file]?.bytes ?? 0),
    loadedKib: kib(bytesOf(loaded)),
    wholeKib: kib(bytesOf(all)),
    packedKib: kib(gzipSync(Buffer.concat(all.map((path) => readFileSync(join(ROOT, path))))).length),
    packages,
  };
};
