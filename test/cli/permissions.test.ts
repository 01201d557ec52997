/** `repot permissions`: everything that a security review reads, as text, as JSON and as manifests. */

import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { main } from "../../cli/main.ts";
import type { Review } from "../../domain/permissions/review.ts";
import { steps } from "../../functions/index.ts";
import { EXAMPLE } from "../rehearsals/small.ts";
import { paperIo } from "./io.ts";

describe("repot permissions", () => {
  it("says who may do what, and what is unusual first", async () => {
    const io = paperIo();
    expect(await main(["permissions", EXAMPLE], io)).toBe(0);
    expect(io.stdout()).toContain("may answer an execution that waits for people.");
    expect(io.stdout()).toContain("On everything, because AWS has no resource level:");
    for (const { name } of steps) expect(io.stdout()).toContain(`\n${name}  `);
    expect(io.stdout()).toContain(
      "if route53:ChangeResourceRecordSetsActions ForAllValues:StringEquals UPSERT",
    );
  });

  it("is JSON for tools, with the account's own names", async () => {
    const io = paperIo();
    const argv = [
      "permissions",
      "--json",
      "--stage",
      "dev",
      "--account",
      "111122223333",
      "--region",
      "eu-west-1",
    ];
    expect(await main(argv, io)).toBe(0);
    const review = JSON.parse(io.stdout()) as Review;
    expect(review.functions.find((f) => f.name === "scale-workload")?.role).toBe("repot-dev-scale-workload");
    expect(JSON.stringify(review)).toContain(
      "arn:aws:lambda:eu-west-1:111122223333:function:repot-dev-scale-workload",
    );
  });

  it("writes the RBAC of both clusters and the access entries", async () => {
    const folder = await mkdtemp(join(tmpdir(), "repot-permissions-"));
    try {
      const io = paperIo();
      expect(await main(["permissions", EXAMPLE, "--manifests", folder], io)).toBe(0);
      expect((await readdir(folder)).sort()).toEqual([
        "access-entries.json",
        "source",
        "source.yaml",
        "target",
        "target.yaml",
      ]);
      // A file for each function, and all of them together are the one file of the side.
      const whole = await readFile(join(folder, "source.yaml"), "utf8");
      for (const file of await readdir(join(folder, "source")))
        expect(whole, file).toContain(await readFile(join(folder, "source", file), "utf8"));
      expect((await readdir(join(folder, "source"))).sort()).toEqual(
        steps
          .filter((step) => step.needs.kubernetes?.source !== undefined)
          .map((step) => `${step.name}.yaml`)
          .sort(),
      );
      const documents = parseAllDocuments(await readFile(join(folder, "target.yaml"), "utf8"));
      const kinds = new Set(documents.map((d) => (d.toJS() as { readonly kind: string }).kind));
      expect([...kinds].sort()).toEqual(["ClusterRole", "ClusterRoleBinding", "Namespace", "RoleBinding"]);
      const entries = JSON.parse(await readFile(join(folder, "access-entries.json"), "utf8")) as readonly {
        readonly kubernetesGroups: readonly string[];
      }[];
      for (const { kubernetesGroups } of entries)
        expect(kubernetesGroups.some((group) => group.startsWith("system:"))).toBe(false);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
