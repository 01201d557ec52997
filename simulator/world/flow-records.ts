/** The VPC's flow logs: what the nodes of both clusters sent to whom, minute by minute, and what came back; made when somebody asks. */

import { SIDES, type Side } from "../../domain/phases.ts";
import { at } from "../../domain/pods.ts";
import { type FlowRecord, LATE_SECONDS } from "../services/logs.ts";
import type { SimulatedCluster } from "./cluster/index.ts";
import type { Outsider, ThirdParties } from "./third-parties.ts";
import type { TrafficWorld } from "./traffic/traffic.ts";

export type FlowRecords = {
  /** Records of the intervals that begin in [from, to), seconds since 1970. */
  readonly between: (fromSeconds: number, toSeconds: number) => readonly FlowRecord[];
  /** A pod of a side has tried somebody: it leaves its own records. */
  readonly tried: (side: Side, outsider: Outsider) => void;
  /** How late records are now, and from now on. */
  readonly lateSeconds: () => number;
  readonly delay: (seconds: number) => void;
};

type Call = {
  readonly at: number;
  readonly side: Side;
  readonly outsider: Outsider;
  readonly rejected: boolean;
  readonly answered: boolean;
};

const MINUTE = 60;
/** Nodes look for new images, renew their tokens, send their logs. */
const NODES_PER_SECOND = 0.1;
const PACKETS_PER_REQUEST = 6;
const TCP = 6;
/** Calls of probes are kept for so long. */
const KEPT_SECONDS = 7_200;

export const makeFlowRecords = (options: {
  readonly now: () => number;
  readonly traffic: Pick<TrafficWorld, "history">;
  readonly outside: ThirdParties;
  readonly clusters: { readonly [S in Side]: WithNodes };
}): FlowRecords => {
  const { outside } = options;
  let calls: Call[] = [];
  let late = LATE_SECONDS;
  /** When what a side could reach changed: records of before that were written as it was then. */
  const changes: {
    readonly at: number;
    readonly side: Side;
    readonly name: string;
    readonly by: string | undefined;
  }[] = [];
  const known = new Map<string, string | undefined>();
  const look = () => {
    for (const side of SIDES)
      for (const o of outside.all) {
        const by = outside.dropped(side, o);
        const key = `${side}|${o.name}`;
        if (known.has(key) && known.get(key) !== by)
          changes.push({ at: options.now() / 1_000, side, name: o.name, by: known.get(key) });
        known.set(key, by);
      }
  };
  look();
  outside.onChange(look);
  const droppedAt = (side: Side, o: Outsider, seconds: number): string | undefined => {
    const later = changes.find((c) => c.side === side && c.name === o.name && c.at > seconds);
    return later ? later.by : outside.dropped(side, o);
  };
  const rateAt = (side: Side, { callers }: Outsider, atMs: number): number => {
    if (callers === "nodes") return NODES_PER_SECOND;
    return callers.reduce((sum, workload) => {
      const piece = options.traffic.history({ workload }).findLast((p) => p.from <= atMs);
      return sum + (piece?.evaluation.workloads.get(`${side}|${workload}`)?.requestsPerSecond ?? 0);
    }, 0);
  };
  return {
    lateSeconds: () => late,
    delay: (seconds) => {
      late = seconds;
    },
    tried: (side, outsider) => {
      const at = Math.floor(options.now() / 1_000);
      const by = outside.dropped(side, outsider);
      calls = [
        ...calls.filter((c) => c.at > at - KEPT_SECONDS),
        { at, side, outsider, rejected: by === "ours", answered: by === undefined },
      ];
    },
    between: (from, to) => {
      const nodes = { source: nodesOf(options.clusters.source), target: nodesOf(options.clusters.target) };
      const records: FlowRecord[] = [];
      for (let start = Math.ceil(from / MINUTE) * MINUTE; start < to; start += MINUTE)
        for (const side of SIDES)
          for (const [index, o] of outside.all.entries()) {
            const there = nodes[side].filter((n) => n.sinceSeconds <= start);
            const node = there[index % Math.max(1, there.length)]?.address;
            const rate = node === undefined ? 0 : rateAt(side, o, start * 1_000);
            if (node === undefined || rate <= 0) continue;
            const by = droppedAt(side, o, start);
            const packets = Math.max(1, Math.round(rate * MINUTE * PACKETS_PER_REQUEST));
            records.push(...recordsOf(start, node, o, packets, by === "ours", by === undefined));
          }
      for (const call of calls) {
        const start = Math.floor(call.at / MINUTE) * MINUTE;
        const node = nodes[call.side][0]?.address;
        if (node !== undefined && start >= from && start < to)
          records.push(...recordsOf(start, node, call.outsider, 4, call.rejected, call.answered));
      }
      return records;
    },
  };
};

type WithNodes = Pick<SimulatedCluster, "get" | "nodeNames">;

/** Inner addresses of a cluster's nodes, and since when they are there. */
const nodesOf = (cluster: WithNodes) =>
  cluster.nodeNames().flatMap((name) => {
    const node = cluster.get({ apiVersion: "v1", kind: "Node", name });
    const addresses = at(node, "status", "addresses");
    const address = at(Array.isArray(addresses) ? addresses[0] : undefined, "address");
    const since = node?.metadata["creationTimestamp"];
    return typeof address === "string" && typeof since === "string"
      ? [{ address, sinceSeconds: Date.parse(since) / 1_000 }]
      : [];
  });

const recordsOf = (
  start: number,
  node: string,
  { address, port }: Outsider,
  packets: number,
  rejected: boolean,
  answered: boolean,
): readonly FlowRecord[] => {
  const common = { start, end: start + MINUTE, protocol: TCP, packets, bytes: packets * 400 };
  const own = 32_768 + ((start / MINUTE) % 28_000);
  return [
    {
      ...common,
      srcAddr: node,
      dstAddr: address,
      srcPort: own,
      dstPort: port,
      action: rejected ? ("REJECT" as const) : ("ACCEPT" as const),
    },
    ...(answered
      ? [
          {
            ...common,
            srcAddr: address,
            dstAddr: node,
            srcPort: port,
            dstPort: own,
            action: "ACCEPT" as const,
          },
        ]
      : []),
  ];
};
