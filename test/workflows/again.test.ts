/** Trying again means making it again: what somebody undid after it was done is made under a move of its own. */

import { expect, it } from "vitest";
import { byCodeUnit } from "../../domain/kube.ts";
import { scale } from "../../workflows/scale.ts";
import { account, type Call, machine } from "../interpreter/harness.ts";

/** `scale` over a workload that somebody takes away once, and people who say "retry". */
const tried = async () => {
  const moves: string[] = [];
  let polls = 0;
  const all = account(
    {
      main: { ...scale.definition } as never,
      hold: machine({ Retry: { Type: "Succeed", Output: { choice: "retry" } } }),
    },
    {
      "scale-workload": ({ payload }: Call) => {
        moves.push((payload as { readonly move: string }).move);
        return { outcome: "made" };
      },
      "observe-workload": () => {
        polls += 1;
        return { verdict: moves.length > 1 ? "pass" : "unknown", sentence: "0 of 2 pods." };
      },
    },
  );
  const execution = all.start({
    run: { migration: "m", plan: "p" },
    phase: "move-workloads",
    item: { readyDeadlineSeconds: 45 },
    side: "target",
    replicas: 2,
    operation: "0040-shift:shop/web",
    move: "0-target-up",
    poll: 15,
  });
  await all.run();
  return { moves, polls, status: execution.status };
};

it("after a hold the number is set again, under a name that the journal hasn't marked done", async () => {
  const { moves, status } = await tried();
  expect(status).toBe("SUCCEEDED");
  expect(moves).toEqual(["0-target-up", "0-target-up~1"]);
});

it("its undo comes before that of the first: newest first, by the keys alone", () => {
  const key = (move: string) => `migrations/m/journal/0040-shift:shop/web/forward-${move}.json`;
  const order = [key("0-target-up"), key("0-target-up~1"), key("1-source-down")].sort((a, b) =>
    byCodeUnit(b, a),
  );
  expect(order).toEqual([key("1-source-down"), key("0-target-up~1"), key("0-target-up")]);
});
