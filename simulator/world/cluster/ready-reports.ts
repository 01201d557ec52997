/** Watches a workload: says how many of its pods are ready whenever that changes. */

import type { Machine } from "./machine.ts";

/** @returns what workload controllers call with their counts. Nothing is said while the source is put up. */
export const makeReadyReports = (
  machine: Machine,
): ((workload: string, ready: number, wanted: number) => void) => {
  const said = new Map<string, string>();
  return (workload, ready, wanted) => {
    const count = `${ready}/${wanted}`;
    if (said.get(workload) === count) return;
    said.set(workload, count);
    if (!machine.loading()) machine.emit({ type: "ready", cluster: machine.side, workload, ready, wanted });
  };
};
