/** Faults of consumer groups: each goes on for a while and ends by itself, as storms do. */

import type { Clock } from "../clock.ts";
import type { KafkaWorld } from "../world/kafka/index.ts";
import type { WorldFault, WorldFaults } from "./world.ts";

const STORM = { everyMs: 10_000, times: 90 } as const;
const CLASH = { everyMs: 60_000, times: 10 } as const;
/** A consumer that reads its configuration, warms its caches and only then subscribes, while nothing says that its pod isn't ready. */
const LATE_MS = 20_000;
const SPIKE = { times: 3, lastsMs: 300_000 } as const;

/** Does something again and again until it has done so often enough, or is told to stop. */
const again = (
  clock: Clock,
  { everyMs, times }: { readonly everyMs: number; readonly times: number },
  act: () => number,
): WorldFault["turn"] => {
  let turn = 0;
  return (on, struck) => {
    turn += 1;
    if (!on) return;
    const mine = turn;
    const next = (left: number): void => {
      if (turn !== mine || left === 0) return;
      if (act() > 0) struck();
      clock.after(everyMs, () => next(left - 1));
    };
    next(times);
  };
};

export const groupFaults = (kafka: KafkaWorld, clock: Clock): WorldFaults => ({
  "rebalance-storm": { turn: again(clock, STORM, kafka.disturb) },
  "static-member-clash": { turn: again(clock, CLASH, kafka.intrude) },
  "members-late": {
    turn: (on, struck) => {
      if (kafka.delayJoins(on ? LATE_MS : 0) > 0 && on) struck();
    },
  },
  "lag-spike": {
    turn: (on, struck) => {
      if (!on) {
        kafka.floodBy(1);
        return;
      }
      if (kafka.floodBy(SPIKE.times) === 0) return;
      struck();
      clock.after(SPIKE.lastsMs, () => void kafka.floodBy(1));
    },
  },
});
