/** The journal, the stored plan and the messages: what is written once, and what each refusal of the other side means. */

import { describe, expect, it } from "vitest";
import { makeJournal } from "../../adapters/journal.ts";
import { storePlan } from "../../adapters/plan-store.ts";
import { makeSlack } from "../../adapters/slack.ts";
import type { JournalEntry } from "../../domain/journal.ts";
import { keys } from "../../domain/journal.ts";
import { section } from "../../domain/message.ts";
import { makeStepBench, RUN, type StepBench, smallPlan } from "../functions/bench.ts";

const S3 = { s3: ["GetObject", "PutObject", "ListBucket"] };
const entry = (over: Partial<JournalEntry> = {}): JournalEntry => ({
  migration: RUN.migration,
  operation: "0003-shift:shop/cart",
  move: "0",
  step: "scale-workload",
  direction: "forward",
  effect: { kind: "set-owner", thing: "shop/cart", before: "source", after: "target" },
  recordedAt: "2026-03-03T02:00:00.000Z",
  ...over,
});
const within = <T>(bench: StepBench, use: (journal: ReturnType<typeof makeJournal>) => Promise<T>) =>
  bench.within(S3, () => use(makeJournal(bench.clients.bucket)));

describe("the journal", () => {
  it("keeps the first intent: a second reading of the old value comes too late", async () => {
    const bench = makeStepBench();
    const second = entry({
      effect: { kind: "set-owner", thing: "shop/cart", before: "nobody", after: "target" },
      recordedAt: "2026-03-03T03:00:00.000Z",
    });
    expect(await within(bench, (j) => j.intend(entry()))).toEqual({ entry: entry(), isFresh: true });
    expect(await within(bench, (j) => j.intend(second))).toEqual({ entry: entry(), isFresh: false });
  });

  it("lists forward entries only, whatever moves are called, and marks each on its own", async () => {
    const bench = makeStepBench();
    const [first, second] = [entry({ move: "ConfigMap.etl" }), entry({ move: "ConfigMap.etl.done" })];
    await within(bench, async (j) => {
      for (const each of [first, second, entry({ move: "ConfigMap.etl", direction: "undo" })])
        await j.intend(each);
      await j.markDone(first, { outcome: "made" });
      await j.markDone(first, { outcome: "stood" });
    });
    expect(await within(bench, (j) => j.forwardKeys(RUN.migration))).toEqual(
      [keys.entry(second), keys.entry(first)].sort(),
    );
    expect([
      await within(bench, (j) => j.isDone(first)),
      await within(bench, (j) => j.isDone(second)),
    ]).toEqual([true, false]);
    expect(bench.json(keys.done(keys.entry(first)))).toEqual({ outcome: "made" });
  });

  it("lists the entries of one operation, and no other whose name begins alike; and finds one by its key, if it is there", async () => {
    const bench = makeStepBench();
    const own = entry({ operation: "0007-floor-autoscalers" });
    const other = entry({ operation: "0007-floor-autoscalers:shop/cart" });
    await within(bench, async (j) => {
      for (const each of [own, other]) await j.intend(each);
    });
    expect(await within(bench, (j) => j.forwardKeys(RUN.migration, own.operation))).toEqual([
      keys.entry(own),
    ]);
    expect(await within(bench, (j) => j.find(keys.entry(other)))).toEqual(other);
    expect(await within(bench, (j) => j.find(keys.entry(entry({ move: "1" }))))).toBeUndefined();
  });
});

it("storePlan stores the same twice, and the plan itself last", async () => {
  const bench = makeStepBench();
  for (let i = 0; i < 2; i += 1)
    await bench.within(S3, () => storePlan(bench.clients.bucket, smallPlan(), "fresh"));
  expect([...bench.stored.keys()].filter((k) => k.startsWith("plans/fresh/")).at(-1)).toBe(
    keys.plan("fresh"),
  );
});

describe("a message", () => {
  const post = (status: number, body: string, text = "Hello.") => {
    const sent: string[] = [];
    const http = async (request: { readonly body?: string | undefined }) => {
      sent.push(request.body ?? "");
      return { status, headers: {}, body };
    };
    return {
      sent,
      posted: makeSlack(http as never, "https://slack", { botToken: "xoxb-1", channelId: "C1" }).post({
        text,
        blocks: [section(text)],
      }),
    };
  };

  it.each([
    [200, '{"ok":false,"error":"ratelimited"}', "Throttled"],
    [429, "", "Throttled"],
    [200, '{"ok":false,"error":"internal_error"}', "Transient"],
    [503, "<html>", "Transient"],
    [200, '{"ok":false,"error":"channel_not_found"}', "Forbidden"],
    [403, "<html>proxy</html>", "Forbidden"],
  ])("that Slack answers with %i %s is %s", async (status, body, name) => {
    await expect(post(status, body).posted).rejects.toMatchObject({ name });
  });

  it("that is longer than a section may be is cut there, and whole in its plain text", async () => {
    const { sent, posted } = post(200, '{"ok":true,"ts":"1.5"}', "x".repeat(5_000));
    expect(await posted).toBe("1.5");
    const message = JSON.parse(sent[0] ?? "") as {
      readonly text: string;
      readonly blocks: readonly { readonly text: { readonly text: string } }[];
    };
    expect([message.text.length, message.blocks[0]?.text.text.length]).toEqual([5_000, 3_000]);
  });
});
