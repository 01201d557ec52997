/** What a person types into the console to start a migration: each mistake is a sentence that says what to type instead, and starts nothing. */

import { describe, expect, it } from "vitest";
import { keys } from "../../domain/journal.ts";
import { validateStart } from "../../functions/validate-start.ts";
import { makeStepBench, RUN, type StepBench, smallPlan } from "./bench.ts";

const HASH = "5a0c61eafb0a7e8b2f0d4b6f1c7f6f4c7c3c2f1f0a9d8e7b6c5d4e3f2a1b0c9d";
const OTHER = HASH.replaceAll("a", "b");
const KEY = `plans/${HASH}/plan.json`;
const ARN = "arn:aws:states:eu-central-1:111122223333:execution:migrate-cluster:first";

/** The small plan under a hash as real ones are. */
const stored = () => {
  const bench = makeStepBench();
  const { objects, ...slim } = smallPlan();
  bench.put(keys.plan(HASH), slim);
  bench.put(keys.objects(HASH), objects);
  return bench;
};
const start = (bench: StepBench, input: unknown, execution = ARN) =>
  bench.run(validateStart, { start: input, machine: "migrate-cluster", execution });
/** Objects that a start writes. */
const written = (bench: StepBench) =>
  [...bench.stored.keys()].filter((key) => key.startsWith("clusters/") || key.startsWith("migrations/"));

describe("a start", () => {
  it.each<[string, unknown]>([
    ["the plan's key and hash", { plan: KEY, hash: HASH }],
    ["the hash alone, as a schedule sends it", { plan: HASH, migration: RUN.migration }],
    ["the hash twice", { plan: HASH, hash: HASH }],
    ["who asks", { plan: KEY, hash: HASH, requester: "AROA:amara" }],
  ])("by %s takes both clusters and remembers who started it", async (_, input) => {
    const bench = stored();
    expect(await start(bench, input)).toMatchObject({ run: { migration: RUN.migration, plan: HASH } });
    expect(written(bench).filter((key) => key.startsWith("clusters/"))).toHaveLength(2);
    expect(bench.json(keys.started(RUN.migration, ARN))).toMatchObject({
      requester: (input as { requester?: string }).requester ?? null,
    });
  });

  it.each<[string, unknown, RegExp]>([
    ["nothing", undefined, /is no JSON object/],
    ["null", null, /is no JSON object/],
    ["a text", KEY, /is no JSON object/],
    ["a list", [{ plan: KEY, hash: HASH }], /is no JSON object/],
    ["an empty object", {}, /field "plan" is missing or is no text/],
    ["a hash without a plan", { hash: HASH }, /field "plan" is missing/],
    ["a plan that is a number", { plan: 7 }, /field "plan" is missing or is no text/],
    ["a plan that is an object", { plan: { key: KEY } }, /field "plan" is missing or is no text/],
    ["a hash that is null", { plan: KEY, hash: null }, /field "hash" is missing or is no text/],
    ["a requester that is empty", { plan: KEY, hash: HASH, requester: "" }, /field "requester" is empty/],
    [
      "a field of another name",
      { plan: KEY, hash: HASH, dryRun: true },
      /a field "dryRun" that a start doesn't know/,
    ],
    ["a field in capitals", { Plan: KEY, hash: HASH }, /field "plan" is missing|a field "Plan"/],
    ["a key without the hash", { plan: KEY }, /names a plan and not its hash/],
    [
      "another hash than the key's",
      { plan: KEY, hash: OTHER },
      /has the hash 5a0c61eafb0a…, the start names 5b0c61ebfb0b…/,
    ],
    [
      "half of the hash",
      { plan: KEY, hash: HASH.slice(0, 12) },
      /has the hash 5a0c61eafb0a…, the start names/,
    ],
    ["the hash in capitals", { plan: KEY, hash: HASH.toUpperCase() }, /the start names 5A0C61EAFB0A…/],
    ["an address in S3", { plan: `s3://repot-prod-memory/${KEY}`, hash: HASH }, /is no plan of the bucket/],
    [
      "another object of the plan",
      { plan: `plans/${HASH}/objects.json`, hash: HASH },
      /is no plan of the bucket/,
    ],
    [
      "a path out of the folder",
      { plan: `plans/../${HASH}/plan.json`, hash: HASH },
      /is no plan of the bucket/,
    ],
    ["a line break", { plan: `${KEY}\n`, hash: HASH }, /is no plan of the bucket/],
    ["a file of one's own", { plan: "plan.json", hash: HASH }, /is no plan of the bucket/],
    ["a text without an end", { plan: "a".repeat(200_000) }, /field "plan" is longer than 256 characters/],
    [
      "a field's name without an end",
      { plan: KEY, hash: HASH, ["x".repeat(200_000)]: 1 },
      /that a start doesn't know/,
    ],
    [
      "a migration's name without an end",
      { plan: HASH, migration: "m".repeat(300) },
      /field "migration" is longer/,
    ],
    [
      "a plan that isn't there",
      { plan: OTHER, hash: OTHER },
      /No plan with the hash 5b0c.* is in the bucket. Store it with `repot start`/,
    ],
    [
      "a plan of another migration",
      { plan: HASH, migration: "else-1" },
      /The plan is for shop-1, the start for else-1/,
    ],
  ])("by %s is refused in a sentence of bounded length, and nothing is written", async (_, input, why) => {
    const bench = stored();
    const before = written(bench);
    const error = await start(bench, input).then(
      () => undefined,
      (e: Error) => e,
    );
    expect(error?.message).toMatch(why);
    expect(error?.message.length).toBeLessThan(600);
    expect(["Refused", "NotFound"]).toContain(error?.name);
    expect(written(bench)).toEqual(before);
  });

  it("of a second migration on either cluster names the first and its execution; the first is untouched", async () => {
    for (const cluster of ["shop-kops", "shop-eks"]) {
      const bench = stored();
      const lock = { migration: "shop-0", executions: ["arn:first"], released: false };
      bench.put(keys.lock(cluster), lock);
      await expect(start(bench, { plan: HASH })).rejects.toThrow(
        new RegExp(`Cluster ${cluster} is being moved by shop-0 \\(arn:first\\). Nothing was started`),
      );
      expect(bench.json(keys.lock(cluster))).toEqual(lock);
      const other = ["shop-kops", "shop-eks"].find((c) => c !== cluster) ?? "";
      expect(
        (bench.json(keys.lock(other)) as { released?: boolean } | null)?.released ?? true,
        "given back",
      ).toBe(true);
    }
  });

  it("at the very moment of another takes nothing from it: one of them is told", async () => {
    const bench = stored();
    const first = await bench.waiting("first");
    const second = await bench.waiting("second");
    const both = await Promise.allSettled([
      start(bench, { plan: HASH }, first.arn),
      start(bench, { plan: HASH }, second.arn),
    ]);
    const refused = both.flatMap((r) => (r.status === "rejected" ? [(r.reason as Error).name] : []));
    expect(refused).toHaveLength(1);
    // Conflict is tried again by the machine, and then names the first.
    expect(["Conflict", "ClusterBusy"]).toContain(refused[0]);
    const [winner, loser] = both[0]?.status === "fulfilled" ? [first, second] : [second, first];
    await expect(start(bench, { plan: HASH }, loser.arn)).rejects.toThrow(
      new RegExp(`running already .*${winner.arn}`),
    );
  });

  it("of what was rolled back is refused by the fence", async () => {
    const bench = stored();
    bench.put(keys.fence(RUN.migration), { startedBy: "person", execution: "e", at: "2026-03-03T02:00:00Z" });
    await expect(start(bench, { plan: HASH })).rejects.toMatchObject({
      name: "FenceRaised",
      message: expect.stringMatching(/shop-1 was rolled back; nothing was started. Plan again/),
    });
  });
});
