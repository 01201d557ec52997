/** The source isn't removed before the cut was made and the target has carried everything for as long as the plan says. */

import { describe, expect, test } from "vitest";
import { makeJournal } from "../../adapters/journal.ts";
import { operationOf } from "../../domain/operations.ts";
import { mustBeBaked } from "../../functions/baked.ts";
import { bucketOf, planOf } from "../../functions/run.ts";
import { validateStart } from "../../functions/validate-start.ts";
import { type MoveWorld, makeMoveWorld, RUN } from "./move-bench.ts";

type Context = Parameters<typeof mustBeBaked>[0];

/** Runs something as a step that may write into the bucket. */
const as = <T>(world: MoveWorld, run: (context: Context) => Promise<T>): Promise<T> =>
  world.run(
    {
      ...validateStart,
      needs: { s3: ["GetObject", "ListBucket", "PutObject"] },
      run: (_input: unknown, context: Context) => run(context),
    } as never,
    { machine: "decommission", execution: "e", start: { plan: "plans/abc/plan.json", hash: "abc" } },
  );

const made = (world: MoveWorld, operation: "delegate-zone" | "lift-freeze", isDone = true) =>
  as(world, async (context) => {
    const journal = makeJournal(bucketOf(context));
    const { entry } = await journal.intend({
      migration: RUN.migration,
      operation: operationOf(await planOf(context, RUN), operation),
      move: "0.000",
      step: operation,
      direction: "forward",
      effect: { kind: "create-zone", name: "x.example", callerReference: "x" },
      recordedAt: context.now().toISOString(),
    });
    if (isDone) await journal.markDone(entry, { outcome: "made" });
  });

const asked = (world: MoveWorld) =>
  as(world, async (context) => mustBeBaked(context, RUN, await planOf(context, RUN)));

describe("a decommissioning is refused", () => {
  test("where nothing was cut over", async () => {
    await expect(asked(makeMoveWorld())).rejects.toMatchObject({
      name: "Refused",
      message: expect.stringContaining("has not cut its traffic over"),
    });
  });

  test("where the delegation was intended and nobody knows whether it was made", async () => {
    const world = makeMoveWorld();
    await made(world, "delegate-zone", false);
    await expect(asked(world)).rejects.toThrow("has not cut its traffic over");
  });

  test("before the thaw", async () => {
    const world = makeMoveWorld();
    await made(world, "delegate-zone");
    await expect(asked(world)).rejects.toThrow("has not thawed yet");
  });

  test("within the days of baking, and not after them", async () => {
    const world = makeMoveWorld();
    await made(world, "delegate-zone");
    await made(world, "lift-freeze");
    world.wait(172_000);
    await expect(asked(world)).rejects.toThrow(/from 2026-\d\d-\d\dT.* on, 48 hours after the thaw/);
    world.wait(900);
    await expect(asked(world)).resolves.toBeUndefined();
  });
});
