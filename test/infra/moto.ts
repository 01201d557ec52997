/** A server of AWS APIs that others wrote (moto), in a Python of its own, on a port of the loopback. */

import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { ROOT } from "./setup.ts";

export type Moto = { readonly endpoint: string; readonly stop: () => void };

const VENV = join(ROOT, ".sst/moto");
const REQUIREMENTS = join(import.meta.dirname, "moto-requirements.txt");
const START_MS_MAX = 60_000;

/** A Python of its own with moto in it, once for each list of requirements. */
const install = (): void => {
  const mark = join(VENV, "installed");
  const wanted = createHash("sha256").update(readFileSync(REQUIREMENTS)).digest("hex");
  if (existsSync(mark) && readFileSync(mark, "utf8") === wanted) return;
  rmSync(VENV, { recursive: true, force: true });
  execFileSync("python3", ["-m", "venv", VENV], { stdio: "pipe" });
  execFileSync(
    join(VENV, "bin/pip"),
    ["install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS],
    {
      stdio: "pipe",
    },
  );
  writeFileSync(mark, wanted);
};

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });

const INSTALL_MS_MAX = 240_000;

/** One at a time: tests of two files would install it over each other. */
const LOCK = join(ROOT, ".sst/moto-lock");
const installAlone = async (): Promise<void> => {
  const until = performance.now() + INSTALL_MS_MAX;
  for (;;)
    try {
      mkdirSync(LOCK);
      break;
    } catch {
      // The lock of a run that was killed is nobody's.
      if (performance.now() > until) rmSync(LOCK, { recursive: true, force: true });
      await new Promise((wait) => setTimeout(wait, 200));
    }
  try {
    install();
  } finally {
    rmdirSync(LOCK);
  }
};

/** @throws Error where it doesn't come up. */
export const startMoto = async (): Promise<Moto> => {
  await installAlone();
  const port = await freePort();
  const server = spawn(join(VENV, "bin/moto_server"), ["-H", "127.0.0.1", "-p", String(port)], {
    stdio: "ignore",
  });
  const endpoint = `http://127.0.0.1:${port}`;
  const until = performance.now() + START_MS_MAX;
  while (
    !(await fetch(`${endpoint}/moto-api/`).then(
      (r) => r.ok,
      () => false,
    ))
  ) {
    if (performance.now() > until) throw new Error("moto's server did not start.");
    await new Promise((wait) => setTimeout(wait, 200));
  }
  return { endpoint, stop: () => void server.kill() };
};
