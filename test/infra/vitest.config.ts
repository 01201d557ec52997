/** What must hold of the stack before it is deployed. Sets up what it needs first: SST's platform. */

import { join } from "node:path";
import { defineConfig } from "vitest/config";

const results = process.env.REPOT_TEST_RESULTS;

export default defineConfig({
  root: join(import.meta.dirname, "../.."),
  test: {
    include: ["test/infra/**/*.test.ts"],
    exclude: ["**/node_modules/**"],
    globalSetup: "test/infra/global-setup.ts",
    // Two cores, and some of these build programs.
    maxWorkers: 2,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    reporters: results === undefined ? ["default"] : ["default", ["json", { outputFile: results }]],
  },
});
