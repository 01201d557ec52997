/** Preflight, demand: whether each workload carries its own peak before anything moves. A move takes no load away, and Repot's probes add a little. Pure. */

import { peakDemands, podsForDemand } from "../capacity.ts";
import type { Verdict } from "../gates.ts";
import { byCodeUnit } from "../kube.ts";
import { nameOf, type Plan } from "../plan.ts";
import { LOAD_GENERATOR } from "../queries.ts";
import { judging, seen, some } from "./judging.ts";

/** Days differ: a peak is known to a few per cent. */
const MARGIN = 1.05;

/** runtime/demand: peak, margin and synthetic load against all pods of each workload; what an autoscaler may grow is its own business. */
export const judgeDemand = (plan: Omit<Plan, "objects">, at: string): Verdict => {
  const say = judging(at)("runtime/demand", plan.platform);
  const demands = peakDemands(plan);
  const synthetic = LOAD_GENERATOR.requestsPerSecond * plan.hosts.length;
  const short = plan.workloads.flatMap((w) => {
    const demand = demands.get(nameOf(w)) ?? 0;
    if (demand === 0 || w.autoscaler !== undefined || w.class === "core" || w.replicas === 0) return [];
    const needed = podsForDemand(
      { ...plan, settings: { ...plan.settings, policy: { ...plan.settings.policy, headroom: 1 } } },
      w,
      demand * MARGIN + synthetic,
    );
    return needed > w.replicas
      ? [
          `${nameOf(w)} gets ${Math.ceil(demand)} requests a second at the peak, and takes ${needed} pods for that where it has ${w.replicas}`,
        ]
      : [];
  });
  const evidence = [
    seen(
      "workloads short of their peak",
      short.length,
      "0",
      "load and capacity of the plan",
      plan.workloads.length,
    ),
  ];
  if (short.length === 0)
    return say.pass("Each workload carries its peak demand with the pods that it has.", evidence);
  // No refusal: such a platform fails requests on every ordinary day, and its owners may move it for that very reason.
  return say.pass(
    `${some(short.sort(byCodeUnit), 3)}: watch that, requests fail there with or without a move, and Repot's own probes come on top.`,
    evidence,
  );
};
