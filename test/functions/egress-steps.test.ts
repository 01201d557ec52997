/** Whom the source talks to, whether the target reaches them, and whose firewall stands in between: the steps over two simulated clusters. */

import { describe, expect, test } from "vitest";
import { findDestinations } from "../../functions/find-destinations.ts";
import { installBundle } from "../../functions/install-bundle.ts";
import { installProbes } from "../../functions/install-probes.ts";
import { observeEgress } from "../../functions/observe-egress.ts";
import { someSettings } from "../domain/checks.fixture.ts";
import { type MoveWorld, makeMoveWorld, shop, shopPlan } from "./move-bench.ts";

const settings = someSettings({
  thirdParties: [{ name: "partner", host: "pay.example", calledBy: ["shop/cart"] }],
});

/** A world in which the probes have run, and their flows can be found. */
const probed = async (before: (world: MoveWorld) => void = () => {}): Promise<MoveWorld> => {
  const world = makeMoveWorld(shopPlan(shop, { settings }));
  world.wait(1_200);
  expect((await world.watch(findDestinations as never)).verdict).toBe("pass");
  before(world);
  await world.batches(installBundle as never);
  await world.batches(installProbes as never);
  world.wait(1_200);
  return world;
};

/** The second answer: the first starts the search of the flow logs. */
const answer = async (world: MoveWorld) => {
  await world.ask(observeEgress as never);
  world.wait(30);
  return world.ask(observeEgress as never);
};

describe("egress", () => {
  test("finds the image registry, which repot.yaml doesn't name, in the flow logs; and everybody answers", async () => {
    const world = await probed();
    const seen = await answer(world);
    expect(seen.verdict, seen.sentence).toBe("pass");
    expect(seen.verdicts.map((v) => `${v.check} ${v.subject}`)).toEqual([
      "egress/address shop-eks",
      "egress/destination partner (pay.example:443)",
      expect.stringMatching(/^egress\/destination 198\.51\.100\.\d+:443$/),
      "egress/flow-logs vpc-flow-logs",
    ]);
    expect(world.denied()).toEqual([]);
  });

  test.each([
    ["theirs", /the firewall of partner is likely to drop/],
    ["ours", /our own security group or network ACL rejects it/],
  ] as const)("holds where the target is dropped, and says that the firewall is %s", async (by, sentence) => {
    const world = await probed((w) => w.outside.drop("target", "partner", by));
    expect(await answer(world)).toMatchObject({
      verdict: "fail",
      sentence: expect.stringMatching(sentence),
    });
    world.outside.drop("target", "partner", undefined);
    world.wait(1_500);
    // The old records say what was: what is judged is the newest probe, and flows that come back.
    expect((await answer(world)).verdict).toBe("pass");
  });

  test("concludes nothing while the flow logs don't have the probes' own connections", async () => {
    const world = makeMoveWorld(shopPlan(shop, { settings }));
    world.wait(1_200);
    await world.watch(findDestinations as never);
    await world.batches(installBundle as never);
    await world.batches(installProbes as never);
    world.wait(400);
    expect(await answer(world)).toMatchObject({
      verdict: "unknown",
      sentence: expect.stringContaining("records are late"),
    });
  });

  test("nobody is taken for reached before somebody has looked", async () => {
    const world = makeMoveWorld(shopPlan(shop, { settings }));
    await expect(world.batches(installProbes as never)).rejects.toThrow("Nobody has looked yet");
    expect((await world.ask(findDestinations as never)).verdict).toBe("unknown");
  });

  test("a log group that isn't there is unknown, with what to do", async () => {
    const other = someSettings({ network: { flowLogGroup: "elsewhere" } });
    const plan = shopPlan(shop, { settings: other });
    const world = makeMoveWorld(plan);
    world.wait(1_200);
    expect(await world.ask(findDestinations as never)).toMatchObject({
      verdict: "unknown",
      sentence: expect.stringContaining("elsewhere"),
    });
  });
});
