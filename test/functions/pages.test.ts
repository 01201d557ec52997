/** What people are told when something needs them: once, or it says that it may be the second time; and never not at all. */

import { describe, expect, it } from "vitest";
import { keys } from "../../domain/journal.ts";
import { pagePerson } from "../../functions/page-person.ts";
import { postUntold } from "../../functions/pages.ts";
import { ALARMING, reconcile } from "../../functions/reconcile.ts";
import { bucketOf } from "../../functions/run.ts";
import type { FaultHook } from "../../simulator/services/seam.ts";
import { makeStepBench, RUN, type StepBench } from "./bench.ts";

const UP = { status: 200, headers: {}, body: JSON.stringify({ ok: true, ts: "1.0" }) };
const DOWN = { status: 503, headers: {}, body: "" };

const told = (bench: StepBench, visit = "e1, 02:00", sentence = "It doesn't come back.") =>
  bench.run(pagePerson, { sentence, visit });
const pages = (bench: StepBench) =>
  [...bench.stored.keys()].filter((k) => k.startsWith(keys.pages(RUN.migration)));
/** Slack's posting, struck at this moment of its first call. */
const atPost = (moment: "before" | "after", kind: "crash" | "answer-lost"): FaultHook => {
  let left = 1;
  return (call) => (call.service === "slack" && call.moment === moment && left-- > 0 ? { kind } : undefined);
};
const lock = (bench: StepBench) => {
  for (const cluster of ["shop-kops", "shop-eks"])
    bench.put(keys.lock(cluster), { migration: RUN.migration, executions: [], released: false });
};

describe("a page", () => {
  it("is on record before it is posted, and posted once however often its state is tried again", async () => {
    const bench = makeStepBench();
    expect(await told(bench)).toEqual({ paged: true });
    const order = bench.calls.filter((c) => c.mutating).map((c) => c.service);
    expect(order).toEqual(["s3", "slack", "s3"]);
    expect([await told(bench), await told(bench), bench.posts.length]).toEqual([
      { paged: true },
      { paged: true },
      1,
    ]);
    expect(bench.denied()).toEqual([]);
  });

  it.each([
    ["when the execution comes by again", "e1, 03:00", "It doesn't come back."],
    ["by another execution", "e2, 02:00", "It doesn't come back."],
    ["about something else", "e1, 02:00", "Nor does that."],
  ])("is another one %s (a key of the sentence alone would swallow it)", async (_, visit, sentence) => {
    const bench = makeStepBench();
    await told(bench);
    await told(bench, visit, sentence);
    expect(bench.posts).toHaveLength(2);
  });

  it("of a function that died before it posted is posted by the next try, after the first can't be at it any more", async () => {
    const bench = makeStepBench({ fault: atPost("before", "crash") });
    await expect(told(bench)).rejects.toThrow();
    await expect(told(bench), "the state machine waits and tries again").rejects.toMatchObject({
      name: "Conflict",
    });
    bench.wait(60);
    expect([await told(bench), bench.posts.length]).toEqual([{ paged: true }, 1]);
  });

  it.each(["crash", "answer-lost"] as const)(
    "is told twice in one case alone, where Slack has taken it and the function didn't learn of it (%s); the second says so",
    async (kind) => {
      const bench = makeStepBench({ fault: atPost("after", kind) });
      await told(bench).catch(() => {});
      bench.wait(60);
      expect(await told(bench)).toEqual({ paged: true });
      expect(bench.posts).toHaveLength(2);
      expect(bench.posts[0]).not.toContain("told this before");
      expect(bench.posts[1]).toContain("You may have been told this before.");
      bench.wait(60);
      await told(bench);
      expect(bench.posts, "and no third").toHaveLength(2);
    },
  );

  it("is told by one of two that come at the same moment, also where both find one that nobody has told", async () => {
    const bench = makeStepBench();
    const both = async () =>
      (await Promise.allSettled([told(bench), told(bench)])).map((r) =>
        r.status === "fulfilled" ? r.value : r.reason.name,
      );
    expect((await both()).sort()).toEqual(["Conflict", { paged: true }]);
    expect(bench.posts).toHaveLength(1);
    const late = makeStepBench({ fault: atPost("before", "crash") });
    await told(late).catch(() => {});
    late.wait(60);
    await Promise.allSettled([told(late), told(late)]);
    expect(late.posts).toHaveLength(1);
  });

  it("is told without a record where the bucket can't be written (a program that insists on its record tells nobody)", async () => {
    const bench = makeStepBench({
      fault: (call) =>
        call.service === "s3" && call.mutating && call.moment === "before"
          ? { kind: "server-error" }
          : undefined,
    });
    expect([await told(bench), bench.posts.length]).toEqual([{ paged: true }, 1]);
  });
});

describe("a page while Slack is down", () => {
  const dark = () => {
    const slack = { up: false };
    const bench = makeStepBench({ slack: () => (slack.up ? UP : DOWN) });
    lock(bench);
    return { bench, slack };
  };

  it("stops nothing, is in the log, and is posted by the reconciler when Slack answers again, once", async () => {
    const { bench, slack } = dark();
    expect(await told(bench)).toEqual({ paged: false });
    expect(bench.logged[0]).toContain("It doesn't come back.");
    const warned: string[] = [];
    Object.assign(bench.context.log, { warn: (line: string) => void warned.push(line) });
    const alarms = () => warned.splice(0).filter((line) => line === ALARMING.untold).length;
    bench.wait(300);
    await bench.run(reconcile);
    expect(alarms(), "an alarm looks for the line").toBe(1);
    slack.up = true;
    const failed = bench.posts.length;
    bench.wait(300);
    await bench.run(reconcile);
    bench.wait(300);
    await bench.run(reconcile);
    expect([bench.posts.length - failed, alarms()]).toEqual([1, 0]);
    expect(pages(bench).filter((k) => k.endsWith("!done.json"))).toHaveLength(1);
    expect(bench.denied()).toEqual([]);
  });

  it("isn't taken out of the hands of a function that is at it", async () => {
    const { bench, slack } = dark();
    await told(bench);
    slack.up = true;
    const posted = await bench.within(reconcile.needs, () =>
      postUntold(bench.context, bucketOf(bench.context), RUN.migration),
    );
    expect(posted).toEqual({ posted: 0, left: 1 });
  });
});
