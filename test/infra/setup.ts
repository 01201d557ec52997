/**
 * What the tests of infra need beside the project: SST's platform under .sst/platform, as `sst install` unpacks it, with its
 * dependencies from a lock file of ours. Done once; the mark says for which versions.
 */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

export const ROOT = join(import.meta.dirname, "../..");
export const PLATFORM = join(ROOT, ".sst/platform");
/** The lock file; the packages themselves are put under .sst, with everything else that isn't ours. */
const LOCKED = join(import.meta.dirname, "platform");
const DEPENDENCIES = join(ROOT, ".sst/platform-dependencies");
const MARK = join(PLATFORM, "installed-for-tests");
const HOME = join(ROOT, ".sst/home");

/** `sst install` asks both for their version and needs nothing else of them. */
const STUBS = { pulumi: "v3.215.0", bun: "1.2.1" } as const;

const version = (): string => {
  const read = (path: string) => readFileSync(path);
  return createHash("sha256")
    .update(read(join(ROOT, "node_modules/sst/package.json")))
    .update(read(join(LOCKED, "package-lock.json")))
    .update(/aws: \{ version: "([^"]+)"/.exec(read(join(ROOT, "sst.config.ts")).toString())?.[1] ?? "")
    .digest("hex");
};

const run = (command: string, args: readonly string[], cwd: string, env: Readonly<Record<string, string>>) =>
  execFileSync(command, [...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });

/** @throws Error with what the command said, where one of them fails. */
export const ensurePlatform = (): void => {
  const wanted = version();
  if (existsSync(MARK) && readFileSync(MARK, "utf8") === wanted) return;
  const bin = join(HOME, ".config/sst/bin");
  mkdirSync(bin, { recursive: true });
  for (const [name, says] of Object.entries(STUBS)) {
    writeFileSync(join(bin, name), `#!/bin/sh\necho ${says}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  rmSync(PLATFORM, { recursive: true, force: true });
  run(join(ROOT, "node_modules/.bin/sst"), ["install", "--stage", "dev"], ROOT, {
    HOME,
    XDG_CONFIG_HOME: join(HOME, ".config"),
    SST_TELEMETRY_DISABLED: "1",
  });
  mkdirSync(DEPENDENCIES, { recursive: true });
  for (const file of ["package.json", "package-lock.json"])
    copyFileSync(join(LOCKED, file), join(DEPENDENCIES, file));
  run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], DEPENDENCIES, {});
  symlinkSync(join(DEPENDENCIES, "node_modules"), join(PLATFORM, "node_modules"));
  writeFileSync(MARK, wanted);
};
