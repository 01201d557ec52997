/** Whole rehearsals: of a platform of five workloads, and of the example, with what their time goes to. */

import { Session } from "node:inspector/promises";
import { fileURLToPath } from "node:url";
import { loadPlan } from "../../cli/plan.ts";
import { planHash } from "../../domain/planning/build.ts";
import { rehearse } from "../../simulator/rehearsal/rehearse.ts";
import { median } from "./table.ts";

const noInput = async (): Promise<Uint8Array> => new Uint8Array();
const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

const FIVE = pathOf("five");
const EXAMPLE = pathOf("../../examples/streaming");

type Once = {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly transitions: number;
  readonly requests: number;
  readonly virtualHours: number;
};

const runOnce = async (path: string, seed: number): Promise<Once> => {
  const { plan, text } = await loadPlan([path], { decide: {} }, noInput);
  const [wall, cpu] = [performance.now(), process.cpuUsage()];
  const { summary } = await rehearse({
    plan,
    hash: planHash(text),
    seed,
    faults: [],
    approve: "auto",
    onEvent: () => {},
  });
  const { user, system } = process.cpuUsage(cpu);
  if (summary.outcome !== "completed") throw new Error(`The rehearsal of ${path} ended ${summary.outcome}.`);
  return {
    wallSeconds: (performance.now() - wall) / 1000,
    cpuSeconds: (user + system) / 1e6,
    transitions: summary.transitions,
    requests: summary.requests.served,
    virtualHours: summary.virtualSeconds / 3600,
  };
};

export type Rehearsals = { readonly cold: Once; readonly warm: Once; readonly perSecond: number };

/** The first run of the process is the cold one; `rounds` more with other seeds give the medians. */
const measure = async (path: string, rounds: number): Promise<Rehearsals> => {
  const cold = await runOnce(path, 1);
  const warm: Once[] = [];
  for (let round = 0; round < rounds; round += 1) warm.push(await runOnce(path, round + 2));
  const of = (field: keyof Once): number => median(warm.map((once) => once[field]));
  return {
    cold,
    warm: {
      wallSeconds: of("wallSeconds"),
      cpuSeconds: of("cpuSeconds"),
      transitions: of("transitions"),
      requests: of("requests"),
      virtualHours: of("virtualHours"),
    },
    perSecond: 1 / of("wallSeconds"),
  };
};

export const measureFive = (): Promise<Rehearsals> => measure(FIVE, 7);
export const measureExample = (): Promise<Rehearsals> => measure(EXAMPLE, 3);

export type Share = { readonly part: string; readonly share: number };

type Frame = { readonly functionName: string; readonly url: string };

/** Whose time a sample is: the folder of ours nearest to where it was taken. */
const PARTS: readonly (readonly [part: string, path: RegExp])[] = [
  ["the clusters and their API", /\/simulator\/(world\/cluster|services\/kubernetes)\//],
  ["traffic", /\/simulator\/world\/(traffic|dns)/],
  ["metrics and their queries", /\/simulator\/(world\/metrics|services\/(promql|metrics))/],
  ["queues, actors, databases", /\/simulator\/world\//],
  ["the other services and the seam", /\/simulator\/services\//],
  ["the interpreter and the clock", /\/simulator\/(interpreter|clock)/],
  ["invariants", /\/simulator\/invariants\//],
  ["the record", /\/simulator\/|\/domain\/(summary|events)/],
  ["functions, adapters, domain", /\/(functions|adapters|domain)\//],
];

const partOf = ({ url }: Frame): string | undefined => {
  if (!url.startsWith("file:") || url.includes("/node_modules/")) return undefined;
  return PARTS.find(([, path]) => path.test(url))?.[0];
};

/** Profiles one warm rehearsal of the example. @returns each part's share of its processor time, the largest first. */
export const profileExample = async (): Promise<readonly Share[]> => {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.start");
  await runOnce(EXAMPLE, 1);
  const { profile } = await session.post("Profiler.stop");
  session.disconnect();
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
