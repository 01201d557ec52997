/** Starting and going back: one execution at a time, one rollback at a time, and what pipelines changed meanwhile comes along. */

import { describe, expect, it } from "vitest";
import { FenceRaised } from "../../domain/errors.ts";
import { keys } from "../../domain/journal.ts";
import { carryBack } from "../../functions/carry-back.ts";
import { listUndo } from "../../functions/list-undo.ts";
import { raiseFence } from "../../functions/raise-fence.ts";
import { releaseClusters } from "../../functions/release-clusters.ts";
import { retireWorkload } from "../../functions/retire-workload.ts";
import { stopForward } from "../../functions/stop-forward.ts";
import { validateStart } from "../../functions/validate-start.ts";
import { weighFailure } from "../../functions/weigh-failure.ts";
import { CART, makeStepBench, RUN, type StepBench, smallPlan } from "./bench.ts";
import { down, fence, once, SHIFT } from "./effect-bench.ts";

describe("the lock", () => {
  const start = (bench: StepBench, execution: string, migration = RUN.migration) =>
    bench.run(validateStart, { start: { ...RUN, migration }, machine: "migrate-cluster", execution });
  const LOCK = keys.lock("shop-kops");

  it("is taken once, and again by the same execution's retry", async () => {
    const bench = makeStepBench();
    const { arn } = await bench.waiting("first");
    expect(await start(bench, arn)).toMatchObject({ waves: 2 });
    await start(bench, arn);
    expect(bench.json(LOCK)).toEqual({ migration: RUN.migration, executions: [arn], released: false });
  });

  it("refuses a second execution of the same migration while the first runs, naming it", async () => {
    const bench = makeStepBench();
    const first = await bench.waiting("first");
    const second = await bench.waiting("second");
    await start(bench, first.arn);
    await expect(start(bench, second.arn)).rejects.toThrow(new RegExp(`running already .*${first.arn}`));
    bench.engine.stop(first.arn);
    await start(bench, second.arn);
    expect(bench.json(LOCK)).toMatchObject({ executions: [first.arn, second.arn] });
  });

  it.each([
    [
      "other brokers",
      ["kafka-9:9092"],
      /groups at kafka-9:9092, and this deployment asks kafka\.rehearsal:9092\. Nothing was started/,
    ],
    ["the same brokers", ["kafka.rehearsal:9092"], undefined],
  ])("is not taken for a plan whose groups are at %s", async (_, bootstrapServers, refusal) => {
    const group = { group: "g", topic: "t", workload: "shop/cart" };
    const settings = { kafka: { bootstrapServers }, groups: [group] };
    const bench = makeStepBench({ plan: smallPlan({}, settings) });
    const { arn } = await bench.waiting("first");
    if (refusal) await expect(start(bench, arn)).rejects.toThrow(refusal);
    else await start(bench, arn);
    expect(bench.stored.has(LOCK)).toBe(refusal === undefined);
  });

  it("refuses another migration, naming the first, until it was released by its own", async () => {
    const bench = makeStepBench();
    bench.put(LOCK, { migration: "shop-0", executions: ["arn:first"], released: false });
    await expect(start(bench, "arn:second")).rejects.toThrow(/shop-0 \(arn:first\)/);
    await bench.run(releaseClusters);
    expect(bench.json(LOCK), "released by a migration that doesn't hold it").toMatchObject({
      released: false,
    });
    bench.put(LOCK, { migration: "shop-0", executions: ["arn:first"], released: true });
    await start(bench, "arn:second");
    await bench.run(releaseClusters);
    expect(bench.json(LOCK)).toEqual({
      migration: RUN.migration,
      executions: ["arn:second"],
      released: true,
    });
  });

  it("refuses a migration whose target another one holds, and gives the source back (a lock of the source alone lets two move to one cluster)", async () => {
    const bench = makeStepBench();
    const target = keys.lock("shop-eks");
    bench.put(target, { migration: "shop-0", executions: ["arn:first"], released: false });
    await expect(start(bench, "arn:second")).rejects.toThrow(
      /Cluster shop-eks is being moved by shop-0 \(arn:first\)/,
    );
    expect(bench.json(target)).toMatchObject({ migration: "shop-0" });
    expect((bench.json(LOCK) as { readonly released: boolean } | null)?.released ?? true).toBe(true);
    expect([...bench.stored.keys()].filter((k) => k.includes("/starts/"))).toEqual([]);
  });

  it.each([
    ["the plan is another migration's", smallPlan({ migration: "shop-2" }), /plan is for shop-2/],
    ["decisions are open", smallPlan({ open: [{ workload: "shop/db" } as never] }), /1 open decisions/],
  ])("isn't taken where %s", async (_, plan, why) => {
    const bench = makeStepBench({ plan });
    await expect(start(bench, "arn:first")).rejects.toThrow(why);
    expect(bench.stored.has(LOCK)).toBe(false);
  });

  it("isn't taken after a rollback", async () => {
    const bench = makeStepBench();
    fence(bench);
    await expect(start(bench, "arn:first")).rejects.toThrow(FenceRaised);
  });
});

describe("a rollback", () => {
  const raise = (bench: StepBench, execution: string) =>
    bench.run(raiseFence, { startedBy: "person", execution });

  it("begins once; a second one is refused by name while the first runs, and goes on where the first ended", async () => {
    const bench = makeStepBench();
    const [first, second] = [await bench.waiting("first"), await bench.waiting("second")];
    expect(await raise(bench, first.arn)).toMatchObject({ refused: false });
    expect(await raise(bench, first.arn), "its own retry").toMatchObject({ refused: false });
    expect(await raise(bench, second.arn)).toEqual({
      refused: true,
      sentence: expect.stringContaining(first.arn),
    });
    bench.engine.stop(first.arn);
    expect(await raise(bench, second.arn)).toMatchObject({ refused: false });
  });

  it("isn't stopped for ever by an execution that Step Functions has forgotten", async () => {
    const bench = makeStepBench();
    bench.put(keys.fence(RUN.migration), {
      startedBy: "person",
      execution: "arn:aws:states:eu-central-1:111122223333:execution:waits:long-ago",
      at: "2026-01-01T00:00:00Z",
    });
    expect(await raise(bench, "another")).toMatchObject({ refused: false });
  });

  it("goes on where a person had raised the fence by hand", async () => {
    const bench = makeStepBench();
    bench.put(keys.fence(RUN.migration), {
      startedBy: "person",
      execution: "by-hand",
      at: "2026-03-03T02:00:00Z",
    });
    expect(await raise(bench, "arn:another")).toMatchObject({ refused: false });
  });

  it("is refused once the source's workloads are gone", async () => {
    const bench = makeStepBench();
    await bench.run(retireWorkload, { item: bench.item("shop/cart") });
    expect(await raise(bench, "any")).toMatchObject({
      refused: true,
      sentence: expect.stringContaining("nothing to go back to"),
    });
    expect(bench.stored.has(keys.fence(RUN.migration))).toBe(false);
  });

  it("stops the executions on the lock, and those that are over are no error; a phase's own rollback stops nobody", async () => {
    const bench = makeStepBench();
    const [over, running] = [await bench.waiting("over"), await bench.waiting("running")];
    bench.put(keys.lock("shop-kops"), {
      migration: RUN.migration,
      executions: [`${over.arn}-forgotten`, over.arn, running.arn],
      released: false,
    });
    bench.engine.stop(over.arn);
    await bench.run(stopForward, { startedBy: "catch" });
    expect(bench.engine.describe(running.arn).status).toBe("RUNNING");
    await bench.run(stopForward, { startedBy: "person" });
    expect(bench.engine.describe(running.arn).status).toBe("ABORTED");
  });

  it("lists everything that the journal holds, in its order, and again after a crash", async () => {
    const bench = makeStepBench({
      fault: once((c) => c.mutating && c.moment === "after" && c.subject.includes("/undo/capacity"), {
        kind: "crash",
      }),
    });
    await down(bench, 2, "1-source-down");
    await expect(bench.run(listUndo)).rejects.toThrow();
    const listed = await bench.run(listUndo);
    expect(listed.delegated).toBe(false);
    expect(bench.json(listed.capacity)).toEqual([
      [`migrations/shop-1/journal/${SHIFT}/forward-1-source-down.json`],
    ]);
    expect([bench.json(listed.dns), bench.json(listed.rest)]).toEqual([[], []]);
  });

  it.each([
    ["untouched", [], "NotFound"],
    ["back", ["0003-shift:shop/cart"], "NotFound"],
    ["wait", ["0003-shift:shop/cart", "0007-delegate-zone"], "NotFound"],
    ["back", ["0007-delegate-zone"], "RolledBackByPerson"],
    ["stop", ["0003-shift:shop/cart"], "FenceRaised"],
  ])("is weighed as %s with entries of %j after %s", async (way, operations, error) => {
    const bench = makeStepBench();
    for (const operation of operations)
      bench.put(keys.entry({ migration: RUN.migration, operation, move: "0", direction: "forward" }), {});
    expect(await bench.run(weighFailure, { error, cause: "" })).toEqual({ way });
  });
});

describe("carry-back", () => {
  const image = (bench: StepBench, side: "source" | "target") =>
    (
      bench.live(side, CART)?.["spec"] as
        | {
            readonly template: {
              readonly spec: { readonly containers: readonly { readonly image: string }[] };
            };
          }
        | undefined
    )?.template.spec.containers[0]?.image;
  const deploy = (bench: StepBench, tag: string) =>
    bench.meanwhile(
      "target",
      "PATCH",
      "/apis/apps/v1/namespaces/shop/deployments/cart",
      { spec: { template: { spec: { containers: [{ name: "main", image: tag }] } } } },
      "application/strategic-merge-patch+json" as never,
    );
  const thawed = (bench: StepBench) =>
    bench.put(
      keys.entry({
        migration: RUN.migration,
        operation: "0010-resume-pipelines",
        move: "0",
        direction: "forward",
      }),
      {},
    );

  it("leaves the source alone while pipelines were never resumed", async () => {
    const bench = makeStepBench();
    deploy(bench, "registry.example/cart:2");
    expect(await bench.run(carryBack)).toEqual({ carried: [] });
    expect(image(bench, "source")).toBe("registry.example/cart:1");
  });

  it("brings a deploy back, past the fence, and a second one that comes meanwhile, too", async () => {
    const bench = makeStepBench();
    thawed(bench);
    fence(bench);
    for (const tag of ["registry.example/cart:2", "registry.example/cart:3"]) {
      deploy(bench, tag);
      expect(await bench.run(carryBack)).toEqual({ carried: ["shop/cart"] });
      expect(image(bench, "source")).toBe(tag);
    }
    expect(await bench.run(carryBack)).toEqual({ carried: [] });
  });
});
