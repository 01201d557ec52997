/** How many pods a workload's demand takes, from the plan's load and capacity: what the source must keep, whatever half of it is. */

import { nameOf, type Plan, type Workload } from "./plan.ts";
import { neededCalls } from "./queries.ts";

type Sized = Pick<Plan, "workloads" | "hosts" | "settings">;

/** Peak requests a second that reach each workload (`namespace/name`), over every public host whose calls lead to it. */
export const peakDemands = (plan: Sized): ReadonlyMap<string, number> => {
  const calls = neededCalls(plan);
  const behind = new Map<string, string[]>();
  for (const w of plan.workloads)
    for (const service of w.services) behind.set(service, [...(behind.get(service) ?? []), nameOf(w)]);
  const peaks = new Map<string, number>();
  for (const { host, namespace, service } of plan.hosts) {
    const load = plan.settings.load.find((l) => l.host === host);
    if (!load) continue;
    for (const name of reachedFrom(`${namespace}/${service}`, behind, calls))
      peaks.set(name, (peaks.get(name) ?? 0) + load.requestsPerSecond * load.peakFactor);
  }
  return peaks;
};

const reachedFrom = (
  entry: string,
  behind: ReadonlyMap<string, readonly string[]>,
  calls: ReadonlyMap<string, readonly string[]>,
): ReadonlySet<string> => {
  const reached = new Set<string>();
  const open = [...(behind.get(entry) ?? [])];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (reached.has(name)) continue;
    reached.add(name);
    for (const service of calls.get(name) ?? []) open.push(...(behind.get(service) ?? []));
  }
  return reached;
};

/** Pods that carry a demand with the policy's headroom; at least one. All of them where the capacity of a pod isn't known. */
export const podsForDemand = (plan: Sized, workload: Workload, demand: number): number => {
  const { capacity, policy } = plan.settings;
  const known =
    capacity.find((c) => c.workload === nameOf(workload)) ?? capacity.find((c) => c.workload === "*");
  return known
    ? Math.max(1, Math.ceil((demand * policy.headroom) / known.requestsPerSecondPerPod))
    : workload.replicas;
};
