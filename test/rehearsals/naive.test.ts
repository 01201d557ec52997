/** What it costs to do it the obvious way: the naive migration of the example platform, in figures to put beside ours. */

import { describe, expect, it } from "vitest";
import { broken, eventsOf, example, planned, run } from "./small.ts";
import { naive } from "./wrong/naive.ts";

describe("a naive migration of the example platform", () => {
  it("fails millions of requests: resolvers ask the old servers for as long as the old TTL says, and nobody is there", async () => {
    const ran = await run(await example({}, ["external-dns"]), { machines: naive, goesOn: true });
    const { served, failed } = ran.summary.requests;
    console.log(
      `naive: ${failed} of ${served + failed} requests failed in ${Math.round(ran.summary.virtualSeconds / 3600)} hours; ${JSON.stringify(failedBySide(ran))}`,
    );
    expect(failed).toBeGreaterThan(1_000_000);
    expect(broken(ran)).toEqual(
      expect.arrayContaining(["approvals", "requests", "source-capacity", "window"]),
    );
    // All of them at the source: the target has been up for a while when the first client finds it.
    expect(failedBySide(ran).source).toBeGreaterThan(0.99 * failed);
    expect(eventsOf(ran, "failing").every((e) => e.reason.startsWith("no ready endpoint"))).toBe(true);
  });

  it("fails tens of thousands where the external-dns that was copied along leads the old zone to the target", async () => {
    const { served, failed } = (await run(await example(), { machines: naive, goesOn: true })).summary
      .requests;
    console.log(`naive with external-dns: ${failed} of ${served + failed} requests failed`);
    expect(failed).toBeGreaterThan(20_000);
    expect(failed).toBeLessThan(1_000_000);
  });

  it("fails thousands even where every TTL was a minute from the start", async () => {
    const ran = await run(
      await example({ dns: { ttlSeconds: 60, recordTtlSeconds: 60 }, policy: { bakeSeconds: 3_600 } }),
      {
        machines: naive,
        goesOn: true,
      },
    );
    const { served, failed } = ran.summary.requests;
    console.log(
      `naive with TTLs of a minute: ${failed} of ${served + failed} requests failed; ${JSON.stringify(failedBySide(ran))}`,
    );
    expect(failed).toBeGreaterThan(10_000);
  });

  it("fails less where less is cached", async () => {
    const failedWith = async (ttlSeconds: number) =>
      (
        await run(planned({}, { dns: { ...planned().plan.settings.dns, ttlSeconds } }), {
          machines: naive,
          goesOn: true,
        })
      ).summary.requests.failed;
    const [short, long] = [await failedWith(300), await failedWith(3_600)];
    expect(short).toBeGreaterThan(1_000);
    expect(long).toBeGreaterThan(2 * short);
  });
});

const failedBySide = (ran: Parameters<typeof eventsOf>[0]) => {
  const traffic = eventsOf(ran, "traffic");
  return {
    source: traffic.reduce((n, e) => n + e.source.failed, 0),
    target: traffic.reduce((n, e) => n + e.target.failed, 0),
  };
};
