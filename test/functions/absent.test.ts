/** What steps make of something that isn't there: nobody's pods are none, and a plan without its objects is no plan. */

import { describe, expect, it } from "vitest";
import { keys } from "../../domain/journal.ts";
import { wholePlanOf } from "../../functions/check.ts";
import { workersOf } from "../../functions/queues.ts";
import { makeStepBench, RUN } from "./bench.ts";

const CART = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "cart" };
const READS = ["get deployments", "get replicasets", "list pods"];

describe("the pods of a queue's workers", () => {
  it.each([
    ["as many as run, where the workload is there", CART, 4],
    ["none, and none wanted, where it isn't", { ...CART, name: "gone" }, 0],
  ])("are %s", async (_, item, count) => {
    const bench = makeStepBench();
    bench.wait(300);
    const seen = await bench.within({ kubernetes: { source: READS } }, () =>
      workersOf(bench.context, item, "source"),
    );
    expect([seen.side, seen.wanted, seen.pods.length]).toEqual(["source", count, count]);
  });
});

describe("the objects of a plan", () => {
  const read = (change: (put: (value: unknown) => void) => void) => {
    const bench = makeStepBench();
    change((value) => bench.put(keys.objects(RUN.plan), value));
    return bench.within({ s3: ["GetObject", "ListBucket"] }, () => wholePlanOf(bench.context, RUN));
  };

  it("are read from their own key", async () => {
    expect((await read(() => {})).objects.map((o) => o.kind)).toContain("Deployment");
  });

  it.each([
    ["are no list", { kind: "List", items: [] }],
    ["are nothing", null],
  ])("that %s are named, and nothing is taken for an empty platform", async (_, stored) => {
    await expect(read((put) => put(stored))).rejects.toThrow(
      `The objects of the plan ${RUN.plan} aren't in the bucket. Store the plan again, then start again.`,
    );
  });
});
