/** The locks of both clusters: one migration holds them, one execution runs it, and what was taken in vain is given back. */

import { describe, expect, it } from "vitest";
import { makeBucket } from "../../adapters/bucket.ts";
import { keys } from "../../domain/journal.ts";
import { readLock, releaseLock, takeLocks } from "../../functions/lock.ts";
import { makeStepBench } from "./bench.ts";

const CLUSTERS = ["shop-eks", "shop-kops"] as const;
const [FIRST, SECOND] = CLUSTERS;
const RIGHTS = { s3: ["GetObject", "ListBucket", "PutObject"] };

type Held = {
  readonly migration: string;
  readonly executions: readonly string[];
  readonly released: boolean;
};
const held = (over: Partial<Held> = {}): Held => ({
  migration: "shop-1",
  executions: ["arn:first"],
  released: false,
  ...over,
});

const bench = (locks: Readonly<Record<string, Held>> = {}) => {
  const { context, put, json, within } = makeStepBench();
  for (const [cluster, lock] of Object.entries(locks)) put(keys.lock(cluster), lock);
  const bucket = makeBucket(context.aws.s3, context.bucket);
  return {
    bucket,
    within: <T>(work: () => Promise<T>) => within(RIGHTS, work),
    take: (migration: string, execution: string, isRunning = false) =>
      within(RIGHTS, () => takeLocks(bucket, CLUSTERS, migration, execution, async () => isRunning)),
    lock: (cluster: string) => json(keys.lock(cluster)) as Held | null,
  };
};

describe("locks", () => {
  it("are taken for both clusters, and taken again by the same execution", async () => {
    const { take, lock } = bench();
    await take("shop-1", "arn:first");
    await take("shop-1", "arn:first", true);
    for (const cluster of CLUSTERS) expect(lock(cluster)).toEqual(held());
  });

  it("of a second cluster that is another's: the first, taken just now, is given back; the other's stays", async () => {
    const others = held({ migration: "other-1", executions: ["arn:other"] });
    const { take, lock } = bench({ [SECOND]: others });
    await expect(take("shop-1", "arn:first")).rejects.toThrow(
      "Cluster shop-kops is being moved by other-1 (arn:other). Nothing was started",
    );
    expect(lock(FIRST)).toEqual(held({ released: true }));
    expect(lock(SECOND)).toEqual(others);
  });

  it.each([
    ["was released before", held({ released: true }), true],
    ["was released by another migration before", held({ migration: "old-1", released: true }), true],
    ["was this migration's already, by an execution that is over", held({ executions: ["arn:gone"] }), false],
  ])(
    "of a first cluster that %s are given back only if they were taken just now",
    async (_, before, back) => {
      const { take, lock } = bench({
        [FIRST]: before,
        [SECOND]: held({ migration: "other-1", executions: ["arn:other"] }),
      });
      await expect(take("shop-1", "arn:second")).rejects.toMatchObject({ name: "ClusterBusy" });
      expect(lock(FIRST)?.released).toBe(back);
    },
  );

  it("of a migration whose other execution runs aren't shared: it is named", async () => {
    const { take, lock } = bench({ [FIRST]: held(), [SECOND]: held() });
    await expect(take("shop-1", "arn:second", true)).rejects.toThrow("shop-1 is running already (arn:first)");
    expect(CLUSTERS.map((c) => lock(c)?.executions)).toEqual([["arn:first"], ["arn:first"]]);
    await take("shop-1", "arn:second");
    expect(lock(FIRST)?.executions).toEqual(["arn:first", "arn:second"]);
  });

  it.each([
    ["another migration's", held({ migration: "other-1" })],
    ["released", held({ released: true })],
  ])("that are %s aren't released", async (_, before) => {
    const { bucket, within, lock } = bench({ [FIRST]: before });
    await within(() => releaseLock(bucket, FIRST, "shop-1"));
    expect(lock(FIRST)).toEqual(before);
    expect(await within(() => readLock(bucket, SECOND))).toBeUndefined();
  });
});
