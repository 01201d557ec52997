/** The types of infra: sst.config.ts and infra/ under SST's own types. (The project's own, stricter configuration can't read SST's sources.) */

import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "./setup.ts";

/** What the compiler says of our files; SST's own sources, and those that the stricter configuration checks, are not judged here. */
const complaints = (): readonly string[] => {
  const { stdout } = spawnSync(
    join(ROOT, "node_modules/.bin/tsc"),
    ["-p", "infra/tsconfig.json", "--pretty", "false"],
    {
      cwd: ROOT,
      encoding: "utf8",
    },
  );
  return stdout.split("\n").filter((line) => /^(infra\/|sst\.config\.ts)/.test(line));
};

describe("the types of infra", () => {
  it("hold", () => {
    expect(complaints()).toEqual([]);
  });

  it("would be told where they didn't: a field that a function doesn't have", () => {
    const wrong = join(ROOT, "infra/wrong-on-purpose.ts");
    writeFileSync(
      wrong,
      'export const f = () => new sst.aws.Function("F", { handler: "x.y", memroy: "1 GB" });\n',
    );
    try {
      expect(complaints().join("\n")).toContain("memroy");
    } finally {
      rmSync(wrong);
    }
  });
});
