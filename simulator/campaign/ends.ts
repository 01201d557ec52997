/** How a run must end that has one fault, or that a rollback is asked for in: exactly one end for each kind and step, as a table. */

import type { Outcome } from "../../domain/events.ts";
import type { FaultKind } from "../faults/catalogue.ts";

const METRICS = [
  "metrics-missing",
  "metrics-late",
  "metrics-nan",
  "metrics-of-the-wrong-cluster",
  "sparse-metrics",
];
const ABORTS = ["execution-aborted", "event-lost", "event-twice"];

/** Of faults of the world that last for good, by kind, or by kind and step where that differs. What isn't here is got by: the run completes. */
const WORLD_ENDS: Readonly<Record<string, Outcome>> = {
  "pod-never-ready": "rolled-back",
  "pod-crashes": "rolled-back",
  ...Object.fromEntries(
    METRICS.flatMap((kind) => [
      [kind, "rolled-back"],
      // Nothing was changed yet.
      [`${kind}@check-metrics`, "refused"],
      // After the delegation a failure holds and pages: the target serves, the source stands.
      [`${kind}@observe-stragglers`, "waiting"],
    ]),
  ),
  ...Object.fromEntries(
    ABORTS.flatMap((kind) => [
      [kind, "rolled-back"],
      [`${kind}@observe-stragglers`, "waiting"],
    ]),
  ),
  // The move gets by; retiring the source waits for whoever lets something raise it again and again.
  "hpa-fights": "waiting",
  "controller-both-sides": "rolled-back",
  "volume-snapshot-fails": "rolled-back",
  "volume-snapshot-slow": "rolled-back",
  "terminating-hangs": "rolled-back",
  "unacked-stuck": "rolled-back",
  "publisher-reappears": "rolled-back",
  "broker-unreachable": "rolled-back",
  "webhook-down": "rolled-back",
  "quota-exceeded": "rolled-back",
  "firewall-drops": "rolled-back",
  "security-group-drops": "rolled-back",
  "flow-logs-late": "rolled-back",
  "secrets-left-out": "rolled-back",
  "secret-renewed": "rolled-back",
  "object-added": "rolled-back",
  "edge-closed": "rolled-back",
  "target-errs": "rolled-back",
  "target-slow": "waiting",
  "address-pinned": "waiting",
  // Nobody who may has answered in time: rolled back, and left to people.
  "approval-late": "waiting",
  "approval-never": "waiting",
  "slack-down": "waiting",
  "approval-contradictory": "rolled-back",
};

/** What is transient completes, whatever the step. */
export const dueOf = ({ kind, scope }: FaultKind, step: string): Outcome => {
  if (scope === "call" || kind === "started-twice") return "completed";
  if (kind === "rollback-pressed") return "rolled-back";
  return WORLD_ENDS[`${kind}@${step}`] ?? WORLD_ENDS[kind] ?? "completed";
};

/** States of the decommissioning after which there is nothing left to go back to: the rollback is refused, in a sentence. */
const NO_WAY_BACK: ReadonlySet<string> = new Set([
  "decommission/Put the TTLs back",
  "decommission/Release the clusters",
  "decommission/Decommissioned",
]);

/** States in which the rollback and the first retirement race. Which of them was first is on record, and each of the two has its one end. */
const RACED: ReadonlySet<string> = new Set([
  "decommission/Retire each workload",
  "decommission/Retire/Retire",
]);

/**
 * @param state `machine/State`, at whose first entry a person asks for the rollback.
 * @returns how it must end; `dueOnceRetired` where a retirement may be first: how it must end if one stands.
 */
export const dueOnState = (state: string): { readonly due: Outcome; readonly dueOnceRetired?: Outcome } =>
  RACED.has(state)
    ? { due: "rolled-back", dueOnceRetired: "refused" }
    : { due: NO_WAY_BACK.has(state) ? "refused" : "rolled-back" };
