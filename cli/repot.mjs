#!/usr/bin/env node
/**
 * The door: plain JavaScript that any Node since 16 can read. Repot's TypeScript needs a Node that strips types (24); the project
 * brings one as the dependency `node@24`, so an older Node hands over to that one, or says in a sentence what to do.
 */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const NODE_MAJOR_MIN = 24;

if (Number(process.versions.node.split(".")[0]) >= NODE_MAJOR_MIN) {
  cacheWhatIsCompiled(await import("node:module"));
  const { start } = await import("./main.ts");
  await start();
} else {
  handOver();
}

/** Keeps what Node makes of the sources beside the packages, so that the next start needn't; where that can't be written, nothing is kept. */
function cacheWhatIsCompiled({ enableCompileCache }) {
  enableCompileCache(fileURLToPath(new URL("../node_modules/.cache/repot", import.meta.url)));
}

/** Runs this file again under the project's own Node and answers as it does. */
function handOver() {
  const file = process.platform === "win32" ? "node.exe" : "node";
  const node = fileURLToPath(new URL(`../node_modules/node/bin/${file}`, import.meta.url));
  if (!existsSync(node)) {
    const [running, wanted] = [process.versions.node, NODE_MAJOR_MIN];
    process.stderr.write(
      `repot: Repot needs Node ${wanted}, this is Node ${running}. Run "npm ci" in Repot's folder: it installs one just for Repot.\n`,
    );
    process.exitCode = 2;
    return;
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    process.stderr.write(`repot: The Node that came with Repot doesn't start here (${error.message}).\n`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    process.exitCode = signal === null ? (code ?? 1) : 128 + constants.signals[signal];
  });
}
