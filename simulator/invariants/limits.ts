/** What Step Functions allows: histories and payloads within their limits. */

import type { Invariant } from "./invariant.ts";
import type { Scene } from "./scene.ts";

/** Step Functions developer guide, quotas: events in the history of one execution. */
const HISTORY_EVENTS_MAX = 25_000;

export const makeLimits = (): Invariant<Scene> => ({
  name: "limits",
  sentence: "No execution comes near the limit of its history, and no payload passes 256 KiB.",
  check: ({ fact }) => {
    const seen = fact();
    if (seen?.kind !== "event" || seen.event.type !== "execution") return undefined;
    const { execution, machine, historyEvents, error } = seen.event;
    if (historyEvents >= HISTORY_EVENTS_MAX)
      return [`${execution} of ${machine} has ${historyEvents} events.`];
    return error === "States.DataLimitExceeded"
      ? [`${execution} of ${machine} passed the limit of a payload.`]
      : [];
  },
});
