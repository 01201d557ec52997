/** The bundle of every function, by SST's own options: what is in it, what isn't, what it weighs, and that Node imports it. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { steps } from "../../functions/index.ts";
import { listeners } from "../../functions/listeners.ts";
import { byFile } from "../../infra/barrels.ts";
import { plainKeys } from "../../infra/slim.ts";
import { type Bundle, bundles } from "./bundle.ts";
import { importOnce, invoke } from "./import-time.ts";
import { ROOT } from "./setup.ts";

const declared = [...steps, ...listeners];
/** What is uploaded, and each file of it as it is. */
const PACKED_KIB_MAX = 300;
const FILE_KIB_MAX = 300;
/** What an import loads: without the clients, which the first call brings. Steps with effects carry the commands of every kind of effect. */
const LOADED_KIB_MAX = 420;
/** Loose: other things run on the machine of a test. `npm run bench` has the medians of ten, and what they should be. */
const PROCESSOR_MS_MAX = 400;

let made: ReadonlyMap<string, Bundle> = new Map();
beforeAll(async () => {
  made = await bundles();
});

describe.each(declared.map((step) => [step.name, step] as const))("%s", (name, step) => {
  it("is small, brings its clients along and nothing of the rehearsal, and can be imported", () => {
    const bundle = made.get(name);
    if (!bundle) throw new Error(`${name} has no bundle.`);
    const { packages, file, packedKib, largestKib, loadedKib } = bundle;
    expect(packedKib).toBeLessThanOrEqual(PACKED_KIB_MAX);
    expect(largestKib).toBeLessThanOrEqual(FILE_KIB_MAX);
    expect(loadedKib).toBeLessThanOrEqual(LOADED_KIB_MAX);
    // A parser of YAML, the interpreter's language, a validator of JSON Schema, the command line: none of it is a function's business; nor are other people's credentials.
    for (const stranger of [
      "yaml",
      "jsonata",
      "commander",
      "@marcbachmann/cel-js",
      "ajv",
      "node",
      "@aws-sdk/credential-provider-sso",
    ])
      expect(packages, name).not.toContain(stranger);
    if ("route53" in step.needs) expect(packages).toContain("@aws-sdk/client-route-53");
    if ("ec2" in step.needs) expect(packages).toContain("@aws-sdk/client-ec2");
    expect(readFileSync(file, "utf8")).not.toContain("NotSimulated");
    expect(importOnce(file).processorMs).toBeLessThan(PROCESSOR_MS_MAX);
  });
});

describe("the client of Kafka", () => {
  it("is in the bundles of the functions that need it, in no other, and asks", () => {
    for (const { name, needs } of declared) {
      const { wholeKib = 0, file = "" } = made.get(name) ?? {};
      expect([name, readFileSync(file, "utf8").includes("kafka-client")]).toEqual([
        name,
        needs.kafka !== undefined,
      ]);
      expect(wholeKib, name).toBeGreaterThan(0);
    }
    const event = {
      run: { migration: "shop-1", plan: "a".repeat(64) },
      queue: { kind: "kafka", group: "g", topic: "t" },
      mark: null,
    };
    const said = invoke(made.get("observe-drain")?.file ?? "", event, {
      REPOT_BROKERS: JSON.stringify({
        kafka: { bootstrapServers: ["127.0.0.1:1"], tls: false, secret: "kafka" },
      }),
    });
    expect(said).toMatch(/^AnswerLost: Could not ask Kafka about/);
  });
});

describe("imports of the SDK by the files that they are in", () => {
  const CORE = join(ROOT, "node_modules/@smithy/core/dist-es/submodules");
  const resolve = async (specifier: string) =>
    specifier === "@smithy/core/serde" ? join(CORE, "serde/index.js") : undefined;

  it("name the file of what a barrel passes on, and the barrel for what is its own or isn't known", async () => {
    const text = [
      'import { splitEvery as split, Uint8ArrayBlobAdapter } from "@smithy/core/serde";',
      'import { x } from "@smithy/elsewhere";',
      "export const y = 1;",
    ].join("\n");
    expect(await byFile(text, resolve, new Map())).toBe(
      [
        `import { splitEvery as split } from "${join(CORE, "serde/split-every.js")}";`,
        'import { Uint8ArrayBlobAdapter as Uint8ArrayBlobAdapter } from "@smithy/core/serde";',
        'import { x } from "@smithy/elsewhere";',
        "export const y = 1;",
      ].join("\n"),
    );
  });
});

describe("the schemas of the SDK", () => {
  it("are the same objects when their keys are written out", () => {
    const before = [
      'const _xN = "xmlName";',
      'const _q = "a \\"quoted\\" name";',
      "export var A$ = [3, n0, _A, { [_xN]: _VI, [_q]: `x` }, [_xN, unknown[_i]], { [_other]: 1 }];",
    ].join("\n");
    expect(plainKeys(before)).toBe(
      before.replace("[_xN]: _VI", '"xmlName": _VI').replace("[_q]: `x`", '"a \\"quoted\\" name": `x`'),
    );
  });
});
