/**
 * Clients that hold connections open. They stay where they are connected after DNS has changed, and look the name up again only when a
 * connection ends: by its age (a half-life), or because the pod that holds it stops.
 */

import type { Side } from "../../../domain/phases.ts";
import type { HostShares } from "../types.ts";

/** Half of the connections end by themselves within this time. */
export const HALF_LIFE_MS = 300_000;
/** Pools drain in steps of this length while they differ from DNS. */
export const POOL_STEP_MS = 15_000;
/** A connection carries this many requests a second. */
export const REQUESTS_PER_CONNECTION = 1;

export type Pool = {
  /** Where the connections are; `nowhere` are clients that just lost one and can't resolve the name. */
  readonly now: () => HostShares;
  /** Lets time pass. @param connections How many there are in all: less than half a one is none. */
  readonly pass: (milliseconds: number, dns: HostShares, connections: number) => void;
  /** A share of a side's connections ends; those clients ask DNS again. */
  readonly end: (side: Side, share: number, dns: HostShares) => void;
  readonly moving: (dns: HostShares) => boolean;
};

export const makePool = (dns: HostShares): Pool => {
  let at = { ...dns };
  const reconnect = (free: { source: number; target: number }, freed: number, to: HostShares): void => {
    at = {
      source: free.source + freed * to.source,
      target: free.target + freed * to.target,
      nowhere: freed * to.nowhere,
    };
  };
  const settled = (to: HostShares, within: number): boolean =>
    Math.abs(at.source - to.source) < within && Math.abs(at.target - to.target) < within;
  return {
    now: () => at,
    pass: (milliseconds, to, connections) => {
      const kept = 0.5 ** (milliseconds / HALF_LIFE_MS);
      const stay = { source: at.source * kept, target: at.target * kept };
      reconnect(stay, 1 - stay.source - stay.target, to);
      if (settled(to, connections > 0 ? 0.5 / connections : 1)) at = { ...to };
    },
    end: (side, share, to) => {
      const lost = at[side] * Math.min(1, Math.max(0, share));
      const stay = { source: at.source, target: at.target };
      stay[side] -= lost;
      reconnect(stay, lost + at.nowhere, to);
    },
    moving: (to) => !settled(to, 1e-9),
  };
};
