/** Says in the record when requests begin to fail because of the move, and why; once for each reason, not once for each request. */

import type { Side } from "../../../domain/phases.ts";
import type { Emit } from "../types.ts";
import type { Cause } from "./evaluate.ts";

/** A reason that was gone for this long is news when it returns. */
const QUIET_MS = 300_000;

export type Alarms = {
  /** Requests to a host failed between two times, for these causes (the largest is told). */
  readonly note: (side: Side, host: string, causes: readonly Cause[], fromMs: number, toMs: number) => void;
};

export const makeAlarms = (emit: Emit): Alarms => {
  const seenAt = new Map<string, number>();
  return {
    note: (side, host, causes, fromMs, toMs) => {
      let worst: Cause | undefined;
      for (const cause of causes) if (!cause.paused && cause.share > (worst?.share ?? 0)) worst = cause;
      if (!worst) return;
      const key = `${side}|${host}|${worst.workload}|${worst.reason.replace(/\d+/g, "#")}`;
      const before = seenAt.get(key);
      seenAt.set(key, toMs);
      if (before !== undefined && fromMs - before < QUIET_MS) return;
      emit({ type: "failing", cluster: side, host, workload: worst.workload, reason: worst.reason });
    },
  };
};
