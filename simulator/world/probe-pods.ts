/** What the probe's image does in the simulated world: it tries the destinations of its arguments and leaves a report. */

import { EGRESS_PROBE, type ProbeReport } from "../../domain/egress-probes.ts";
import type { KubeObject } from "../../domain/kube.ts";
import type { Side } from "../../domain/phases.ts";
import type { Plan } from "../../domain/plan.ts";
import { at } from "../../domain/pods.ts";
import type { FlowRecords } from "./flow-records.ts";
import type { ThirdParties } from "./third-parties.ts";

/** A termination message is cut off here (kubelet). */
const MESSAGE_BYTES_MAX = 4_096;

/** What a pod leaves as its termination message; undefined for pods that are no probes. */
export const makeProgram = (
  plan: Plan,
  outside: ThirdParties,
  flows: () => FlowRecords,
): ((side: Side, pod: KubeObject) => string | undefined) => {
  const runs = { source: 0, target: 0 };
  return (side, pod) => {
    if (pod.metadata.labels?.[EGRESS_PROBE] !== "true") return undefined;
    const containers = at(pod, "spec", "containers");
    const args = at(Array.isArray(containers) ? containers[0] : undefined, "args");
    const places = valuesOf(Array.isArray(args) ? args.map(String) : [], "--connect");
    const addresses = plan.settings[side].egressAddresses;
    runs[side] += 1;
    const report: ProbeReport = {
      egress: addresses[runs[side] % addresses.length] ?? null,
      to: places.map((place) => {
        const outsider = outside.find(place);
        if (outsider) flows().tried(side, outsider);
        return { at: place, ...outside.reach(side, place) };
      }),
    };
    return JSON.stringify(report).slice(0, MESSAGE_BYTES_MAX);
  };
};

const valuesOf = (args: readonly string[], flag: string): readonly string[] =>
  args.flatMap((arg, i) => (arg === flag && args[i + 1] !== undefined ? [args[i + 1] ?? ""] : []));
