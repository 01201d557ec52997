/** A cohort moves its expiries by arithmetic while nothing changes: that must give what refreshing at every expiry gives. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RESOLVER_CLASSES, type ResolverClass } from "../../simulator/world/dns/classes.ts";
import { type Authorities, Cohort, type Delegation } from "../../simulator/world/dns/cohort.ts";
import type { Outcome } from "../../simulator/world/dns/outcome.ts";

const HOUR = 3_600_000;
const END = 3 * HOUR;
const HOSTS = ["a.", "b."];

/** From a time on, the servers say this. */
type Epoch = {
  readonly at: number;
  readonly parent: Delegation;
  readonly child: Delegation;
  readonly target: boolean;
  readonly ttlSeconds: number;
};

const outcome = (toTarget: boolean, ttlSeconds: number): Outcome => ({
  shares: toTarget ? { source: 0, target: 1, nowhere: 0 } : { source: 1, target: 0, nowhere: 0 },
  ttlSeconds,
});

/** Servers `old` and `new`: which one a resolver asks decides, together with the time, where it is sent. */
const authoritiesAt = (now: () => number, epochs: readonly Epoch[]): Authorities => {
  const current = () => epochs.findLast((epoch) => epoch.at <= now()) as Epoch;
  return {
    fromParent: () => current().parent,
    fromChild: (servers) =>
      servers.includes("old") ? current().child : { servers: ["new"], ttlSeconds: 60 },
    outcome: (servers, _startAt, host) =>
      outcome(servers.includes("new") || (current().target && host === "b."), current().ttlSeconds),
  };
};

/** The course of one cohort; the eager one is told at every event that something may have changed. */
const courseOf = (
  kind: ResolverClass,
  phase: number,
  epochs: readonly Epoch[],
  eager: boolean,
): readonly string[] => {
  let now = 0;
  const cohort = new Cohort(
    kind,
    0,
    phase,
    authoritiesAt(() => now, epochs),
    0,
  );
  for (const host of HOSTS) cohort.shares(host, 0);
  if (eager) cohort.noticeChange(0);
  const changes = epochs.slice(1).map((epoch) => epoch.at);
  const moves: string[] = [];
  for (;;) {
    const expiry = cohort.nextExpiry() ?? Number.POSITIVE_INFINITY;
    const change = changes[0] ?? Number.POSITIVE_INFINITY;
    now = Math.min(expiry, change);
    if (now > END) return moves;
    // At one instant the servers change first.
    if (change <= expiry) {
      changes.shift();
      cohort.noticeChange(now);
      continue;
    }
    for (const { host, after } of cohort.refresh(now)) moves.push(`${now} ${host} ${after.target}`);
    if (eager) cohort.noticeChange(now);
  }
};

const ttl = fc.constantFrom(0, 7, 30, 60, 61, 300, 900, 3_600, 5_000);
const delegation = fc.record({ servers: fc.constantFrom(["old"], ["new"]), ttlSeconds: ttl });
const epoch = fc.record({
  at: fc.integer({ min: 1, max: END }),
  parent: delegation,
  child: delegation,
  target: fc.boolean(),
  ttlSeconds: ttl,
});

const FIRST: Epoch = {
  at: 0,
  parent: { servers: ["old"], ttlSeconds: 3_600 },
  child: { servers: ["old"], ttlSeconds: 3_600 },
  target: false,
  ttlSeconds: 300,
};

describe("a cohort", () => {
  it.each(RESOLVER_CLASSES.map((kind) => [kind.name, kind] as const))(
    "%s refreshes by arithmetic as if at every expiry",
    (_name, kind) => {
      const course = fc.record({
        phase: fc.double({ min: 0, max: 0.999, noNaN: true }),
        later: fc.array(epoch, { maxLength: 6 }),
      });
      const property = fc.property(course, ({ phase, later }) => {
        const epochs = [FIRST, ...[...later].sort((a, b) => a.at - b.at)];
        expect(courseOf(kind, phase, epochs, false)).toEqual(courseOf(kind, phase, epochs, true));
      });
      fc.assert(property, { numRuns: 60, seed: 11 });
    },
  );

  it("does see the change: without being told of it, it would stay for ever", () => {
    const [kind] = RESOLVER_CLASSES;
    const epochs = [FIRST, { ...FIRST, at: 1_000_000, target: true }];
    const told = courseOf(kind as ResolverClass, 0.3, epochs, false);
    expect(told).toHaveLength(1);
    let now = 0;
    const deaf = new Cohort(
      kind as ResolverClass,
      0,
      0.3,
      authoritiesAt(() => now, epochs),
      0,
    );
    deaf.shares("b.", 0);
    now = END;
    expect(deaf.nextExpiry()).toBeUndefined();
    expect(deaf.shares("b.", END).target).toBe(0);
  });
});
