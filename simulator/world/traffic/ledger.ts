/**
 * The counts of a run: fluid inside, whole numbers outside. A line of the record says what came since the line before, rounded on the
 * running sum, so that the lines add up to the totals; failures round up.
 */

import type { SideTraffic, Unstamped } from "../../../domain/events.ts";
import type { Side } from "../../../domain/phases.ts";
import { type Latency, type Mixture, makeMixture } from "./latency.ts";
import { sharesOf } from "./mix.ts";

type Counts = { served: number; failed: number; paused: number; anyway: number };

export type Ledger = {
  readonly serve: (
    side: Side,
    mix: Readonly<Record<string, number>>,
    requests: number,
    latency: Latency,
  ) => void;
  /** Attempts that got no proper answer; `side` undefined where no cluster was reached. */
  readonly fail: (
    side: Side | undefined,
    kind: "failed" | "paused" | "anyway",
    requests: number,
    status?: string,
  ) => void;
  readonly totals: () => { served: number; failed: number; paused: number; failedAnyway: number };
  /** What came since the last line. */
  readonly line: (
    dnsTargetShare: Readonly<Record<string, number>>,
  ) => Unstamped & { readonly type: "traffic" };
};

/** Arithmetic leaves dust; a failure is more than dust. */
const DUST = 1e-6;
const up = (x: number): number => Math.max(0, Math.ceil(x - DUST));
const down = (x: number): number => Math.floor(x + DUST);

const whole = (c: Counts): Counts => ({
  served: down(c.served),
  failed: up(c.failed),
  paused: up(c.paused),
  anyway: down(c.anyway),
});

const zero = (): Counts => ({ served: 0, failed: 0, paused: 0, anyway: 0 });

type Sides<T> = { readonly source: T; readonly target: T };

/** Answers by status, and how much of them was told already. */
const makeStatuses = () => {
  const counted = new Map<string, number>();
  const told = new Map<string, number>();
  return {
    add: (status: string, requests: number): void => {
      counted.set(status, (counted.get(status) ?? 0) + requests);
    },
    since: (): Record<string, number> => {
      const result: Record<string, number> = {};
      for (const code of [...counted.keys()].sort()) {
        const now = down(counted.get(code) ?? 0);
        const more = now - (told.get(code) ?? 0);
        told.set(code, now);
        if (more > 0) result[code] = more;
      }
      return result;
    },
  };
};

/** Counts of one place, and how much of them was told already. */
const makePlace = () => {
  const counts = zero();
  let told = zero();
  return {
    counts,
    whole: (): Counts => whole(counts),
    since: (): Counts => {
      const [now, before] = [whole(counts), told];
      told = now;
      return {
        served: now.served - before.served,
        failed: now.failed - before.failed,
        paused: now.paused - before.paused,
        anyway: now.anyway - before.anyway,
      };
    },
  };
};

const sum = (from: readonly Counts[]) => ({
  served: from.reduce((n, c) => n + c.served, 0),
  failed: from.reduce((n, c) => n + c.failed, 0),
  paused: from.reduce((n, c) => n + c.paused, 0),
  failedAnyway: from.reduce((n, c) => n + c.anyway, 0),
});

export const makeLedger = (): Ledger => {
  const places = { source: makePlace(), target: makePlace(), nowhere: makePlace() };
  const statuses: Sides<ReturnType<typeof makeStatuses>> = { source: makeStatuses(), target: makeStatuses() };
  const speeds: Sides<Mixture> = { source: makeMixture(), target: makeMixture() };
  const tenths = (ms: number | null): number | null => (ms === null ? null : Math.round(ms * 10) / 10);
  const sideLine = (side: Side, { served, failed, paused }: Counts): SideTraffic => {
    const line: SideTraffic = {
      served,
      failed,
      paused,
      statuses: statuses[side].since(),
      p99Ms: tenths(speeds[side].quantile(0.99)),
      p995Ms: tenths(speeds[side].quantile(0.995)),
    };
    speeds[side].clear();
    return line;
  };
  return {
    serve: (side, mix, requests, latency) => {
      for (const [code, share] of sharesOf(mix)) {
        statuses[side].add(code, requests * share);
        places[side].counts[code >= "500" ? "anyway" : "served"] += requests * share;
      }
      speeds[side].add(latency, requests);
    },
    fail: (side, kind, requests, status) => {
      places[side ?? "nowhere"].counts[kind] += requests;
      if (side !== undefined && status !== undefined) statuses[side].add(status, requests);
    },
    totals: () => sum([places.source.whole(), places.target.whole(), places.nowhere.whole()]),
    line: (dnsTargetShare) => {
      const [source, target, nowhere] = [
        places.source.since(),
        places.target.since(),
        places.nowhere.since(),
      ];
      return {
        type: "traffic",
        ...sum([source, target, nowhere]),
        source: sideLine("source", source),
        target: sideLine("target", target),
        dnsTargetShare,
      };
    },
  };
};
