/** Where the time and the memory of a run go, by part of the product: each sample is given to the folder of ours nearest to where it was taken. */

import { type HeapProfiler, type Profiler, Session as SyncSession } from "node:inspector";
import { Session } from "node:inspector/promises";

export type Share = { readonly part: string; readonly share: number };

type Frame = { readonly functionName: string; readonly url: string };

/** Whose time a sample is: the folder of ours nearest to where it was taken. */
const PARTS: readonly (readonly [part: string, path: RegExp])[] = [
  ["controllers, scheduler, kubelets", /\/simulator\/world\/cluster\//],
  ["the Kubernetes API", /\/simulator\/services\/kubernetes\//],
  ["traffic and DNS", /\/simulator\/world\/(traffic|dns)/],
  ["metrics and their queries", /\/simulator\/(world\/metrics|services\/(promql|metrics))/],
  ["queues, groups, actors, databases", /\/simulator\/world\//],
  ["the other services and the seam", /\/simulator\/services\//],
  ["the interpreter and the clock", /\/simulator\/(interpreter|clock)/],
  ["invariants", /\/simulator\/invariants\//],
  ["the record", /\/simulator\/|\/domain\/(summary|events)/],
  ["functions (the steps)", /\/functions\//],
  ["adapters", /\/adapters\//],
  ["domain (decisions)", /\/domain\//],
];

const partOf = ({ url }: Frame): string | undefined => {
  if (!url.startsWith("file:") || url.includes("/node_modules/")) return undefined;
  return PARTS.find(([, path]) => path.test(url))?.[0];
};

/** Profiles what runs. @returns each part's share of the time, the largest first. */
export const sharesOf = async (run: () => Promise<unknown>): Promise<readonly Share[]> => {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: 1_000 });
  await session.post("Profiler.start");
  await run();
  const { profile } = await session.post("Profiler.stop");
  session.disconnect();
  return partsOf(profile);
};

const partsOf = (profile: Profiler.Profile): readonly Share[] => {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(
    profile.nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id])),
  );
  const owner = (id: number): string => {
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const frame = nodes.get(at)?.callFrame;
      if (frame?.functionName === "(garbage collector)") return "garbage collection";
      const part = frame && partOf(frame);
      if (part) return part;
    }
    return "Node itself";
  };
  const micros = new Map<string, number>();
  let total = 0;
  for (const [i, sample] of (profile.samples ?? []).entries()) {
    const spent = profile.timeDeltas?.[i] ?? 0;
    const part = owner(sample);
    micros.set(part, (micros.get(part) ?? 0) + spent);
    total += spent;
  }
  return [...micros]
    .map(([part, spent]) => ({ part, share: spent / total }))
    .sort((a, b) => b.share - a.share);
};

export type Held = { readonly megabytes: number; readonly shares: readonly Share[] };

/** Samples what is allocated, one in so many bytes. */
const SAMPLED_BYTES = 65_536;

/** Samples the heap from now on. @returns what says what is in use at a moment, by whoever allocated it. */
export const watchHeap = (): (() => Held) => {
  const session = new SyncSession();
  session.connect();
  session.post("HeapProfiler.enable");
  session.post("HeapProfiler.startSampling", { samplingInterval: SAMPLED_BYTES });
  return () => {
    session.post("HeapProfiler.collectGarbage");
    let head: HeapProfiler.SamplingHeapProfileNode | undefined;
    // An inspector of one's own process answers before it returns.
    session.post("HeapProfiler.getSamplingProfile", (error, answer) => {
      if (!error) head = answer.profile.head;
    });
    if (!head) throw new Error("The profile of the heap did not come.");
    return heldUnder(head);
  };
};

const heldUnder = (head: HeapProfiler.SamplingHeapProfileNode): Held => {
  const bytes = new Map<string, number>();
  let total = 0;
  const walk = (node: HeapProfiler.SamplingHeapProfileNode, above: string): void => {
    const part = partOf(node.callFrame) ?? above;
    bytes.set(part, (bytes.get(part) ?? 0) + node.selfSize);
    total += node.selfSize;
    for (const child of node.children) walk(child, part);
  };
  walk(head, "modules and Node itself");
  return {
    megabytes: total / 2 ** 20,
    shares: [...bytes]
      .map(([part, held]) => ({ part, share: held / total }))
      .sort((a, b) => b.share - a.share),
  };
};
