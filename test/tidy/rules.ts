/** The rules of the house that no linter knows, each a pure function from the files to its complaints. */

import { dirname, posix } from "node:path";

export type SourceFile = { readonly path: string; readonly text: string };
export type Rule = (files: readonly SourceFile[]) => readonly string[];

/** Who may import whom; the table of ARCHITECTURE.md. */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  adapters: ["domain"],
  functions: ["domain", "adapters"],
  // asl.ts alone, for the names of the steps: a task names a function that exists.
  workflows: ["functions/index.ts"],
  infra: ["workflows", "functions", "domain"],
  lambda: ["domain", "adapters", "functions"],
  simulator: ["domain", "adapters", "functions", "workflows"],
  console: ["domain", "functions", "simulator", "workflows", "adapters"],
  cli: ["domain", "functions", "simulator", "workflows", "adapters"],
};

const layerOf = (path: string): string => path.split("/")[0] ?? "";
const isSource = ({ path }: SourceFile): boolean => /\.(ts|mjs)$/.test(path) && layerOf(path) in MAY_IMPORT;
const isTest = ({ path }: SourceFile): boolean => path.startsWith("test/") && path.endsWith(".ts");

const IMPORT = /(?:\bfrom\s*|\bimport\s*\(?\s*)["']([^"']+)["']/g;

/** What a file imports of ours, as paths from the root. */
const importsOf = ({ path, text }: SourceFile): readonly string[] =>
  [...text.matchAll(IMPORT)]
    .map(([, specifier = ""]) => specifier)
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => posix.normalize(posix.join(dirname(path), specifier)));

export const importTable: Rule = (files) =>
  files.filter(isSource).flatMap((file) => {
    const layer = layerOf(file.path);
    const allowed = MAY_IMPORT[layer] ?? [];
    return importsOf(file)
      .filter(
        (path) => layerOf(path) !== layer && !allowed.includes(layerOf(path)) && !allowed.includes(path),
      )
      .map((path) => `${file.path} imports ${path}: ${layer} may not.`);
  });

export const opensWithItsPurpose: Rule = (files) =>
  files
    .filter((file) => isSource(file) || isTest(file))
    .filter(
      ({ text }) => !/^(#!.*\n)?\/\*\*\s*(\*\s*)?\S.{20,}/.test(text.replace(/^(#!.*\n)?\/\*\*\n/, "$1/** ")),
    )
    .map(({ path }) => `${path} doesn't open with a comment that says what it is for.`);

const LEFT_OVER = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"].join("|")})\\b`);

export const nothingLeftOver: Rule = (files) =>
  files
    .filter((file) => isSource(file) || isTest(file) || file.path.endsWith(".md"))
    .filter(({ text }) => LEFT_OVER.test(text))
    .map(({ path, text }) => `${path} has a ${LEFT_OVER.exec(text)?.[1]}: do it, or open an issue.`);

/** A test that is left out says why, by a condition: `test.skipIf(…)`. */
export const allTestsRun: Rule = (files) =>
  files
    .filter(isTest)
    .flatMap(({ path, text }) =>
      [...text.matchAll(/\b(?:test|it|describe)\.(?:only|skip|todo|fails)\b/g)].map(
        ([found]) => `${path} has ${found}.`,
      ),
    );

const STEP = /\bstep\(\{\s*name: "([^"]+)"/g;

const stepsOf = (files: readonly SourceFile[]): readonly { readonly name: string; readonly path: string }[] =>
  files
    .filter(({ path }) => path.startsWith("functions/"))
    .flatMap(({ path, text }) => [...text.matchAll(STEP)].map(([, name = ""]) => ({ name, path })));

export const stepsAreListed: Rule = (files) => {
  const index = files.find(({ path }) => path === "functions/index.ts");
  const listed = index === undefined ? [] : importsOf(index);
  return stepsOf(files)
    .filter(({ path }) => !listed.includes(path))
    .map(({ path, name }) => `${name} (${path}) is not listed in functions/index.ts.`);
};

/** One step a file, named like it: whoever reads a history finds the code. */
export const stepsAreNamedLikeTheirFile: Rule = (files) =>
  stepsOf(files)
    .filter(({ path, name }) => path !== `functions/${name}.ts`)
    .map(({ path, name }) => `The step ${name} is in ${path}; it belongs in functions/${name}.ts.`);

/** Each step is named by a test, by its name in quotes or by an import of its file. */
export const stepsAreTested: Rule = (files) => {
  const tests = files.filter(isTest).filter(({ path }) => !path.startsWith("test/tidy"));
  const tested = (name: string, path: string) =>
    tests.some((file) => file.text.includes(`"${name}"`) || importsOf(file).includes(path));
  return stepsOf(files)
    .filter(({ name, path }) => !tested(name, path))
    .map(({ name }) => `No test names the step ${name}.`);
};

/** docs/adr/NNNN-title.md, each number once, each with a heading. */
export const decisionsAreNumbered: Rule = (files) => {
  const seen = new Set<string>();
  return files
    .filter(({ path }) => path.startsWith("docs/adr/"))
    .flatMap(({ path, text }) => {
      const number = /^docs\/adr\/(\d{4})-[a-z0-9-]+\.md$/.exec(path)?.[1];
      if (number === undefined) return [`${path} should be called docs/adr/NNNN-title.md.`];
      const twice = seen.has(number) ? [`${path} has the number of another decision.`] : [];
      seen.add(number);
      return /^# \S/.test(text) ? twice : [...twice, `${path} doesn't open with a heading.`];
    });
};

const DEPENDENCIES_MAX = 10;

/** Few dependencies at run time (clients of AWS and Powertools aside), each at an exact version. */
export const fewDependencies: Rule = (files) =>
  files
    .filter(({ path }) => path === "package.json")
    .flatMap(({ text }) => {
      const { dependencies = {}, devDependencies = {} } = JSON.parse(text);
      const own = Object.keys(dependencies).filter((name) => !/^@aws-(sdk|lambda-powertools)\//.test(name));
      const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(
        ([, version]) => !/^\d/.test(String(version)),
      );
      return [
        ...(own.length > DEPENDENCIES_MAX
          ? [`${own.length} dependencies, at most ${DEPENDENCIES_MAX}: ${own.join(", ")}.`]
          : []),
        ...loose.map(([name, version]) => `${name} is at ${version}, not at an exact version.`),
      ];
    });
