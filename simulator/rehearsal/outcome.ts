/** How a run ended, from its record alone, and the exit code that says so. */

import type { Outcome, RunEvent } from "../../domain/events.ts";

export type Ending = { readonly outcome: Outcome; readonly exitCode: number; readonly sentence: string };

type Ended = Extract<RunEvent, { type: "execution" }>;

const last = (events: readonly RunEvent[], machine: string): Ended | undefined =>
  events.findLast(
    (e): e is Ended => e.type === "execution" && e.machine === machine && e.status !== "started",
  );

/** Exit codes: 0 done, 3 a gate refused before any lasting effect, 4 rolled back, 5 waiting for a person, 6 violated, 7 refused, 8 rollback incomplete. */
export const endingOf = (events: readonly RunEvent[]): Ending => {
  const violations = events.filter((e) => e.type === "violation");
  const [first] = violations;
  if (first) return { outcome: "violated", exitCode: 6, sentence: `${first.invariant}: ${first.sentence}` };
  const back = last(events, "roll-back");
  if (back) return rolledBack(events, back);
  const top = last(events, "migrate-cluster");
  const end = last(events, "decommission");
  if (top?.status === "succeeded" && end?.status === "succeeded")
    return {
      outcome: "completed",
      exitCode: 0,
      sentence: "The platform runs on the target; the source's workloads are gone.",
    };
  return stopped(top?.status === "succeeded" ? end : top);
};

const rolledBack = (events: readonly RunEvent[], back: Ended): Ending => {
  if (back.error === "RollbackRefused")
    return { outcome: "refused", exitCode: 7, sentence: back.cause ?? "The rollback was refused." };
  if (back.status !== "succeeded")
    return {
      outcome: "rollback-incomplete",
      exitCode: 8,
      sentence:
        back.cause ?? "The rollback could not undo everything; the pages say what is left to do by hand.",
    };
  const expired = events.some((e) => e.type === "approval" && e.status === "expired");
  return expired
    ? {
        outcome: "waiting",
        exitCode: 5,
        sentence: "Nobody answered in time; everything was rolled back and thawed, and waits for a person.",
      }
    : { outcome: "rolled-back", exitCode: 4, sentence: "Everything is as it was; the source serves." };
};

const stopped = (execution: Ended | undefined): Ending => {
  const { error = "unknown", cause = "" } = execution ?? {};
  const sentence = cause || error;
  switch (error) {
    case "GateRefused":
      return { outcome: "refused", exitCode: 3, sentence };
    case "PreflightRefused":
    case "Refused":
    case "ClusterBusy":
    case "FenceRaised":
      return { outcome: "refused", exitCode: 7, sentence };
    default:
      return { outcome: "waiting", exitCode: 5, sentence };
  }
};
