/** What rehearsals of other platforms had found: one line a finding, with the wrong program that it catches. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { prepareDirectory } from "../../adapters/files.ts";
import { planned, run, TICK, WEB } from "./small.ts";

const objectAfter = (
  objects: readonly { readonly kind: string; readonly metadata: { readonly name: string } }[],
  kind: string,
  name: string,
) =>
  objects.find((o) => o.kind === kind && o.metadata.name === name) as
    | { readonly spec?: Readonly<Record<string, unknown>> }
    | undefined;

describe("platforms that had gone wrong", () => {
  test("a schedule that was suspended on the source is not resumed on the target: a job that somebody had switched off would run", async () => {
    const suspended = TICK().replace("spec:\n  schedule", "spec:\n  suspend: true\n  schedule");
    const { exitCode, objects } = await run(planned({ tick: suspended }));
    expect(exitCode).toBe(0);
    expect(objectAfter(objects.targetAfter, "CronJob", "tick")?.spec?.["suspend"]).toBe(true);
  });

  test("a schedule of every minute is handed over, and no tick runs on both sides", async () => {
    const { exitCode, summary } = await run(planned({ tick: TICK("* * * * *") }));
    expect([exitCode, summary.violations]).toEqual([0, []]);
  });

  test("a platform without a schedule of its own takes the probes' schedules back: every right that the way back needs is declared", async () => {
    const { exitCode, summary } = await run(planned({ tick: null }), { rollBackAt: "thaw" });
    expect([exitCode, summary.violations, summary.requests.failed]).toEqual([4, [], 0]);
  });

  test("a device that no node of the target has is refused before anything is changed", async () => {
    const { exitCode, sentence } = await run(
      planned({ web: WEB(undefined, "resources: {limits: {nvidia.com/gpu: 1}}") }),
    );
    expect(exitCode).toBe(7);
    expect(sentence).toContain("nvidia.com/gpu");
  });

  test("a quota without room for a rollout is tried again later and later: the run ends", async () => {
    const quota = `apiVersion: v1
kind: ResourceQuota
metadata: {name: pods, namespace: shop}
spec: {hard: {pods: "12"}}
`;
    const { exitCode, summary } = await run(planned({ quota }));
    expect([0, 4, 7]).toContain(exitCode);
    expect(summary.requests.failed).toBe(0);
  });

  test("a cluster whose creation has only begun is deleted by the rollback once it is there", async () => {
    const { exitCode, objects } = await run(planned(), {
      rollBackAt: "preflight",
      faults: [{ kind: "server-error", step: "raise-fence" }],
    });
    expect(exitCode).toBe(4);
    expect(objects.targetAfter).toEqual([]);
  });
});

describe("a directory for the report", () => {
  test("that is a file is refused before the rehearsal, in a sentence", async () => {
    const above = await mkdtemp(join(tmpdir(), "repot-"));
    await writeFile(join(above, "file"), "");
    await expect(prepareDirectory(join(above, "file"))).rejects.toMatchObject({ name: "BadInput" });
    await expect(prepareDirectory(join(above, "file", "below"))).rejects.toMatchObject({ name: "BadInput" });
    await expect(prepareDirectory(join(above, "a", "b"))).resolves.toBeUndefined();
    await rm(above, { recursive: true });
  });
});
