/**
 * Imports of the SDK's parts by the files that they are in. A file that only exports what others have (a barrel) ties all of them together:
 * where one entry of a bundle uses a part at once and another when it is called, the barrel would make all of them be loaded at once.
 */

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Where a name is: the file, and its name there. */
type Place = { readonly file: string; readonly name: string };

const NAMED = /^export \{([^}]*)\} from "(\.[^"]+)";$/gm;
const WHOLE = /^export \* from "(\.[^"]+)";$/gm;
const OWN = /^export (?:async )?(?:const|class|function\*?) (\w+)/gm;
const IMPORT = /^import \{([^}]*)\} from "(@(?:smithy|aws-sdk)\/[^"]+)";$/gm;
const DEEP_MAX = 4;

/** `a, b as c` as pairs of the name there and the name here. */
const pairs = (list: string): readonly (readonly [string, string])[] =>
  list
    .split(",")
    .map((text) => text.trim())
    .filter((text) => text !== "")
    .map((text) => {
      const [there = "", here = there] = text.split(/\s+as\s+/);
      return [there, here] as const;
    });

const fileOf = (from: string, relative: string): string | undefined => {
  const path = join(dirname(from), relative);
  return [path, `${path}.js`, join(path, "index.js")].find(
    (each) => each.endsWith(".js") && existsSync(each),
  );
};

/** What a file only passes on, by name. */
const passedOn = (barrel: string, deep = 0): ReadonlyMap<string, Place> => {
  const found = new Map<string, Place>();
  if (deep > DEEP_MAX) return found;
  const text = readFileSync(barrel, "utf8");
  for (const [, list = "", from = ""] of text.matchAll(NAMED)) {
    const file = fileOf(barrel, from);
    const further = file === undefined ? undefined : passedOn(file, deep + 1);
    if (file !== undefined)
      for (const [there, here] of pairs(list)) found.set(here, further?.get(there) ?? { file, name: there });
  }
  for (const [, from = ""] of text.matchAll(WHOLE)) {
    const file = fileOf(barrel, from);
    if (file === undefined) continue;
    for (const [, name = ""] of readFileSync(file, "utf8").matchAll(OWN)) found.set(name, { file, name });
    for (const [name, place] of passedOn(file, deep + 1)) found.set(name, place);
  }
  return found;
};

/** @param resolve The file of a package's part as a bundler finds it; undefined where that isn't a plain file. */
export const byFile = async (
  text: string,
  resolve: (specifier: string) => Promise<string | undefined>,
  known: Map<string, ReadonlyMap<string, Place>>,
): Promise<string> => {
  const rewritten = new Map<string, string>();
  for (const [statement, list = "", specifier = ""] of text.matchAll(IMPORT)) {
    const barrel = await resolve(specifier);
    if (barrel === undefined) continue;
    const places = known.get(barrel) ?? passedOn(barrel);
    known.set(barrel, places);
    const lines = pairs(list).map(([there, here]) => {
      const { file, name } = places.get(there) ?? { file: specifier, name: there };
      return `import { ${name} as ${here} } from ${JSON.stringify(file)};`;
    });
    rewritten.set(statement, lines.join("\n"));
  }
  return text.replace(IMPORT, (statement) => rewritten.get(statement) ?? statement);
};
