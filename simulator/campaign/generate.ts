/**
 * Makes the cases of a campaign from a seed. Every other run is a swarm (a few kinds, drawn for this run, strike often: what hides behind
 * an everyday fault is found where that fault is left out), the others draw from all kinds and steps alike.
 */

import { FAULTS, type FaultKind, faultOf, stepsOf } from "../faults/catalogue.ts";
import type { Night } from "../planted/bug.ts";
import type { Random } from "../random.ts";
import { type Case, type CaseFault, ROLLBACK_PHASES } from "./case.ts";
import type { Mode } from "./modes.ts";

const ROLLBACK_SHARE = 0.25;
const SILENT_SHARE = 0.05;
const DENYING_SHARE = 0.05;
/** Faults of the world that never end are rare: most runs shall come to their end. */
const ENDLESS_SHARE = 0.15;
const SWARM_FAULTS_MAX = 6;
const UNIFORM_FAULTS_MAX = 3;
const COUNT_MAX = 3;
const COUNT_SHARE = 0.3;
/** Steps make many effects: half of the faults strike a later one, where there is one; never the first fault of a run, so that most runs are struck. */
const SKIP_SHARE = 0.5;
const SKIP_MAX = 8;
const SELDOM_SHARE = 0.1;
/** A function lives for thirty seconds: the longest don't live to see the end of it. */
const ZOMBIE_SECONDS = [3, 29] as const;
const WORLD_SECONDS = [30, 900] as const;
const SEED_MAX = 4_294_967_295;

/** Half of the runs have what a planted bug needs to matter, beside what is drawn anyway. */
const AIMED_SHARE = 0.5;

/**
 * @param random A stream of this run's own.
 * @param index Even runs are swarms.
 * @param mode Whether faults never end, or all at once; as drawn where it isn't given.
 * @param nights What the planted bugs need: one of them is drawn for a run that is aimed.
 */
export const generate = (
  random: Random,
  index: number,
  nights: readonly Night[] = [],
  mode?: Mode,
): Omit<Case, "format" | "platform"> => {
  const drawn = inMode(any(random, index), mode);
  if (nights.length === 0 || random.fork("aim").next() >= AIMED_SHARE) return drawn;
  const { faults = [], ...night } = random.fork("night").pick(nights);
  const { rollBackAt: _, ...rest } = drawn;
  return { ...rest, approve: "auto", ...night, faults: [...faults] };
};

/** More often than a run has occasions. */
const ALWAYS = 1_000_000;

/** In both modes faults never end by themselves, and people answer: in one of them everything ends at once. */
const inMode = <T extends Pick<Case, "faults" | "approve">>(drawn: T, mode: Mode | undefined): T =>
  mode === undefined
    ? drawn
    : {
        ...drawn,
        mode,
        approve: "auto",
        faults: drawn.faults.map(({ kind, step, seconds }) =>
          faultOf(kind)?.scope === "call" && kind !== "zombie"
            ? { kind, step, count: ALWAYS }
            : { kind, step, ...(kind === "zombie" ? { count: ALWAYS, seconds } : {}) },
        ),
      };

/** A night as it comes. */
const any = (random: Random, index: number): Omit<Case, "format" | "platform"> => {
  const rollBackAt = random.next() < ROLLBACK_SHARE ? random.pick(ROLLBACK_PHASES) : undefined;
  const mood = random.next();
  const approve = mood < SILENT_SHARE ? "never" : mood < SILENT_SHARE + DENYING_SHARE ? "deny" : "auto";
  const swarm = index % 2 === 0;
  const rollsBack = rollBackAt !== undefined;
  const kinds = FAULTS.filter((fault) => stepsOf(fault, rollsBack).length > 0);
  const faults = drawn(random, swarm ? swarmOf(random, kinds) : kinds, {
    count: random.whole(1, swarm ? SWARM_FAULTS_MAX : UNIFORM_FAULTS_MAX),
    rollsBack,
  });
  return {
    seed: random.whole(0, SEED_MAX),
    faults,
    approve,
    ...(rollBackAt === undefined ? {} : { rollBackAt }),
  };
};

/** What can strike any run, forward and back. */
const EVERYDAY = FAULTS.filter((fault) => fault.scope === "call");

/** Each kind or not, as a coin falls; never none. */
const swarmOf = (random: Random, kinds: readonly FaultKind[]): readonly FaultKind[] => {
  const chosen = kinds.filter(() => random.next() < 0.5);
  return chosen.length > 0 ? chosen : [random.pick(kinds)];
};

/**
 * The first of them is a fault of a call, which strikes nearly everywhere; in a run with a rollback it strikes the way back: what comes after the
 * rollback's phase is never reached.
 */
const drawn = (
  random: Random,
  kinds: readonly FaultKind[],
  { count, rollsBack }: { readonly count: number; readonly rollsBack: boolean },
): CaseFault[] => {
  const faults = new Map<string, CaseFault>();
  for (let i = 0; i < count; i += 1) {
    const first = i === 0;
    const able = kinds.filter((kind) => stepsOf(kind, rollsBack).length > 0);
    const chosen = first ? able.filter((kind) => EVERYDAY.includes(kind)) : able;
    const fault = random.pick(chosen.length > 0 ? chosen : EVERYDAY);
    const seldom = i > 0 && fault.seldomSteps.length > 0 && random.next() < SELDOM_SHARE;
    const usual = first && rollsBack ? fault.rollbackSteps : stepsOf(fault, rollsBack);
    const step = random.pick(seldom ? fault.seldomSteps : usual);
    faults.set(`${fault.kind}@${step}`, { kind: fault.kind, step, ...parameters(random, fault, i > 0) });
  }
  return [...faults.values()];
};

const parameters = (
  random: Random,
  { kind, scope }: FaultKind,
  maySkip: boolean,
): Omit<CaseFault, "kind" | "step"> => {
  if (scope === "world")
    return random.next() < ENDLESS_SHARE ? {} : { seconds: random.whole(...WORLD_SECONDS) };
  return {
    ...(random.next() < COUNT_SHARE ? { count: random.whole(2, COUNT_MAX) } : {}),
    ...(maySkip && random.next() < SKIP_SHARE ? { skip: random.whole(1, SKIP_MAX) } : {}),
    ...(kind === "zombie" ? { seconds: random.whole(...ZOMBIE_SECONDS) } : {}),
  };
};
