/** How tests run: threads without isolation, since no module of ours keeps state and the AWS clients take long to load. */

import { defineConfig } from "vitest/config";

/** Where .ci/run wants the counts; nobody else does. */
const results = process.env.REPOT_TEST_RESULTS;

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // They need SST's platform and a server of moto: `npm run test:infra` sets both up.
    exclude: ["test/infra/**", "**/node_modules/**"],
    pool: "threads",
    // All cores: left to itself the runner keeps one free, which is half of a machine with two.
    maxWorkers: "100%",
    isolate: false,
    // A rehearsal takes a second; on a machine that does much else at the same time, many.
    testTimeout: 120_000,
    reporters: results === undefined ? ["default"] : ["default", ["json", { outputFile: results }]],
  },
});
