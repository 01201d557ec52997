/** While the guard holds the run, nothing new begins. */

import { stopsFirst } from "../../domain/kafka-policy.ts";
import { nameOf, type Plan } from "../../domain/plan.ts";
import { type Guard, GuardSchema } from "../../functions/guard.ts";
import type { Invariant } from "./invariant.ts";
import { changesPlatform, type Scene, wrote } from "./scene.ts";

/** Steps that begin something: capacity, ownership, traffic. */
const BEGINS = new Set(["scale-workload", "delegate-zone"]);

/** A function that looked just before the guard spoke may still be at work; it lives 30 s. */
const IN_FLIGHT_MS = 30_000;

const guardIn = (body: unknown): Guard => GuardSchema.parse(JSON.parse(String(body ?? "{}")));

/** Whether a call on the target is about a workload that was stopped on the source first. */
const wasStopped = (plan: Plan, subject: string): boolean =>
  plan.workloads.some(
    (w) =>
      subject.includes(`/namespaces/${w.namespace}/`) &&
      subject.includes(`/${w.name}/scale`) &&
      [undefined, ...(plan.groups ?? []).filter((g) => g.workload === nameOf(w)).map((g) => g.policy)].some(
        (policy) => stopsFirst(w.move, policy),
      ),
  );

export const makeGuarded = (): Invariant<Scene> => {
  let heldSince: number | undefined;
  return {
    name: "guarded",
    sentence: "While the guard holds the run, no workload is scaled, handed over or cut.",
    check: ({ fact, plan, now }) => {
      const seen = fact();
      if (seen?.kind !== "call") return undefined;
      const { call } = seen;
      if (wrote(call, `migrations/${plan.migration}/guard.json`)) {
        const { held } = guardIn((call.input as { readonly Body?: unknown }).Body);
        heldSince = held ? (heldSince ?? now()) : undefined;
        return undefined;
      }
      if (!changesPlatform(call) || !BEGINS.has(call.invocation.step)) return undefined;
      if (heldSince === undefined || now() - heldSince <= IN_FLIGHT_MS) return [];
      // What has begun is finished: what was stopped has to start.
      if (call.side === "target" && wasStopped(plan, call.subject)) return [];
      return [
        `${call.invocation.step} made ${call.service}:${call.action} on ${call.subject}, and the guard has held the run for ${Math.round((now() - heldSince) / 1_000)} s.`,
      ];
    },
  };
};
