/** The bundle of every function, by SST's own options: what is in it, what isn't, what it weighs, and that Node imports it. */

import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { steps } from "../../functions/index.ts";
import { listeners } from "../../functions/listeners.ts";
import { plainKeys } from "../../infra/slim.ts";
import { type Bundle, bundles } from "./bundle.ts";
import { importOnce, invoke } from "./import-time.ts";

const declared = [...steps, ...listeners];
/** What is uploaded: everything, also what is loaded later. */
const PACKED_KIB_MAX = 300;
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
    const { packages, file, packedKib } = bundle;
    expect(packedKib).toBeLessThanOrEqual(PACKED_KIB_MAX);
    // A parser of YAML, the interpreter's language, the command line: none of it is a function's business; nor are other people's credentials.
    for (const stranger of [
      "yaml",
      "jsonata",
      "commander",
      "@marcbachmann/cel-js",
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
