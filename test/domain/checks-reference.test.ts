/** The reference of preflight's checks names every check that the code has, and no other. */

import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const ROOT = new URL("../../", import.meta.url).pathname;
const GROUPS = "dns|kubernetes|runtime|network|identity|data|metrics|pipelines|permissions";

const idsIn = (text: string, pattern: RegExp): readonly string[] =>
  [...new Set([...text.matchAll(pattern)].map(([, id = ""]) => id))].sort();

test("docs/reference/preflight.md lists exactly the checks of domain/checks", () => {
  const folder = `${ROOT}domain/checks/`;
  const code = readdirSync(folder).map((file) => readFileSync(`${folder}${file}`, "utf8"));
  const inCode = idsIn(code.join("\n"), new RegExp(`"((?:${GROUPS})/[a-z0-9-]+)"`, "g"));
  const inDocs = idsIn(
    readFileSync(`${ROOT}docs/reference/preflight.md`, "utf8"),
    /^\| `([a-z]+\/[a-z0-9-]+)` \|/gm,
  );
  expect(inCode.length).toBeGreaterThan(40);
  expect(inDocs).toEqual(inCode);
});
