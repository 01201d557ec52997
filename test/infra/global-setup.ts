/** Before the tests of infra: SST's platform, and the graph of each stage, each in a process of its own (Pulumi's mocks are global). */

import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensurePlatform, ROOT } from "./setup.ts";

const GRAPH_BYTES_MAX = 256 * 1024 * 1024;

export default (): void => {
  ensurePlatform();
  const folder = join(ROOT, ".sst/graphs");
  mkdirSync(folder, { recursive: true });
  for (const stage of ["dev", "prod"]) {
    const { stdout, stderr } = spawnSync(process.execPath, [join(ROOT, "test/infra/graph.ts"), stage], {
      cwd: ROOT,
      maxBuffer: GRAPH_BYTES_MAX,
      encoding: "utf8",
    });
    if (!stdout.startsWith("{")) throw new Error(`The graph of ${stage} was not made: ${stderr}`);
    writeFileSync(join(folder, `${stage}.json`), stdout);
  }
};
