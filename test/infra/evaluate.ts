/** Evaluates sst.config.ts as `sst deploy` does, under Pulumi's mocks, and writes down every resource with its inputs and options. */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import * as esbuild from "esbuild";
import { answered, made, REGION } from "./mocks.ts";
import { PLATFORM, ROOT } from "./setup.ts";

export type Resource = {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  readonly custom: boolean;
};
/** One function as SST was asked to bundle it. */
export type Build = {
  readonly functionID: string;
  readonly handler: string;
  readonly runtime: string;
  readonly properties: Readonly<Record<string, unknown>>;
};
export type Graph = {
  readonly app: Readonly<Record<string, unknown>>;
  readonly errors: readonly string[];
  readonly resources: readonly Resource[];
  readonly builds: readonly Build[];
};

const DEADLINE_MS = 120_000;
const fromPlatform = createRequire(join(PLATFORM, "package.json"));

/** The program in one file, the way SST's own bundler makes it: the providers and components are globals. */
const bundle = async (outfile: string): Promise<void> => {
  const providers = JSON.parse(readFileSync(join(ROOT, ".sst/provider-lock.json"), "utf8")) as readonly {
    readonly alias: string;
    readonly package: string;
  }[];
  const globals = [
    ...providers.map((p) => `import * as ${p.alias} from "${p.package}";`),
    `import * as sst from "${PLATFORM}/src/components";`,
  ].join("\n");
  const isTheirs = (path: string) => path.includes("/.sst/") || path.includes("/node_modules/");
  await esbuild.build({
    stdin: {
      contents: `export { run } from "${PLATFORM}/src/auto/run.ts"; export { default as mod } from "${ROOT}/sst.config.ts";`,
      resolveDir: ROOT,
      sourcefile: "program.ts",
      loader: "ts",
    },
    banner: {
      js: [
        'import { createRequire as makeRequire } from "module";',
        "const require = makeRequire(import.meta.url);",
        "const __filename = import.meta.filename; const __dirname = import.meta.dirname;",
      ].join("\n"),
    },
    mainFields: ["module", "main"],
    format: "esm",
    platform: "node",
    bundle: true,
    outfile,
    logLevel: "error",
    nodePaths: [join(PLATFORM, "node_modules")],
    inject: [join(PLATFORM, "src/shim/run.js")],
    external: ["@pulumi/*", "@pulumiverse/*", "@aws-sdk/*", "undici", "esbuild", "archiver", "glob", "vite"],
    plugins: [
      {
        name: "globals",
        setup: (build) =>
          build.onLoad({ filter: /\.(js|ts)$/ }, ({ path }) => ({
            contents: `${isTheirs(path) ? "" : `${globals}\n`}${readFileSync(path, "utf8")}`,
            loader: path.endsWith(".ts") ? "ts" : "js",
          })),
      },
    ],
  });
};

/** SST's own server: it tells where its buckets are, and bundles functions. Here the bundles are empty; bundles.test.ts makes the real ones. */
const serveSst = async (account: string, builds: Build[]) => {
  const methods: Readonly<Record<string, (input: Build) => unknown>> = {
    "Provider.Aws.Bootstrap": () => ({
      asset: "sst-asset",
      state: "sst-state",
      assetEcrRegistryId: account,
      assetEcrUrl: "ecr.invalid",
      appsyncHttp: "",
      appsyncRealtime: "",
    }),
    "Runtime.Build": ({ functionID, handler, runtime, properties }) => {
      const out = join(ROOT, ".sst/rig", functionID);
      const file = join(out, `${handler.slice(0, handler.lastIndexOf("."))}.mjs`);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, "export {};\n");
      builds.push({ functionID, handler, runtime, properties });
      return { handler, out, errors: [], sourcemaps: [] };
    },
  };
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      const { method, params } = JSON.parse(body);
      const answer = methods[method];
      response.end(
        JSON.stringify(
          answer ? { result: answer(params[0]) } : { error: `rpc: can't find method ${method}` },
        ),
      );
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  process.env["SST_SERVER"] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.env["SST_AWS_REGION"] = REGION;
  return server;
};

/** Secrets and assets carry a mark in Pulumi's wire format; the tests want what is in them. */
const MARK = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

const plain = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "string") return value.replaceAll(ROOT, "$ROOT");
  if (typeof value !== "object" || value === null) return value;
  const fields = value as Readonly<Record<string, unknown>>;
  if (fields[MARK] === SECRET) return plain(fields["value"]);
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([key]) => key !== MARK && key !== "__provider")
      .map(([key, inner]) => [key, plain(inner)]),
  );
};

type Request = {
  readonly getType: () => string;
  readonly getName: () => string;
  readonly getProtect: () => boolean;
  readonly getRetainondelete: () => boolean;
  readonly getCustom: () => boolean;
  readonly getObject: () => { readonly toJavaScript: () => unknown } | undefined;
};

/** The mocks don't keep options: the requests to the monitor have them. */
const record = (monitor: Monitor, resources: Resource[]): void => {
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    resources.push({
      type: request.getType(),
      name: request.getName(),
      protect: request.getProtect(),
      retainOnDelete: request.getRetainondelete(),
      custom: request.getCustom(),
      inputs: plain(request.getObject()?.toJavaScript() ?? {}) as Resource["inputs"],
    });
    register(request, callback);
  };
  const newUrn = monitor.newUrn.bind(monitor);
  // The real engine leaves the root stack out of types.
  monitor.newUrn = (parent, type, name) =>
    newUrn(parent?.includes("pulumi:pulumi:Stack::") ? undefined : parent, type, name);
};
type Monitor = {
  registerResource: (request: Request, callback: unknown) => void;
  newUrn: (parent: string | undefined, type: string, name: string) => string;
};

type Program = {
  readonly run: (program: unknown) => Promise<unknown>;
  readonly mod: {
    readonly app: (input: { stage: string }) => Promise<Readonly<Record<string, unknown>>>;
    readonly run: unknown;
  };
};

/** Runs the program of a stage to its end. An error of the program is in `errors`, not thrown. */
export const evaluate = async (stage: string): Promise<Graph> => {
  const resources: Resource[] = [];
  const builds: Build[] = [];
  const errors: string[] = [];
  const outfile = join(PLATFORM, `program.${process.pid}.mjs`);
  const pulumi = fromPlatform("@pulumi/pulumi");
  const account = /account: "(\d+)"/.exec(readDeploymentText(stage))?.[1] ?? "000000000000";
  pulumi.runtime.setMocks(
    {
      newResource: (asked: Parameters<typeof made>[0]) => made(asked, account),
      call: ({ token }: { readonly token: string }) => answered(token, account),
    },
    "repot",
    stage,
    false,
  );
  record(pulumi.runtime.getMonitor() as Monitor, resources);
  const server = await serveSst(account, builds);
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  process.on("unhandledRejection", failed.reject);
  const deadline = setTimeout(
    () => failed.reject(new Error("The program did not come to its end.")),
    DEADLINE_MS,
  );
  let app: Readonly<Record<string, unknown>> = {};
  try {
    await bundle(outfile);
    const { run, mod } = (await import(pathToFileURL(outfile).href)) as Program;
    const work = join(ROOT, ".sst");
    Object.assign(globalThis, {
      $dev: false,
      $cli: {
        command: "deploy",
        dev: false,
        paths: { home: join(work, "home"), root: ROOT, work, platform: PLATFORM },
        state: { version: {} },
      },
    });
    app = { removal: "remove", protect: false, ...(await mod.app({ stage })) };
    Object.assign(globalThis, { $app: { ...app, stage } });
    const whole = pulumi.runtime.runInPulumiStack(() => run(mod.run)).then(() => pulumi.runtime.disconnect());
    await Promise.race([failed.promise, whole]);
  } catch (error) {
    errors.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    clearTimeout(deadline);
    process.off("unhandledRejection", failed.reject);
    rmSync(outfile, { force: true });
    server.close();
  }
  const { name, removal, protect, home } = app;
  const order = (r: Resource) => `${r.type} ${r.name}`;
  return {
    app: { name, home, stage, removal, protect },
    errors,
    resources: resources.sort((a, b) => (order(a) < order(b) ? -1 : 1)),
    builds: builds.sort((a, b) => (a.functionID < b.functionID ? -1 : 1)),
  };
};

const readDeploymentText = (stage: string): string => {
  try {
    return readFileSync(join(ROOT, "deployments", `${stage}.yaml`), "utf8");
  } catch {
    return "";
  }
};
