/** What a plan will cost before it starts: state transitions, hours in which both clusters run, minutes of freeze. Estimates, rounded up. */

import type { Plan, Workload } from "../plan.ts";
import type { Settings } from "../settings.ts";

/** States that one execution enters, counted on the machines; polls come on top. */
const TRANSITIONS = {
  phases: 160,
  perStart: 14,
  perShift: 34,
  perHandOver: 26,
  perCut: 18,
  perWave: 12,
  perRetirement: 6,
} as const;
/** How often a thing is looked at before it is as it should be, beyond the time that it takes. */
const SPARE_POLLS = 3;
/** A snapshot, a restore with its comparison, the proof of the freeze. */
const FIXED_FREEZE_SECONDS = 1_500;
/** INSYNC, all servers asked, traffic watched until it has gone. */
const CUT_SECONDS = 1_200;
const WARM_SECONDS = 1_800;

const polls = (seconds: number, every: number): number => Math.ceil(seconds / every) + SPARE_POLLS;

/** Seconds that one workload's move takes. */
const moveSeconds = (w: Workload, settings: Settings): number => {
  const { pollSeconds } = settings.policy;
  switch (w.move) {
    case "stop-then-start":
      return w.pauseSecondsMax ?? 0;
    case "half-and-half":
      return w.readySecondsExpected + 4 * pollSeconds + 2 * settings.gates.pollSeconds;
    case "start-on-target":
      return w.readySecondsExpected + 3 * pollSeconds;
    case "hand-over-schedule":
      return 4 * pollSeconds;
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
  const waits = 2 * polls(w.readySecondsExpected, settings.policy.pollSeconds);
  const retirement = w.wave === null ? 0 : TRANSITIONS.perRetirement;
  switch (w.move) {
    case "half-and-half":
      return TRANSITIONS.perShift + TRANSITIONS.perCut + 3 * waits + retirement;
    case "stop-then-start":
    case "hand-over-schedule":
      return TRANSITIONS.perHandOver + 2 * waits + retirement;
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
  const freezeSeconds = FIXED_FREEZE_SECONDS + moving + slowest + settle + CUT_SECONDS;
  const transitions =
    TRANSITIONS.phases +
    waveCount * TRANSITIONS.perWave +
    workloads.reduce((sum, w) => sum + transitionsOf(w, settings), 0) +
    4 * polls(settle + CUT_SECONDS, gates.pollSeconds);
  return {
    stateTransitions: Math.ceil(transitions),
    doubleRunningHours: Math.ceil((WARM_SECONDS + freezeSeconds + policy.bakeSeconds) / 360) / 10,
    freezeMinutes: Math.ceil(freezeSeconds / 60),
  };
};
