/** The faults of one run at work: which call is struck, which fault of the world is on, and how often each has struck. */

import type { Emit } from "../world/types.ts";
import type { Clock } from "../clock.ts";
import { steps } from "../../functions/index.ts";
import type { Call, FaultHook, Invocation, Moment, Observed, Strike } from "../services/seam.ts";
import { changesTheWorld, faultOf } from "./catalogue.ts";
import type { WorldFaults } from "./world.ts";

export type FaultRequest = { readonly kind: string; readonly step: string; readonly count?: number; readonly seconds?: number };

export type Faults = {
  readonly hook: FaultHook;
  /** A step begins: faults of the world that wait for it start. */
  readonly stepBegins: (step: string) => void;
  /** A call was answered: a fault of the world may have been felt by it. */
  readonly sawCall: (call: Observed) => void;
  readonly tally: () => readonly { readonly kind: string; readonly step: string; readonly struck: number }[];
};

type Active = FaultRequest & { struck: number; began: boolean; over: boolean };

export const makeFaults = (requests: readonly FaultRequest[], options: { readonly clock: Clock; readonly emit: Emit; readonly world: () => WorldFaults }): Faults => {
  const active: Active[] = requests.map((request) => ({ ...request, struck: 0, began: false, over: false }));
  const note = (fault: Active, sentence: string) => {
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
  return {
    hook: (call, invocation) => {
      for (const fault of active) {
        if (fault.over || fault.step !== invocation.step || faultOf(fault.kind)?.scope !== "call" || !isEffect(call, invocation)) continue;
        const strike = strikeOf(fault.kind, call);
        if (!strike) continue;
        note(fault, `${fault.kind} struck ${invocation.step} at ${call.service}:${call.action}.`);
        fault.over = fault.struck >= (fault.count ?? 1);
        return strike;
      }
      return undefined;
    },
    stepBegins: (step) => {
      for (const fault of active) {
        if (fault.began || fault.step !== step || faultOf(fault.kind)?.scope !== "world") continue;
        fault.began = true;
        const { turn } = switchOf(fault.kind);
        turn(true, () => felt(fault));
        if (fault.seconds !== undefined)
          options.clock.after(fault.seconds * 1000, () => {
            fault.over = true;
            turn(false, () => {});
          });
      }
    },
    sawCall: (call) => {
      for (const fault of active) if (fault.began && !fault.over && switchOf(fault.kind).feltBy?.(call)) felt(fault);
    },
    tally: () => active.map(({ kind, step, struck }) => ({ kind, step, struck })),
  };
};

const byName = new Map(steps.map((step) => [step.name, step]));

/** The effect of a step: its change of the world; for one that only writes records, the record. */
const isEffect = (call: Call, invocation: Invocation): boolean => {
  if (!call.mutating) return false;
  const step = byName.get(invocation.step);
  return call.service !== "s3" || (step !== undefined && !changesTheWorld(step));
};

const strikeOf = (kind: string, call: Call & Moment): Strike | undefined => {
  const applied = call.moment === "after" && call.outcome === "applied";
  switch (kind) {
    case "crash-before-effect":
      return call.moment === "before" ? { kind: "crash" } : undefined;
    case "crash-after-effect":
      return applied ? { kind: "crash" } : undefined;
    case "timeout-though-applied":
      return applied ? { kind: "answer-lost" } : undefined;
    case "throttled":
      return call.moment === "before" ? { kind: "throttled", retryAfterSeconds: 2 } : undefined;
    default:
      return undefined;
  }
};
