/** While the guard holds the run, nothing new begins. */

import { type Guard, GuardSchema } from "../../functions/guard.ts";
import type { Invariant } from "./invariant.ts";
import { changesPlatform, type Scene } from "./scene.ts";

/** Steps that begin something: capacity, ownership, traffic. */
const BEGINS = new Set(["scale-workload", "delegate-zone"]);

/** A function that looked just before the guard spoke may still be at work; it lives 30 s. */
const IN_FLIGHT_MS = 30_000;

const guardIn = (body: unknown): Guard => GuardSchema.parse(JSON.parse(String(body ?? "{}")));

export const makeGuarded = (): Invariant<Scene> => {
  let heldSince: number | undefined;
  return {
    name: "guarded",
    sentence: "While the guard holds the run, no workload is scaled, handed over or cut.",
    check: ({ fact, plan, now }) => {
      const seen = fact();
      if (seen?.kind !== "call") return [];
      const { call } = seen;
      if (
        call.service === "s3" &&
        call.mutating &&
        call.outcome === "applied" &&
        call.subject === `migrations/${plan.migration}/guard.json`
      ) {
        const { held } = guardIn((call.input as { readonly Body?: unknown }).Body);
        heldSince = held ? (heldSince ?? now()) : undefined;
        return [];
      }
      if (!changesPlatform(call) || !BEGINS.has(call.invocation.step)) return [];
      if (heldSince === undefined || now() - heldSince <= IN_FLIGHT_MS) return [];
      // What has begun is finished: an exclusive workload that was stopped has to start.
      const finishes =
        call.side === "target" &&
        plan.workloads.some(
          (w) => w.move === "stop-then-start" && call.subject.includes(`${w.namespace}/${w.name}`),
        );
      if (finishes) return [];
      return [
        `${call.invocation.step} made ${call.service}:${call.action} on ${call.subject}, and the guard has held the run for ${Math.round((now() - heldSince) / 1_000)} s.`,
      ];
    },
  };
};
