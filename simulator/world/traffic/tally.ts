/** What each workload sees of the requests: its own counts by status, as its metrics show them. */

import type { Side } from "../../../domain/phases.ts";
import { type Answer, DUST, FAILED_STATUS, type Loads } from "./answers.ts";
import type { WorkloadFlow } from "./evaluate.ts";
import type { Graph, HostNode } from "./graph.ts";
import { sumOfHops } from "./latency.ts";
import { sharesOf } from "./mix.ts";
import type { ServiceNode, Structure } from "./structure.ts";

/** Adds up what each workload sees, by status code: a host's own mix where requests enter, plain 200 further in. */
export const makeTally = (
  graph: Graph,
  structure: Structure,
  answer: (node: ServiceNode) => Answer,
  loads: Pick<Loads, "get">,
  only: string | undefined,
) => {
  const seen = new Map<string, { node: ServiceNode; listed: number; byCode: Map<string, number> }>();
  const passes = new Map<string, number>();
  const through = (node: ServiceNode): number => {
    let pass = passes.get(node.key);
    if (pass === undefined) {
      pass = structure.closure(node.side, node.service).reduce((p, n) => p * answer(n).pass, 1);
      passes.set(node.key, pass);
    }
    return pass;
  };
  const count = (node: ServiceNode, rate: number, mix: Readonly<Record<string, number>>): void => {
    for (const backend of node.backends) {
      const key = backend.loadKey;
      if (only !== undefined && key !== only) continue;
      const pass = through(node);
      let entry = seen.get(key);
      if (!entry) {
        entry = { node, listed: 0, byCode: new Map<string, number>() };
        seen.set(key, entry);
      }
      entry.listed = Math.max(entry.listed, backend.listed);
      const own = (rate * backend.listed) / node.listed;
      for (const [code, share] of sharesOf(mix))
        entry.byCode.set(code, (entry.byCode.get(code) ?? 0) + own * share * pass);
      if (pass < 1 - DUST)
        entry.byCode.set(FAILED_STATUS, (entry.byCode.get(FAILED_STATUS) ?? 0) + own * (1 - pass));
    }
  };
  return {
    add: (host: HostNode, side: Side, rate: number): void => {
      if (rate <= 0) return;
      for (const entry of host.entries) {
        let mix = host.load.statuses;
        for (const node of structure.closure(side, entry)) {
          count(node, rate / host.entries.length, mix);
          mix = PLAIN;
        }
      }
    },
    flows: (): ReadonlyMap<string, WorkloadFlow> =>
      new Map(
        [...seen].map(([key, { node, listed, byCode }]) => {
          const workload = key.slice(key.indexOf("|") + 1);
          const flow: WorkloadFlow = {
            side: node.podsSide,
            workload,
            requestsPerSecond: loads.get(key) ?? 0,
            capacity: listed * (graph.workloads.get(workload)?.requestsPerSecondPerPod ?? 0),
            byCode,
            latency: sumOfHops(structure.closure(node.side, node.service).map((n) => answer(n).ms)),
          };
          return [key, flow] as const;
        }),
      ),
  };
};

const PLAIN = { "200": 1 };
