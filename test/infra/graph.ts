/**
 * The graph of a stage: every resource of the SST program with its inputs, as JSON on standard output. The program is evaluated as
 * `sst deploy` does it, under Pulumi's mocks: no engine, no cloud, no account. `npm run -s graph -- STAGE`.
 */

import { evaluate } from "./evaluate.ts";
import { ensurePlatform } from "./setup.ts";

const stage = process.argv[2] ?? "dev";
ensurePlatform();
const graph = await evaluate(stage);
process.stdout.write(`${JSON.stringify(graph, null, 1)}\n`, () =>
  process.exit(graph.errors.length > 0 ? 1 : 0),
);
