/** Undoing without a target: what is taken for gone, and what is merely silent. */

import { describe, expect, test } from "vitest";
import * as z from "zod";
import { makeEks } from "../../adapters/eks.ts";
import { AnswerLost, Throttled } from "../../domain/errors.ts";
import { orWithoutTarget } from "../../functions/gone-target.ts";
import { kubernetesOf, type Run } from "../../functions/run.ts";
import type { Context } from "../../functions/step.ts";
import { type MoveWorld, makeMoveWorld, shopPlan } from "./move-bench.ts";

const CART = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "cart" };

const BUSY = { status: 429, headers: {}, body: "" };

/** A step that undoes something, while the target's API server says nothing, or that it is busy. */
const undoing = (
  world: MoveWorld,
  of: { readonly isThere: boolean; readonly busy?: boolean },
): Promise<string> => {
  const silent = (context: Context): Context => ({
    ...context,
    http: (request) => {
      if (!request.url.startsWith(context.endpoints.kubernetes.target)) return context.http(request);
      return of.busy ? Promise.resolve(BUSY) : Promise.reject(new Error("socket hang up"));
    },
  });
  const step = {
    name: "undo-effect",
    needs: { s3: ["GetObject"], eks: ["DescribeCluster"], kubernetes: { target: ["get deployments"] } },
    input: z.object({ run: z.custom<Run>() }),
    run: ({ run }: { readonly run: Run }, context: Context) =>
      orWithoutTarget(silent(context), run, {
        isThere: of.isThere,
        undo: async (present) =>
          (await kubernetesOf(present, "target").find(CART)) ? "undone" : "undone without it",
        gone: async () => "gone",
      }),
  };
  return world.run(step as never);
};

const worldWhere = (targetExists: boolean) => makeMoveWorld(shopPlan(), { targetExists });

/** EKS has begun to take the target away. */
const deleting = (world: MoveWorld) =>
  world.run({
    name: "undo-effect",
    needs: { eks: ["DeleteCluster", "DescribeCluster"] },
    input: z.object({}),
    run: async (_: unknown, { aws }: Context) => makeEks(aws.eks).remove("shop-eks"),
  } as never);

describe("a target that doesn't answer", () => {
  test.each([
    ["on the target", true],
    ["elsewhere", false],
  ])("and stands is asked again, for what is %s", async (_, isThere) => {
    await expect(undoing(worldWhere(true), { isThere })).rejects.toThrow(AnswerLost);
  });

  test.each([
    ["EKS doesn't know", false],
    ["EKS deletes", true],
  ])(
    "and that %s is gone: what was on it needs no undo, and what asks about it hears that nothing is there",
    async (_, stands) => {
      const world = worldWhere(stands);
      if (stands) await deleting(world);
      expect(await undoing(world, { isThere: true })).toBe("gone");
      expect(await undoing(world, { isThere: false })).toBe("undone without it");
    },
  );

  test("is nobody's excuse: another error goes on though there is no target", async () => {
    await expect(undoing(worldWhere(false), { isThere: true, busy: true })).rejects.toThrow(Throttled);
  });
});
