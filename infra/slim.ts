/**
 * Bundles every entry once before SST does, to leave out what a bundler can't see to be unused in a function of Lambda: it is half of what is
 * shipped, and most of the time that an import takes. SST's own builder then packs what is left, by its own options.
 */

import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import * as esbuild from "esbuild";
import { byFile } from "./barrels.ts";
import {
  absentText,
  HASHES,
  hashesText,
  JSON_SCHEMA,
  JSON_SCHEMA_TEXT,
  REPLACED,
  TWINS,
} from "./left-out.ts";

const SCHEMAS = /[\\/]@aws-sdk[\\/]client-[a-z0-9-]+[\\/]dist-es[\\/]schemas[\\/]schemas_0\.js$/;
const CONSTANT = /^const (_\w+) = ("(?:[^"\\]|\\.)*");$/gm;
const COMPUTED_KEY = /\[(_\w+)\]:/g;

/** `{ [_xN]: _VI }` becomes `{ "xmlName": _VI }`: the same object, and nothing that a bundler has to fear. */
export const plainKeys = (text: string): string => {
  const values = new Map([...text.matchAll(CONSTANT)].map(([, name = "", value = ""]) => [name, value]));
  return text.replace(COMPUTED_KEY, (key, name: string) => {
    const value = values.get(name);
    return value === undefined ? key : `${value}:`;
  });
};

/** What is done to a file of the SDK before it is bundled. The schemas name fields by computed keys, which count as side effects: a client came whole, whichever commands are used. */
const prepared = (path: string): string =>
  TWINS.test(path)
    ? absentText(path)
    : HASHES.test(path)
      ? hashesText(path)
      : SCHEMAS.test(path)
        ? plainKeys(readFileSync(path, "utf8"))
        : readFileSync(path, "utf8");

const SDK = /[\\/]@(?:aws-sdk|smithy)[\\/].*[\\/]dist-es[\\/].*\.js$/;

const sdk: esbuild.Plugin = {
  name: "sdk",
  setup: (build) => {
    const known = new Map();
    build.onLoad({ filter: SDK }, async ({ path }) => {
      const resolve = async (specifier: string) => {
        const found = await build.resolve(specifier, { resolveDir: dirname(path), kind: "import-statement" });
        return found.namespace === "file" && found.errors.length === 0 ? found.path : undefined;
      };
      return { contents: await byFile(prepared(path), resolve, known), loader: "js" };
    });
  },
};

const replaced: esbuild.Plugin = {
  name: "replaced",
  setup: (build) => {
    build.onResolve({ filter: new RegExp(`^(${Object.keys(REPLACED).join("|")})$`) }, ({ path, kind }) =>
      kind === "require-call" ? undefined : { path, namespace: "replaced", sideEffects: false },
    );
    build.onLoad({ filter: /.*/, namespace: "replaced" }, ({ path }) => ({
      contents: REPLACED[path] ?? "",
      resolveDir: build.initialOptions.absWorkingDir ?? ".",
    }));
  },
};

const PACKAGE = /[\\/]@aws-sdk[\\/]client-[a-z0-9-]+[\\/]package\.json$/;

const leftOut: esbuild.Plugin = {
  name: "left-out",
  setup: (build) => {
    build.onLoad({ filter: JSON_SCHEMA }, ({ path }) => ({
      contents: JSON_SCHEMA_TEXT[basename(path)] ?? "",
      loader: "js",
    }));
    // A client says its version in its requests; the rest of its package.json was shipped along.
    build.onLoad({ filter: PACKAGE }, ({ path }) => {
      const { version } = JSON.parse(readFileSync(path, "utf8")) as { readonly version: string };
      return { contents: JSON.stringify({ version }), loader: "json" };
    });
  },
};

/** The Kafka client doesn't say that its modules can be left out where nothing of them is used; they only declare. */
const KAFKA = /node_modules[\\/]@platformatic[\\/]kafka[\\/]/;
const kafka: esbuild.Plugin = {
  name: "kafka",
  setup: (build) => {
    build.onResolve({ filter: /^\.{1,2}\// }, ({ path, importer }) =>
      KAFKA.test(importer) ? { path: join(dirname(importer), path), sideEffects: false } : undefined,
    );
  },
};

export const PLUGINS: readonly esbuild.Plugin[] = [sdk, replaced, leftOut, kafka];

/**
 * All in one pass, which takes a second or two where one for each takes half a minute.
 * @param sources The entries, as infra/entries.ts wrote them.
 * @param folder Gets a module for each entry, under its name, and the ones that they share.
 * @returns which files went into which module.
 */
export const slim = async (
  sources: readonly string[],
  folder: string,
  root: string,
): Promise<esbuild.Metafile> => {
  const { metafile } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: [...sources],
    outdir: folder,
    chunkNames: "shared/[name]-[hash]",
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node24",
    mainFields: ["module", "main"],
    plugins: [...PLUGINS],
    metafile: true,
    logLevel: "error",
  });
  return metafile;
};
