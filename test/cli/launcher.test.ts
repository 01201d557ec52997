/** The door: any Node gets in or hears why not, an interrupt ends with 130, and a shell reads the right code. */

import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const LAUNCHER = fileURLToPath(new URL("../../cli/repot.mjs", import.meta.url));
/** Makes a Node say that it is an older one. */
const AS_NODE_18 = `data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"18.20.0"}})`;

type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

const start = (argv: readonly string[]) => {
  const child = spawn(process.execPath, argv, { stdio: "pipe" });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
  return { child, ended };
};

test.each([
  [["--help"], 0],
  [["no-such-command"], 2],
  [["plan", "/no/such/file"], 2],
])("repot %j ends with %d, without a stack", async (argv, code) => {
  const ended = await start([LAUNCHER, ...argv]).ended;
  expect(ended.code).toBe(code);
  expect(ended.stderr).not.toMatch(/ {4}at /);
});

test("an older Node hands over to the project's own, with arguments and exit code", async () => {
  const ended = await start(["--import", AS_NODE_18, LAUNCHER, "plan", "/no/such/file"]).ended;
  expect(ended).toMatchObject({ code: 2, stdout: "" });
  expect(ended.stderr).toBe("repot: /no/such/file isn't there.\n");
});

test("an older Node without the project's own says what to do", async () => {
  const directory = await mkdtemp(join(tmpdir(), "repot-door-"));
  try {
    await mkdir(join(directory, "cli"));
    await cp(LAUNCHER, join(directory, "cli", "repot.mjs"));
    const ended = await start(["--import", AS_NODE_18, join(directory, "cli", "repot.mjs")]).ended;
    expect(ended.code).toBe(2);
    expect(ended.stderr).toBe(
      `repot: Repot needs Node 24, this is Node 18.20.0. Run "npm ci" in Repot's folder: it installs one just for Repot.\n`,
    );
  } finally {
    await rm(directory, { recursive: true });
  }
});

test.each([
  ["directly", []],
  ["through an older Node", ["--import", AS_NODE_18]],
])("an interrupt ends with 130 (%s)", async (_, before) => {
  const { child, ended } = start([...before, LAUNCHER, "plan", "-"]);
  // More than a pipe holds: once it is taken, the command is reading, and so it is up.
  await new Promise((resolve) => child.stdin.write("#".repeat(4 * 1024 * 1024), resolve));
  child.kill("SIGINT");
  expect((await ended).code).toBe(130);
});
