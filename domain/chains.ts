/** Whether requests can tell of a workload on the target yet: is the chain whole that leads to it from a public host, and what it calls? Pure. */

import type { Plan } from "./plan.ts";
import { neededCalls, workloadsBehind } from "./queries.ts";

type Graph = Pick<Plan, "workloads" | "hosts" | "links">;

/**
 * @param ready Workloads that have a ready pod on the target.
 * @returns for a workload, why requests can't tell yet: a link that is missing on the way to it, or behind it. Undefined where the chain is whole.
 */
export const gapsOf = (
  plan: Graph,
  ready: ReadonlySet<string>,
): ((workload: string) => string | undefined) => {
  const calls = neededCalls(plan);
  const linked = new Set((plan.links ?? []).filter((l) => l.on === "target").map((l) => l.service));
  const behind = (service: string): readonly string[] => workloadsBehind(plan.workloads).get(service) ?? [];
  const answersFor = (service: string): boolean =>
    linked.has(service) || behind(service).some((w) => ready.has(w));
  const led = ledTo(plan, ready, calls, behind);

  return (workload) => {
    const seen = new Set<string>();
    const open = [workload];
    for (let w = open.pop(); w !== undefined; w = open.pop()) {
      if (seen.has(w)) continue;
      seen.add(w);
      for (const service of calls.get(w) ?? []) {
        if (!answersFor(service))
          return `${w} calls Service ${service}, and nothing answers for it on the target`;
        if (!linked.has(service)) open.push(...behind(service));
      }
    }
    return led.has(workload)
      ? undefined
      : `nothing that answers a public host on the target leads to ${workload}`;
  };
};

/** Everybody whom requests to public hosts reach, passed on by ready workloads only. */
const ledTo = (
  { hosts }: Graph,
  ready: ReadonlySet<string>,
  calls: ReadonlyMap<string, readonly string[]>,
  behind: (service: string) => readonly string[],
): ReadonlySet<string> => {
  const reached = new Set<string>();
  const next = hosts.map((h) => `${h.namespace}/${h.service}`);
  for (let service = next.pop(); service !== undefined; service = next.pop())
    for (const w of behind(service)) {
      if (reached.has(w) || !ready.has(w)) continue;
      reached.add(w);
      next.push(...(calls.get(w) ?? []));
    }
  return reached;
};
