/** What `repot machines` writes: every machine as it is deployed, and a picture that shows every state and every way. */

import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { machines } from "../../cli/machines.ts";
import { mermaid } from "../../cli/mermaid.ts";
import type { Machine } from "../../workflows/asl.ts";
import { machines as all } from "../../workflows/index.ts";

const run = async (options: Parameters<typeof machines>[0]): Promise<string> => {
  let out = "";
  await machines(options, {
    out: (text) => {
      out += text;
    },
  });
  return out;
};

describe("repot machines", () => {
  it("writes each definition to a file of its own, word for word, and prints the paths", async () => {
    const directory = join(mkdtempSync(join(tmpdir(), "machines-")), "new", "folder");
    const printed = await run({ asl: directory, mermaid: true });
    const files = all.flatMap(({ name }) => [`${name}.asl.json`, `${name}.mmd`]);
    expect(readdirSync(directory).sort()).toEqual(files.toSorted());
    expect(printed.trim().split("\n")).toEqual(files.map((file) => join(directory, file)));
    for (const { name, definition } of all)
      expect(JSON.parse(readFileSync(join(directory, `${name}.asl.json`), "utf8"))).toEqual(definition);
  });

  it("prints one alone, and all by name", async () => {
    const shift = all.find(({ name }) => name === "shift");
    expect(JSON.parse(await run({ name: "shift" }))).toEqual(shift?.definition);
    expect(Object.keys(JSON.parse(await run({})) as object)).toEqual(all.map(({ name }) => name));
  });

  it("refuses a name that no machine has", async () => {
    await expect(run({ name: "shft" })).rejects.toThrow(
      'There is no state machine "shft". There are: migrate-cluster,',
    );
  });
});

const SMALL: Machine = {
  StartAt: "Each",
  States: {
    Each: {
      Type: "Map",
      MaxConcurrency: 1,
      ItemProcessor: { StartAt: "Rest", States: { Rest: { Type: "Wait", Seconds: 1, End: true } } },
      Catch: [{ ErrorEquals: ["States.ALL"], Next: "Lost" }],
      Next: "Right?",
    },
    "Right?": {
      Type: "Choice",
      Choices: [{ Condition: "{% $n = \"#1\" and $n < 'b' %}", Next: "Won" }],
      Default: "Lost",
    },
    Won: { Type: "Succeed" },
    Lost: { Type: "Fail", Error: "Lost", Cause: "" },
  },
};

describe("The picture of a machine", () => {
  it("has a node for each state, its ways, its errors dotted, and a frame for what a Map repeats", () => {
    expect(mermaid(SMALL)).toBe(`flowchart TD
  s5((" ")) --> s1
  s1["Each"]
  subgraph s6 ["Each: each item"]
    s8((" ")) --> s7
    s7[/"Rest"/]
  end
  s1 --> s8
  s2{"Right?"}
  s3(["Won"])
  s4(["Lost"])
  s1 --> s2
  s1 -.->|"States.ALL"| s4
  s2 -->|"$n = #quot;#35;1#quot; and $n #lt; 'b'"| s3
  s2 -->|"otherwise"| s4
`);
  });

  it("is there for every machine, as Markdown when all are asked for", async () => {
    const printed = await run({ mermaid: true });
    for (const { name, definition } of all)
      expect(printed).toContain(`## ${name}\n\n\`\`\`mermaid\n${mermaid(definition)}\`\`\`\n`);
  });
});
