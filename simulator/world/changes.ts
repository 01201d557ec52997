/** What a cluster's news says about one workload. */

import type { Changed } from "./types.ts";

/** Where something named `namespace/name` is. */
export const namespaceIn = (name: string): string => name.slice(0, name.indexOf("/"));

/** Whether news may concern something named `namespace/name`; news without namespaces concerns everything. */
export const concerns = (change: Changed | undefined, name: string): boolean =>
  change === undefined || change.namespaces.has(namespaceIn(name));
