/** What a plan will cost before it starts: state transitions, hours in which both clusters run, minutes of freeze. Estimates, rounded up. */

import { nameOf, type Plan, type Workload } from "../plan.ts";
import type { Settings } from "../settings.ts";
import { SETTLING_SECONDS, stepsFor } from "../workers.ts";

/** States that executions enter, as rehearsals count them; polls come on top. */
const TRANSITIONS = {
  phases: 520,
  perStart: 14,
  perShift: 22,
  perHandOver: 30,
  perPair: 40,
  perCopy: 60,
  perCut: 8,
  perWave: 10,
  perRetirement: 2,
} as const;
/** How often a thing is looked at beyond the time that it takes. */
const SPARE_POLLS = 1;
/** A snapshot, a restore with its comparison, the proof of the freeze. */
const FIXED_FREEZE_SECONDS = 300;
/** INSYNC, all servers asked, an approval; and until clients that hold connections open have let go of them, by their share. */
const CUT_SECONDS = 200;
const STRAGGLING_SECONDS = 5_000;
const WARM_SECONDS = 900;
/** Two moves of a pair, each looked at until the group has settled. */
const GROUP_SETTLES_SECONDS = 45;

const polls = (seconds: number, every: number): number => Math.ceil(seconds / every) + SPARE_POLLS;

/** Seconds that one workload's move takes. */
const moveSeconds = (w: Workload, settings: Settings): number => {
  const { pollSeconds } = settings.policy;
  switch (w.move) {
    case "stop-then-start":
      return w.pauseSecondsMax ?? 0;
    // A copy that takes longer than half of the approved pause is taken back.
    case "copy-with-pause":
      return (w.pauseSecondsMax ?? 0) / 2;
    case "shift-group":
      return w.replicas * (w.readySecondsExpected + GROUP_SETTLES_SECONDS);
    case "half-and-half":
      return w.readySecondsExpected + 2 * pollSeconds + settings.gates.pollSeconds;
    case "start-on-target":
      return w.readySecondsExpected + 3 * pollSeconds;
    case "hand-over-schedule":
      return 4 * pollSeconds;
    case "hand-over-controller":
      return 2 * w.readySecondsExpected + 6 * pollSeconds;
    case "shift-workers": {
      const queue = settings.queues.find((q) => q.workload === nameOf(w));
      const each = w.readySecondsExpected + SETTLING_SECONDS[queue?.kind ?? "rabbitmq"] + 4 * pollSeconds;
      return each * stepsFor(w.replicas, queue?.stepShare ?? 1).length;
    }
    case "keep-on-source":
    case "none":
      return 0;
  }
};

/** A wave with bounded concurrency takes at least its longest move, and at least its share of all. */
const waveSeconds = (wave: readonly Workload[], settings: Settings): number => {
  const each = wave.map((w) => moveSeconds(w, settings));
  const sum = each.reduce((a, b) => a + b, 0);
  return Math.max(0, ...each, sum / settings.policy.concurrency) + settings.gates.pollSeconds;
};

const transitionsOf = (w: Workload, settings: Settings): number => {
  const waits = polls(w.readySecondsExpected, settings.policy.pollSeconds);
  const retirement = w.wave === null ? 0 : TRANSITIONS.perRetirement;
  switch (w.move) {
    case "half-and-half":
      return TRANSITIONS.perShift + TRANSITIONS.perCut + waits + retirement;
    case "copy-with-pause":
      return TRANSITIONS.perCopy + 2 * waits + retirement;
    case "shift-group":
      return TRANSITIONS.perHandOver + w.replicas * TRANSITIONS.perPair + retirement;
    case "stop-then-start":
    case "hand-over-controller":
    case "hand-over-schedule":
      return TRANSITIONS.perHandOver + 2 * waits + retirement;
    case "shift-workers": {
      const share = settings.queues.find((q) => q.workload === nameOf(w))?.stepShare ?? 1;
      return TRANSITIONS.perShift * stepsFor(w.replicas, share).length + waits + retirement;
    }
    case "start-on-target":
      return TRANSITIONS.perStart + waits + retirement;
    case "keep-on-source":
    case "none":
      return 0;
  }
};

export const priceOf = (workloads: readonly Workload[], settings: Settings): Plan["price"] => {
  const { dns, policy, gates } = settings;
  const waveCount = 1 + Math.max(-1, ...workloads.map((w) => w.wave ?? -1));
  const waves = Array.from({ length: waveCount }, (_, i) => workloads.filter((w) => w.wave === i));
  const moving = waves.reduce((sum, wave) => sum + waveSeconds(wave, settings), 0);
  const slowest = Math.max(
    0,
    ...workloads.filter((w) => w.move === "half-and-half").map((w) => w.readySecondsExpected),
  );
  const settle = dns.loweredTtlSeconds * 2 + dns.recordTtlSeconds;
  const straggling = STRAGGLING_SECONDS * Math.max(0, ...settings.load.map((l) => l.longLivedShare));
  const freezeSeconds = FIXED_FREEZE_SECONDS + moving + slowest + settle + CUT_SECONDS + straggling;
  const transitions =
    TRANSITIONS.phases +
    waveCount * TRANSITIONS.perWave +
    workloads.reduce((sum, w) => sum + transitionsOf(w, settings), 0) +
    polls(settle + CUT_SECONDS + straggling, gates.pollSeconds);
  return {
    stateTransitions: Math.ceil(transitions),
    doubleRunningHours: Math.ceil((WARM_SECONDS + freezeSeconds + policy.bakeSeconds) / 360) / 10,
    freezeMinutes: Math.ceil(freezeSeconds / 60),
  };
};
