/**
 * Bundles every entry once before SST does, to leave out what a bundler can't see to be unused in a function of Lambda: it is half of what is
 * shipped, and most of the time that an import takes. SST's own builder then packs what is left, by its own options.
 */

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as esbuild from "esbuild";

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

/** The schemas of the SDK's clients name fields by computed keys, which count as side effects: a client came whole, whichever commands are used. */
const schemas: esbuild.Plugin = {
  name: "plain-keys",
  setup: (build) => {
    build.onLoad({ filter: SCHEMAS }, ({ path }) => ({
      contents: plainKeys(readFileSync(path, "utf8")),
      loader: "js",
    }));
  },
};

/** Modules that are others in a function: what is imported, and what it gets. */
const REPLACED: Readonly<Record<string, string>> = {
  // `import` of node:http evaluates all that it exports, WebSocket among it, and with that the whole of undici (30 ms).
  "node:http": `const http = process.getBuiltinModule("node:http");
    export const { request } = http;
    export default http;`,
  // Lambda gives a function the credentials of its role in the environment; profiles, SSO and instance metadata are other people's ways.
  "@aws-sdk/credential-provider-node":
    'export { fromEnv as defaultProvider } from "@aws-sdk/credential-provider-env";',
};

const replaced: esbuild.Plugin = {
  name: "replaced",
  setup: (build) => {
    build.onResolve({ filter: /^(node:http|@aws-sdk\/credential-provider-node)$/ }, ({ path, kind }) =>
      kind === "import-statement" ? { path, namespace: "replaced", sideEffects: false } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: "replaced" }, ({ path }) => ({
      contents: REPLACED[path] ?? "",
      resolveDir: build.initialOptions.absWorkingDir ?? ".",
    }));
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
    plugins: [schemas, replaced, kafka],
    metafile: true,
    logLevel: "error",
  });
  return metafile;
};
