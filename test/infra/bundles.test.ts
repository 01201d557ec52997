/** The bundle of every function, by SST's own options: what is in it, what isn't, what it weighs, and that Node imports it. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { steps } from "../../functions/index.ts";
import { listeners } from "../../functions/listeners.ts";
import { bundle } from "./bundle.ts";
import { importOnceMs } from "./import-time.ts";

const declared = [...steps, ...listeners];
const PACKED_KIB_MAX = 300;
/** The client of EC2 alone is 548 KiB: its schema comes whole, whichever of its 700 commands is used. */
const WITH_EC2_KIB_MAX = 400;

describe.each(declared.map((step) => [step.name, step] as const))("%s", (name, step) => {
  it("is small, brings its clients along and nothing of the rehearsal, and can be imported", async () => {
    const made = await bundle(step);
    expect(made.packedKib).toBeLessThanOrEqual("ec2" in step.needs ? WITH_EC2_KIB_MAX : PACKED_KIB_MAX);
    const packages = Object.keys(made.packages);
    // A parser of YAML, the interpreter's language, the command line: none of it is a function's business.
    for (const stranger of ["yaml", "jsonata", "commander", "@marcbachmann/cel-js", "node"])
      expect(packages, name).not.toContain(stranger);
    if ("route53" in step.needs) expect(packages).toContain("@aws-sdk/client-route-53");
    const text = readFileSync(made.file, "utf8");
    expect(text).not.toContain("NotSimulated");
    expect(importOnceMs(made.file)).toBeGreaterThan(0);
  });
});
