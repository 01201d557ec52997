/** Nothing is asked for that was not declared, and nothing is declared so widely that nobody would notice. */

import type { Invariant } from "./invariant.ts";
import type { Scene } from "./scene.ts";

export const makePermissions = (): Invariant<Scene> => ({
  name: "permissions",
  sentence: "No step asks for what it did not declare, and none is let through by a wildcard.",
  check: ({ fact }) => {
    const seen = fact();
    if (seen?.kind !== "event" || seen.event.type !== "permission") return undefined;
    const { step, service, action, allowed } = seen.event;
    if (!allowed) return [`${step} was denied ${service}:${action}; it does not declare it.`];
    return isWild(service, action) ? [`${step} was let through by a wildcard, ${service}:${action}.`] : [];
  },
});

/** A star for a verb, a resource or an action; in the scope of an action it is a prefix that was declared. */
const isWild = (service: string, action: string): boolean =>
  service === "kubernetes" ? /:\*|\*$/.test(action) : (action.split(" ")[0] ?? "").includes("*");
