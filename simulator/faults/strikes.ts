/** The faults of one run at work: which call is struck, which fault of the world is on, and how often each has struck. */

import type { Side } from "../../domain/phases.ts";
import { steps } from "../../functions/index.ts";
import { listeners } from "../../functions/listeners.ts";
import type { Step } from "../../functions/step.ts";
import type { Clock } from "../clock.ts";
import type { Call, FaultHook, Invocation, Moment, Observed, Strike } from "../services/seam.ts";
import type { Emit } from "../world/types.ts";
import { changesTheWorld, faultOf, knowsConflicts } from "./catalogue.ts";
import type { WorldFault, WorldFaults } from "./world.ts";

export type FaultRequest = {
  readonly kind: string;
  readonly step: string;
  readonly count?: number;
  readonly seconds?: number;
  /** How many occasions pass before it strikes; none where absent. */
  readonly skip?: number;
};

export type Faults = {
  /** Whether any were asked for: without them nothing strikes, and no call needs to ask. */
  readonly any: boolean;
  readonly hook: FaultHook;
  /** A step begins: faults of the world that wait for it start. */
  readonly stepBegins: (step: string) => void;
  /** Whether an invocation that begins is to run twice. */
  readonly duplicates: (step: string) => boolean;
  /** Whether an invocation that has made its effect dies with its answer. */
  readonly diesBeforeReturn: (invocation: Invocation) => boolean;
  /** Whether answers have to be kept, so that a read can be stale. */
  readonly remembers: boolean;
  /** A call was answered: a fault of the world may have been felt by it. */
  readonly sawCall: (call: Observed) => void;
  /** When all of them were ended, in virtual seconds; undefined where they were not. */
  readonly endedAt: () => number | undefined;
  /** How often each could have struck and let it pass. */
  readonly occasions: () => readonly {
    readonly kind: string;
    readonly step: string;
    readonly passed: number;
  }[];
  readonly tally: () => readonly { readonly kind: string; readonly step: string; readonly struck: number }[];
};

export type FaultsOptions = {
  readonly clock: Clock;
  readonly emit: Emit;
  readonly world: () => WorldFaults;
  /** So long after the first strike all of them are over. */
  readonly endAfterSeconds?: number;
  /** What somebody does, by the kind of the fault. */
  readonly people?: () => Readonly<Record<string, () => void>>;
};

/** What ends by itself, as its kind does: a network that never comes back is no fault but a loss. */
const LASTS_SECONDS: Readonly<Record<string, number>> = {
  "clusters-cut-off": 300,
  "source-unreachable": 60,
  "target-unreachable": 60,
};

type Active = FaultRequest & { struck: number; passed: number; began: boolean; over: boolean };

/** Whether this occasion is one of those that a fault lets pass. */
const passes = (fault: Active): boolean => {
  if (fault.passed >= (fault.skip ?? 0)) return false;
  fault.passed += 1;
  return true;
};

export const makeFaults = (requests: readonly FaultRequest[], options: FaultsOptions): Faults => {
  const fresh = { struck: 0, passed: 0, began: false, over: false };
  const active: Active[] = requests.map((request) => ({ ...request, ...fresh }));
  const ending = makeEnding(active, options, (kind) => switchOf(kind));
  const note = (fault: Active, sentence: string) => {
    ending.start();
    fault.struck += 1;
    options.emit({ type: "fault", kind: fault.kind, step: fault.step, sentence });
  };
  const switchOf = (kind: string) => {
    const found = options.world()[kind];
    if (!found) throw new Error(`The world has no switch for ${kind}.`);
    return found;
  };
  /** The first time is a line; all times are counted. */
  const felt = (fault: Active) => {
    if (fault.struck === 0) note(fault, `${fault.kind} is felt; it began with ${fault.step}.`);
    else fault.struck += 1;
  };
  /** Invocations that have made an effect, and those that nobody waits for any more. */
  const effective = new WeakSet<Invocation>();
  const zombies = new WeakSet<Invocation>();
  const strikes = (fault: Active, sentence: string) => {
    note(fault, sentence);
    fault.over = fault.struck >= (fault.count ?? 1);
  };
  /** The fault of a kind that strikes a step now. */
  const due = (kind: string, step: string): Active | undefined => {
    const fault = active.find((each) => !each.over && each.kind === kind && each.step === step);
    return fault && !passes(fault) ? fault : undefined;
  };
  const disturb = disturbing(active, options, strikes);
  return {
    duplicates: (step) => {
      const fault = due("duplicate", step);
      if (fault) strikes(fault, `duplicate: ${step} runs twice.`);
      return fault !== undefined;
    },
    diesBeforeReturn: (invocation) => {
      if (!effective.has(invocation) || zombies.has(invocation)) return false;
      const fault = due("crash-before-return", invocation.step);
      if (fault) strikes(fault, `crash-before-return struck ${invocation.step}.`);
      return fault !== undefined;
    },
    hook: (call, invocation) => {
      if (call.moment === "before" && cutOff(active, call, felt)) return { kind: "answer-lost" };
      if (call.moment === "after" && call.isNews) {
        const fault = due("stale-read", invocation.step);
        if (fault) strikes(fault, `stale-read struck ${invocation.step} at ${call.service}:${call.action}.`);
        if (fault) return { kind: "stale" };
      }
      if (!isEffect(call, invocation)) return undefined;
      if (call.moment === "after" && call.outcome === "applied") effective.add(invocation);
      if (call.moment === "before" && !zombies.has(invocation)) disturb(invocation);
      for (const fault of active) {
        if (fault.over || fault.step !== invocation.step) continue;
        const strike = strikeOf(fault, call);
        if (!strike || (strike.kind === "zombie" && zombies.has(invocation)) || passes(fault)) continue;
        if (strike.kind === "zombie") zombies.add(invocation);
        strikes(fault, `${fault.kind} struck ${invocation.step} at ${call.service}:${call.action}.`);
        return strike;
      }
      return undefined;
    },
    stepBegins: beginning(active, options, { switchOf, felt }),
    sawCall: (call) => {
      for (const fault of active)
        if (fault.began && !fault.over && switchOf(fault.kind).feltBy?.(call)) felt(fault);
    },
    any: active.length > 0,
    remembers: active.some(({ kind }) => kind === "stale-read"),
    endedAt: ending.at,
    occasions: () => active.map(({ kind, step, passed }) => ({ kind, step, passed })),
    tally: () => active.map(({ kind, step, struck }) => ({ kind, step, struck })),
  };
};

/** Ends all faults some time after the first strike: from then on nothing hinders the run. */
const makeEnding = (
  active: readonly Active[],
  { clock, endAfterSeconds }: Pick<FaultsOptions, "clock" | "endAfterSeconds">,
  switchOf: (kind: string) => WorldFault,
) => {
  let endedAt: number | undefined;
  let started = false;
  return {
    at: () => endedAt,
    start: () => {
      if (started || endAfterSeconds === undefined) return;
      started = true;
      clock.after(endAfterSeconds * 1000, () => {
        endedAt = clock.elapsedSeconds();
        for (const fault of active) {
          if (fault.began && !fault.over) switchOf(fault.kind).turn(false, () => {});
          // What has not begun never will.
          fault.began = true;
          fault.over = true;
        }
      });
    },
  };
};

type Begun = {
  readonly switchOf: (kind: string) => WorldFault;
  readonly felt: (fault: Active) => void;
};

/** Faults of the world that wait for a step begin with it, and end after their time. */
const beginning =
  (active: readonly Active[], { clock }: Pick<FaultsOptions, "clock">, { switchOf, felt }: Begun) =>
  (step: string): void => {
    for (const fault of active) {
      if (fault.began || fault.step !== step || faultOf(fault.kind)?.scope !== "world") continue;
      if (passes(fault)) continue;
      fault.began = true;
      const { turn } = switchOf(fault.kind);
      turn(true, () => felt(fault));
      const { seconds = LASTS_SECONDS[fault.kind] } = fault;
      if (seconds !== undefined)
        clock.after(seconds * 1000, () => {
          fault.over = true;
          turn(false, () => {});
        });
    }
  };

/** The API servers that no function reaches while a fault is on. */
const UNREACHABLE: Readonly<Record<string, Side>> = {
  "source-unreachable": "source",
  "target-unreachable": "target",
};

/** Whether a call is lost on its way, since nothing gets through to that side. */
const cutOff = (active: readonly Active[], call: Call, felt: (fault: Active) => void): boolean => {
  if (call.service !== "kubernetes") return false;
  const fault = active.find((each) => each.began && !each.over && UNREACHABLE[each.kind] === call.side);
  if (fault) felt(fault);
  return fault !== undefined;
};

/** Somebody does something while a step is about to make its effect; the effect goes on. */
const disturbing =
  (
    active: readonly Active[],
    { people }: Pick<FaultsOptions, "people">,
    strikes: (fault: Active, sentence: string) => void,
  ) =>
  ({ step }: Invocation): void => {
    for (const fault of active) {
      if (fault.over || fault.step !== step || faultOf(fault.kind)?.scope !== "people") continue;
      const act = people?.()[fault.kind];
      if (!act || passes(fault)) continue;
      strikes(fault, `${fault.kind} at ${step}.`);
      act();
    }
  };

const byName = new Map<string, Step>([...steps, ...listeners].map((step) => [step.name, step]));

/** The effect of a step: its change of the world; for one that only writes records, the record. */
const isEffect = (call: Call, invocation: Invocation): boolean => {
  if (!call.mutating) return false;
  const step = byName.get(invocation.step);
  return call.service !== "s3" || (step !== undefined && !changesTheWorld(step));
};

/** How long a zombie stands still; with what it did before and does after it stays below a function's thirty seconds. */
const ZOMBIE_SECONDS = 20;

const strikeOf = (
  { kind, seconds = ZOMBIE_SECONDS }: FaultRequest,
  call: Call & Moment,
): Strike | undefined => {
  const before = call.moment === "before";
  const applied = call.moment === "after" && call.outcome === "applied";
  switch (kind) {
    case "crash-before-effect":
      return before ? { kind: "crash" } : undefined;
    case "crash-after-effect":
      return applied ? { kind: "crash" } : undefined;
    case "timeout-though-applied":
      return applied ? { kind: "answer-lost" } : undefined;
    case "throttled":
      return before ? { kind: "throttled", retryAfterSeconds: 2 } : undefined;
    case "conflict":
      return before && knowsConflicts(call.service) ? { kind: "conflict" } : undefined;
    case "server-error":
      return before ? { kind: "server-error" } : undefined;
    case "zombie":
      return before ? { kind: "zombie", seconds } : undefined;
    default:
      return undefined;
  }
};
