/** The rules of the house. Each is held against the project, and against a small wrong example: a rule that can't fail is a defect. */

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { lint } from "./tidy/lint.ts";
import * as rules from "./tidy/rules.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const LEFT_OUT = /^(node_modules|\.git|\.sst|report|coverage)(\/|$)/;
const TEXT = /\.(ts|mjs|md|json)$/;

const project: rules.SourceFile[] = [];
beforeAll(async () => {
  const entries = await readdir(ROOT, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name).slice(ROOT.length).replaceAll("\\", "/");
    if (entry.isFile() && TEXT.test(path) && !LEFT_OUT.test(path))
      project.push({ path, text: await readFile(join(ROOT, path), "utf8") });
  }
});

const PURPOSE = "/** Says what this file is for, in a sentence. */\n";
const file = (path: string, text: string): rules.SourceFile => ({ path, text: PURPOSE + text });
const stepFile = (name: string, path = `functions/${name}.ts`) =>
  file(path, `export const s = step({\n  name: "${name}",\n});`);
const index = (...names: string[]) =>
  file("functions/index.ts", names.map((name) => `import "./${name}.ts";`).join("\n"));
const packageOf = (dependencies: Record<string, string>) => ({
  path: "package.json",
  text: JSON.stringify({ dependencies }),
});
const many = Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`library-${i}`, "1.0.0"]));

const wrong: readonly (readonly [keyof typeof rules, readonly rules.SourceFile[], RegExp])[] = [
  ["importTable", [file("domain/a.ts", 'import { b } from "../adapters/b.ts";')], /domain may not/],
  [
    "importTable",
    [file("domain/deep/a.ts", 'import type { b } from "../../adapters/b.ts";')],
    /domain may not/,
  ],
  [
    "importTable",
    [file("adapters/a.ts", 'const b = await import("../functions/b.ts");')],
    /adapters may not/,
  ],
  ["importTable", [file("workflows/a.ts", 'import { b } from "../functions/b.ts";')], /workflows may not/],
  ["importTable", [file("simulator/a.ts", 'export * from "../cli/b.ts";')], /simulator may not/],
  ["importTable", [file("cli/a.ts", 'import "../test/b.ts";')], /cli may not/],
  ["opensWithItsPurpose", [{ path: "domain/a.ts", text: 'import "./b.ts";\n' }], /doesn't open/],
  ["opensWithItsPurpose", [{ path: "domain/a.ts", text: "/** Short. */\n" }], /doesn't open/],
  ["nothingLeftOver", [file("domain/a.ts", `// ${"TO"}DO later`)], /has a/],
  ["allTestsRun", [file("test/a.test.ts", `test.${"skip"}("x", () => {});`)], /has test\.skip/],
  ["allTestsRun", [file("test/a.test.ts", `describe.${"only"}("x", () => {});`)], /has describe\.only/],
  ["stepsAreListed", [stepFile("do-it"), index("do-that")], /do-it .* is not listed/],
  [
    "stepsAreNamedLikeTheirFile",
    [stepFile("do-it", "functions/do-that.ts")],
    /belongs in functions\/do-it\.ts/,
  ],
  ["stepsAreTested", [stepFile("do-it"), file("test/a.test.ts", "// do-it by hand")], /No test names/],
  ["decisionsAreNumbered", [{ path: "docs/adr/2-b.md", text: "# 2. B" }], /should be called/],
  ["decisionsAreNumbered", [{ path: "docs/adr/0001-a.md", text: "A" }], /doesn't open/],
  [
    "decisionsAreNumbered",
    ["a", "b"].map((name) => ({ path: `docs/adr/0001-${name}.md`, text: "# 1. A" })),
    /number of another/,
  ],
  ["fewDependencies", [packageOf(many)], /11 dependencies/],
  ["fewDependencies", [packageOf({ zod: "^4.0.0" })], /not at an exact version/],
];

describe("rules that no linter knows", () => {
  const all = Object.entries(rules).filter(
    (entry): entry is [string, rules.Rule] => typeof entry[1] === "function",
  );

  test.each(all)("%s holds in the project", (_, rule) => {
    expect(project.length).toBeGreaterThan(50);
    expect(rule(project)).toEqual([]);
  });

  test.each(wrong)("%s catches a wrong example (%#)", (name, files, complaint) => {
    const rule = all.find(([of]) => of === name)?.[1];
    expect(rule?.(files).join("\n")).toMatch(complaint);
  });

  test("each has a wrong example, and a right one passes it", () => {
    const right = [
      stepFile("do-it"),
      index("do-it"),
      file("test/a.test.ts", 'run("do-it");'),
      { path: "docs/adr/0001-a.md", text: "# 1. A" },
      packageOf({ zod: "4.0.0" }),
    ];
    for (const [name, rule] of all) {
      expect(wrong.map(([of]) => of)).toContain(name);
      expect(rule(right)).toEqual([]);
    }
  });
});

describe("rules of the linter", () => {
  const layers = Object.keys(rules.MAY_IMPORT);
  const importing = (from: string, to: string): readonly [string, string] => [
    `${from}/imports-${to}.ts`,
    `import { x } from "../${to}/x.ts";\n\nexport const y = x;\n`,
  ];
  const imports = layers.flatMap((from) =>
    [...layers, "test"].filter((to) => to !== from).map((to) => ({ from, to })),
  );
  const lines = (count: number) =>
    Array.from({ length: count }, (_, i) => `  console.info(${i});\n`).join("");

  const breaking: Readonly<Record<string, readonly [rule: string, text: string]>> = {
    "domain/clock.ts": ["plugin", "export const now = Date.now();\n"],
    "functions/date.ts": ["plugin", "export const now = new Date();\n"],
    "workflows/chance.ts": ["plugin", "export const chance = Math.random();\n"],
    "adapters/clock-passed-on.ts": ["plugin", "export const options = { now: Date.now };\n"],
    "functions/stopwatch.ts": ["plugin", "export const at = performance.now();\n"],
    "adapters/library-clock.ts": [
      "plugin",
      'import { DateTime } from "luxon";\n\nexport const now = DateTime.now();\n',
    ],
    "functions/identity.ts": ["plugin", "export const id = crypto.randomUUID();\n"],
    "functions/named-identity.ts": [
      "plugin",
      'import { randomUUID } from "node:crypto";\n\nexport const id = randomUUID();\n',
    ],
    "adapters/thread-pool.ts": [
      "plugin",
      'export const hash = (data: Uint8Array<ArrayBuffer>) => crypto.subtle.digest("SHA-256", data);\n',
    ],
    "functions/environment.ts": ["lint/style/noProcessEnv", "export const home = process.env.HOME;\n"],
    "adapters/timer.ts": [
      "lint/style/noRestrictedGlobals",
      "export const later = (f: () => void) => setTimeout(f, 1);\n",
    ],
    "adapters/request.ts": [
      "lint/style/noRestrictedGlobals",
      'export const answer = fetch("https://example.com");\n',
    ],
    "domain/disk.ts": [
      "lint/style/noRestrictedImports",
      'import { readFile } from "node:fs/promises";\n\nexport const read = readFile;\n',
    ],
    "domain/client.ts": [
      "lint/style/noRestrictedImports",
      'import { S3Client } from "@aws-sdk/client-s3";\n\nexport const client = new S3Client();\n',
    ],
    "simulator/long-function.ts": [
      "lint/complexity/noExcessiveLinesPerFunction",
      `export const f = () => {\n${lines(61)}};\n`,
    ],
    "cli/long-file.ts": ["lint/style/noExcessiveLinesPerFile", `${lines(401)}export const x = 1;\n`],
    "domain/cycle-a.ts": [
      "lint/suspicious/noImportCycles",
      'import { b } from "./cycle-b.ts";\n\nexport const a = () => b();\n',
    ],
    "domain/cycle-b.ts": [
      "lint/suspicious/noImportCycles",
      'import { a } from "./cycle-a.ts";\n\nexport const b = (): unknown => a();\n',
    ],
    "cli/any.ts": ["lint/suspicious/noExplicitAny", "export const x: any = 1;\n"],
    "cli/assertion.ts": [
      "lint/style/noNonNullAssertion",
      "export const f = (x: string | null) => x!.length;\n",
    ],
  };
  const keeping: Readonly<Record<string, string>> = {
    "domain/time.ts": "export const later = (now: Date) => new Date(now.getTime() + 1);\n",
    "domain/hash.ts": 'import { createHash } from "node:crypto";\n\nexport const hash = createHash;\n',
    "simulator/clock.ts": "export const wall = Date.now();\n",
    "simulator/function.ts": `export const f = () => {\n${lines(50)}};\n`,
  };

  let broken: Readonly<Record<string, readonly string[]>> = {};
  beforeAll(async () => {
    broken = await lint({
      ...Object.fromEntries(imports.map(({ from, to }) => importing(from, to))),
      ...Object.fromEntries(Object.entries(breaking).map(([path, [, text]]) => [path, text])),
      ...keeping,
    });
  });

  test.each(Object.entries(breaking))("%s is caught", (path, [rule]) => {
    expect(broken[path]).toContain(rule);
  });

  test.each(Object.keys(keeping))("%s is fine", (path) => {
    expect(broken[path]).toEqual([]);
  });

  test.each(imports)("$from imports $to only along the table", ({ from, to }) => {
    const [path] = importing(from, to);
    const allowed = rules.MAY_IMPORT[from]?.includes(to) ?? false;
    expect(broken[path]?.includes("lint/style/noRestrictedImports")).toBe(!allowed);
  });
});
