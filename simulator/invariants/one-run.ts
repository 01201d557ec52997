/** One execution moves a migration, and one takes it back: whoever comes second is refused before it does anything. */

import type { Invariant } from "./invariant.ts";
import type { Scene } from "./scene.ts";

/** States in which an execution has not been let through yet, or has been refused. */
const AT_THE_DOOR: Readonly<Record<string, ReadonlySet<string>>> = {
  "migrate-cluster": new Set(["Read the plan", "Refused"]),
  "roll-back": new Set([
    "Take the input",
    "Raise the fence",
    "May this be rolled back?",
    "Refused",
    "Failed",
  ]),
};

export const makeOneRun = (): Invariant<Scene> => {
  const inside = new Map<string, Set<string>>();
  return {
    name: "one-run",
    sentence: "At any time one execution moves the migration forward, and one takes it back.",
    check: ({ fact }) => {
      const seen = fact();
      if (seen?.kind !== "event") return undefined;
      const { event } = seen;
      if (event.type !== "transition" && event.type !== "execution") return undefined;
      const door = AT_THE_DOOR[event.machine];
      if (!door) return undefined;
      const running = inside.get(event.machine) ?? new Set<string>();
      inside.set(event.machine, running);
      if (event.type === "execution") {
        if (event.status !== "started") running.delete(event.execution);
        return undefined;
      }
      if (door.has(event.state)) return undefined;
      running.add(event.execution);
      return running.size > 1
        ? [`${[...running].join(" and ")} of ${event.machine} run at the same time.`]
        : [];
    },
  };
};
