/** No request fails because of the move: judged as they begin to fail, and counted on each line of traffic. */

import type { Invariant } from "./invariant.ts";
import type { Scene } from "./scene.ts";

export const makeRequests = (): Invariant<Scene> => ({
  name: "requests",
  sentence:
    "No request fails because of the move: every resolver class always reaches a ready backend with room.",
  check: ({ fact }) => {
    const seen = fact();
    if (seen?.kind !== "event") return undefined;
    if (seen.event.type === "failing") {
      const { host, cluster, workload, reason } = seen.event;
      return [`Requests to ${host} fail on the ${cluster}, at ${workload}: ${reason}.`];
    }
    if (seen.event.type !== "traffic") return undefined;
    return seen.event.failed > 0 ? [`${seen.event.failed} requests failed because of the move.`] : [];
  },
});
