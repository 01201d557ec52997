/** Task tokens open a running migration to whoever holds them. */

import type { Invariant } from "./invariant.ts";
import type { Scene } from "./scene.ts";

/** @param keys Values of secrets, from the start. */
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
        return undefined;
      }
      if (!seen || tokens.size === 0) return undefined;
      return [...tokens].some((token) => seen.line.includes(token))
        ? [`A task token is in a line of type ${seen.event.type}.`]
        : [];
    },
  };
};
