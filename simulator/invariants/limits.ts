/** What Step Functions and our permissions allow: histories within their limit, and nothing asked for that was not declared. */

import type { Invariant } from "./invariant.ts";
import type { Scene } from "./scene.ts";

/** Step Functions developer guide, quotas: events in the history of one execution. */
const HISTORY_EVENTS_MAX = 25_000;

export const makeLimits = (): Invariant<Scene> => ({
  name: "limits",
  sentence: "No execution comes near the limit of its history.",
  check: ({ fact }) => {
    const seen = fact();
    if (
      seen?.kind !== "event" ||
      seen.event.type !== "execution" ||
      seen.event.historyEvents < HISTORY_EVENTS_MAX
    )
      return [];
    return [`${seen.event.execution} of ${seen.event.machine} has ${seen.event.historyEvents} events.`];
  },
});

export const makePermissions = (): Invariant<Scene> => ({
  name: "permissions",
  sentence: "No step asks for what it did not declare.",
  check: ({ fact }) => {
    const seen = fact();
    if (seen?.kind !== "event" || seen.event.type !== "permission" || seen.event.allowed) return [];
    const { step, service, action } = seen.event;
    return [`${step} was denied ${service}:${action}; it does not declare it.`];
  },
});

/**
 * Task tokens open a running migration to whoever holds them.
 * @param keys Values of secrets, from the start.
 */
export const makeSecrets = (keys: readonly string[] = []): Invariant<Scene> => {
  const tokens = new Set<string>(keys);
  return {
    name: "secrets",
    sentence: "No task token, key of the Slack app or masked value is in any line of the record.",
    check: ({ fact }) => {
      const seen = fact();
      if (seen?.kind === "call") {
        if (seen.call.invocation.step === "ask-people" && seen.call.service === "s3" && seen.call.mutating) {
          const token = /"token":"([^"]+)"/.exec(
            String((seen.call.input as { readonly Body?: unknown }).Body ?? ""),
          )?.[1];
          if (token) tokens.add(token);
        }
        return [];
      }
      if (!seen || tokens.size === 0) return [];
      const line = JSON.stringify(seen.event);
      return [...tokens].some((token) => line.includes(token))
        ? [`A task token is in a line of type ${seen.event.type}.`]
        : [];
    },
  };
};
