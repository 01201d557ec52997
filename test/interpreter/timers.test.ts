/** Timeouts that are set for long and cancelled soon are let go, and waiting threads don't hold the clock. */

import { describe, expect, it } from "vitest";
import { Clock } from "../../simulator/clock.ts";
import { Parking } from "../../simulator/interpreter/timers.ts";

describe("Cancelled timers", () => {
  it("are swept out of the clock without changing the order of the others", () => {
    const clock = new Clock(0);
    const fired: number[] = [];
    const timers = Array.from({ length: 6000 }, (_, i) =>
      clock.at(((i * 7919) % 6000) + 1, () => fired.push(clock.now())),
    );
    for (const [i, timer] of timers.entries()) if (i % 4 !== 0) timer.cancel();
    clock.at(3000.5, () => fired.push(clock.now()));
    clock.advanceTo(10_000);
    expect(fired).toHaveLength(1501);
    expect(fired).toEqual([...fired].sort((a, b) => a - b));
  });
});

describe("A parked thread", () => {
  const thread = () => ({ aborted: false, cancel: undefined as (() => void) | undefined });

  it("holds the clock while it runs, and lets it go on while it waits", async () => {
    const clock = new Clock(0);
    const parking = new Parking(clock);
    const seen: number[] = [];
    parking.enter();
    void (async () => {
      await parking.until(thread(), 500);
      for (let i = 0; i < 100; i += 1) await Promise.resolve();
      seen.push(clock.now());
      parking.leave();
    })();
    clock.at(501, () => seen.push(clock.now()));
    await clock.run(() => false);
    expect(seen).toEqual([500, 501]);
  });

  it("is woken by its cancellation, once", async () => {
    const clock = new Clock(0);
    const parking = new Parking(clock);
    const parked = thread();
    parking.enter();
    const wait = parking.until(parked, 1000);
    parked.cancel?.();
    expect(parked.cancel).toBeUndefined();
    await expect(wait).rejects.toBeTypeOf("symbol");
    parking.leave();
    expect(await clock.run(() => false)).toBe(false);
    expect(clock.now()).toBe(0);
  });
});
