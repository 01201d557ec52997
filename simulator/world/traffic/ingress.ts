/** The ingress controllers of both clusters: every host that comes from an Ingress goes through their pods, all hosts together. */

import type { Side } from "../../../domain/phases.ts";
import type { Cluster, PodView } from "../types.ts";
import { addLoad, answerOf } from "./answers.ts";
import type { BackendInputs, Cause, IngressFlow } from "./evaluate.ts";
import type { Graph } from "./graph.ts";
import { podsOf } from "./pods.ts";
import { asItIs, type ExternalNames, makeStructure, type ServiceNode } from "./structure.ts";

export type Ingress = {
  /** Whether a namespace holds controllers. */
  readonly touches: (namespace: string) => boolean;
  /** Looks at the controllers again. @returns whether anything about them changed. */
  readonly rebuild: () => boolean;
  /** How each side's controllers do under these loads (requests a second). */
  readonly flows: (
    load: { readonly [S in Side]: number },
    inputs: BackendInputs,
  ) => { readonly [S in Side]: IngressFlow };
  /** Pods that hold the clients' connections; undefined where the platform has no controllers. */
  readonly pods: (side: Side) => readonly PodView[] | undefined;
};

const CLEAR: IngressFlow = { pass: 1, ms: 0 };

export const makeIngress = (
  graph: Graph,
  clusters: { readonly [S in Side]: Cluster },
  names: ExternalNames,
): Ingress => {
  const workloads = graph.ingress.map((i) => i.workload);
  const services = [...new Set(graph.ingress.flatMap((i) => i.services))];
  const namespaces = new Set(
    [...services, ...workloads.map((w) => w.name)].map((n) => n.split("/")[0] ?? ""),
  );
  const part = { index: -1, hosts: [], services, workloads, namespaces };
  let nodes: { readonly [S in Side]: readonly ServiceNode[] } = { source: [], target: [] };
  let said = "";
  const rebuild = (): boolean => {
    const structure = makeStructure(part, graph, clusters, names);
    const of = (side: Side): readonly ServiceNode[] => [
      ...services.flatMap((s) => structure.node(side, s) ?? []),
      // On the nodes' own network, without a Service: balancers send to every ready pod.
      ...workloads
        .filter((w) => w.services.length === 0)
        .map((w) => nodeOf(side, w.name, podsOf(clusters[side]).of(w.name))),
    ];
    nodes = { source: of("source"), target: of("target") };
    const says = JSON.stringify(nodes);
    const news = says !== said;
    said = says;
    return news;
  };
  return {
    touches: (namespace) => namespaces.has(namespace),
    rebuild,
    flows: (load, inputs) => {
      if (workloads.length === 0) return { source: CLEAR, target: CLEAR };
      const of = (side: Side): IngressFlow => {
        const loads = new Map<string, number>();
        for (const node of nodes[side]) addLoad(loads, node, load[side] / nodes[side].length);
        let [pass, ms] = [0, 0];
        let cause: Cause | undefined;
        for (const node of nodes[side]) {
          const answer = answerOf(node, part, graph, loads, inputs);
          pass += answer.pass / nodes[side].length;
          ms += answer.ms / nodes[side].length;
          cause ??= answer.causes[0];
        }
        return { pass, ms, ...(cause === undefined ? {} : { cause }) };
      };
      return { source: of("source"), target: of("target") };
    },
    pods: (side) => (workloads.length === 0 ? undefined : nodes[side].flatMap((n) => n.pods)),
  };
};

const nodeOf = (side: Side, workload: string, all: readonly PodView[]): ServiceNode => {
  const pods = all.filter((p) => p.ready && !p.terminating);
  const node = {
    key: `${side}|${workload}`,
    side,
    service: workload,
    podsSide: side,
    leadsAway: false,
    listed: pods.length,
    pods: pods.map(asItIs),
  };
  if (pods.length === 0)
    return { ...node, backends: [], problem: `no ready pod of ${workload} in the ${side} cluster` };
  const accepting = pods.filter((p) => p.accepting).length;
  return {
    ...node,
    backends: [{ workload, listed: pods.length, accepting, loadKey: `${side}|${workload}` }],
  };
};
