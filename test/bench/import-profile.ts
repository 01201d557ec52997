/** What the time of a function's import goes to: a profile of the function before it is minified, each sample by the package of the line that it was taken on. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import type { Profiler } from "node:inspector";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ENVIRONMENT } from "../infra/import-time.ts";
import type { Share } from "./profile.ts";

const INTERVAL_MICROS = 100;

/** By the path that esbuild writes above each module's text. */
const PACKAGES: readonly (readonly [part: string, path: RegExp])[] = [
  ["zod: making the schemas", /node_modules\/zod\//],
  ["the AWS SDK", /node_modules\/@(aws-sdk|smithy|aws)\//],
  ["Powertools", /node_modules\/@aws-lambda-powertools\//],
  ["other packages", /node_modules\//],
];
const OURS = "domain, adapters, the step";

const lines = new Map<string, readonly string[]>();
const partAt = (url: string, line: number): string => {
  const path = fileURLToPath(url);
  const text = lines.get(path) ?? readFileSync(path, "utf8").split("\n");
  lines.set(path, text);
  for (let at = Math.min(line, text.length) - 1; at >= 0; at -= 1) {
    const above = /^\/\/ (\S+\.[cm]?[jt]s)$/.exec(text[at] ?? "")?.[1];
    if (above !== undefined) return PACKAGES.find(([, its]) => its.test(above))?.[0] ?? OURS;
  }
  return OURS;
};

type Node = Profiler.ProfileNode;

/** Parts of a node's own samples: those of a module's body are told apart by their lines. */
const partsOf = ({
  callFrame: { functionName, url, lineNumber },
  positionTicks,
}: Node): readonly string[] => {
  if (functionName.startsWith("compileSource")) return ["Node: parsing the source"];
  if (functionName === "(garbage collector)") return ["garbage collection"];
  if (!url.startsWith("file:")) return ["Node: its own modules, the loader"];
  const ticks = positionTicks ?? [{ line: lineNumber + 1, ticks: 1 }];
  return ticks.flatMap(({ line, ticks: count }) => Array.from({ length: count }, () => partAt(url, line)));
};

/** @param file The entry as infra/slim.ts wrote it. @returns each part's share, the largest first. */
export const importShares = (file: string): readonly Share[] => {
  const folder = mkdtempSync(join(tmpdir(), "import-"));
  const flags = ["--cpu-prof", `--cpu-prof-interval=${INTERVAL_MICROS}`, `--cpu-prof-dir=${folder}`];
  const program = `await import(${JSON.stringify(file)})`;
  const { status, stderr } = spawnSync(process.execPath, [...flags, "--input-type=module", "-e", program], {
    env: { ...ENVIRONMENT },
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${file} could not be profiled: ${stderr}`);
  const [written = ""] = readdirSync(folder);
  const { nodes } = JSON.parse(readFileSync(join(folder, written), "utf8")) as Profiler.Profile;
  rmSync(folder, { recursive: true });
  return sharesOf(nodes.filter(isWork));
};

/** Neither the frames that V8 makes up nor what it waits: collecting garbage is work. */
const isWork = ({ hitCount = 0, callFrame: { functionName } }: Node): boolean =>
  hitCount > 0 && (functionName === "(garbage collector)" || !functionName.startsWith("("));

const sharesOf = (nodes: readonly Node[]): readonly Share[] => {
  const hits = new Map<string, number>();
  for (const node of nodes) {
    const parts = partsOf(node);
    for (const part of parts) hits.set(part, (hits.get(part) ?? 0) + (node.hitCount ?? 0) / parts.length);
  }
  const total = [...hits.values()].reduce((sum, each) => sum + each, 0);
  return [...hits]
    .map(([part, each]) => ({ part, share: each / total }))
    .sort((one, other) => other.share - one.share);
};
