/** What the probe's image does in the simulated world: it tries the destinations of its arguments and leaves a report; or asks for one host and fails where that doesn't answer. */

import { PROBE_HOST } from "../../domain/e2e.ts";
import { EGRESS_PROBE, type ProbeReport } from "../../domain/egress-probes.ts";
import type { KubeObject } from "../../domain/kube.ts";
import type { Side } from "../../domain/phases.ts";
import type { Plan } from "../../domain/plan.ts";
import { at } from "../../domain/pods.ts";
import type { Ended } from "./cluster/machine.ts";
import type { FlowRecords } from "./flow-records.ts";
import type { ThirdParties } from "./third-parties.ts";

/** A termination message is cut off here (kubelet). */
const MESSAGE_BYTES_MAX = 4_096;

/** How a pod ends; pods that are no probes end well. */
export const makeProgram = (
  plan: Plan,
  outside: ThirdParties,
  flows: () => FlowRecords,
  /** The status with which a side answers for a host; undefined where it doesn't. */
  answers: (side: Side, host: string) => number | undefined = () => 200,
): ((side: Side, pod: KubeObject) => Ended) => {
  const runs = { source: 0, target: 0 };
  return (side, pod) => {
    const host = pod.metadata.annotations?.[PROBE_HOST];
    if (host !== undefined) return askedFor(host, answers(side, host));
    if (pod.metadata.labels?.[EGRESS_PROBE] !== "true") return {};
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
    return { message: JSON.stringify(report).slice(0, MESSAGE_BYTES_MAX) };
  };
};

/** What `--status-below 500` makes of an answer. */
const askedFor = (host: string, status: number | undefined): Ended =>
  status !== undefined && status < 500
    ? {}
    : { failed: true, message: `${host} ${status === undefined ? "does not answer" : `answers ${status}`}` };

const valuesOf = (args: readonly string[], flag: string): readonly string[] =>
  args.flatMap((arg, i) => (arg === flag && args[i + 1] !== undefined ? [args[i + 1] ?? ""] : []));
