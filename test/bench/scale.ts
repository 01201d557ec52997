/**
 * A generated platform rehearsed whole, in a process of its own, so that its memory is its own: `node scale.ts APPLICATIONS SEED plain|profile|heap`
 * prints one line of JSON. The parent prints the sections of the bench.
 */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { boundHeap } from "../../cli/heap.ts";
import { gather } from "../../domain/intake.ts";
import { buildPlan, planHash, planText } from "../../domain/planning/build.ts";
import { readSettings } from "../../domain/settings.ts";
import { rehearse } from "../../simulator/rehearsal/rehearse.ts";
import { generatePlatform } from "./generated.ts";
import { type Held, type Share, sharesOf, watchHeap } from "./profile.ts";
import { count, figure, type Row, section } from "./table.ts";

export type Scaled = {
  readonly applications: number;
  readonly objects: number;
  readonly groups: number;
  readonly waves: number;
  readonly planSeconds: number;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly megabytesMax: number;
  readonly outcome: string;
  readonly failed: number;
  readonly violations: number;
  readonly transitions: number;
  readonly historyEventsMax: number;
  /** The function that ran longest, in virtual seconds: Lambda ends it after thirty. */
  readonly slowest: { readonly step: string; readonly seconds: number };
  readonly lines: number;
  readonly virtualHours: number;
  readonly digest: string;
  readonly shares: readonly Share[];
  /** What was in use at the end of the phase after which it was most. */
  readonly held: Held & { readonly after: string };
};

type Mode = "plain" | "profile" | "heap";

const secondsSince = (then: number): number => (performance.now() - then) / 1000;

const measure = async (applications: number, seed: number, mode: Mode): Promise<Scaled> => {
  boundHeap();
  const began = performance.now();
  const { objects, settings } = generatePlatform(applications, seed);
  const plan = buildPlan(
    gather(objects.map((object) => ({ object, where: "generated" }))),
    readSettings(settings, "repot.yaml"),
  );
  const hash = planHash(planText(plan));
  const planSeconds = secondsSince(began);
  const [wall, cpu] = [performance.now(), process.cpuUsage()];
  let lines = 0;
  let held: Scaled["held"] = { megabytes: 0, shares: [], after: "" };
  const inUse = mode === "heap" ? watchHeap() : undefined;
  const run = () =>
    rehearse({
      plan,
      hash,
      seed,
      faults: [],
      approve: "auto",
      onEvent: (event) => {
        lines += 1;
        if (!inUse || event.type !== "phase" || event.status !== "completed") return;
        const now = inUse();
        if (now.megabytes > held.megabytes) held = { ...now, after: event.phase };
      },
    });
  let profiledRun = mode === "profile" ? undefined : await run();
  const shares = profiledRun
    ? []
    : await sharesOf(async () => {
        profiledRun = await run();
      });
  const { user, system } = process.cpuUsage(cpu);
  const wallSeconds = secondsSince(wall);
  if (!profiledRun) throw new Error("The rehearsal did not run.");
  const { summary } = profiledRun;
  return {
    applications,
    objects: objects.length,
    groups: plan.settings.groups.length,
    waves: new Set(plan.workloads.flatMap((w) => w.wave ?? [])).size,
    planSeconds,
    wallSeconds,
    cpuSeconds: (user + system) / 1e6,
    megabytesMax: process.resourceUsage().maxRSS / 1024,
    outcome: summary.outcome,
    failed: summary.requests.failed,
    violations: summary.violations.length,
    transitions: summary.transitions,
    historyEventsMax: summary.historyEventsMax,
    slowest: slowestOf(profiledRun.functionSecondsMax),
    lines,
    virtualHours: summary.virtualSeconds / 3600,
    digest: summary.digest,
    shares,
    held,
  };
};

const slowestOf = (secondsMax: ReadonlyMap<string, number>): Scaled["slowest"] => {
  const [[step, seconds] = ["none", 0]] = [...secondsMax].sort(([, a], [, b]) => b - a);
  return { step, seconds };
};

/** A rehearsal that takes longer than this is stopped, and the bench says so. */
const PATIENCE_MS = 600_000;

/** @returns undefined where it did not end in time. @throws Error where it broke down. */
const scaled = (applications: number, mode: Mode): Scaled | undefined => {
  const child = spawnSync(
    process.execPath,
    [fileURLToPath(import.meta.url), String(applications), "1", mode],
    {
      encoding: "utf8",
      timeout: PATIENCE_MS,
      maxBuffer: 16 * 1024 * 1024,
    },
  );
  if (child.error && "code" in child.error && child.error.code === "ETIMEDOUT") return undefined;
  if (child.status !== 0)
    throw new Error(`The rehearsal of ${applications} applications failed: ${child.stderr}`);
  return JSON.parse(child.stdout) as Scaled;
};

const rowsOf = (applications: number, s: Scaled | undefined): readonly Row[] => {
  const name = `${count(applications)} applications`;
  if (!s) return [[name, "not measured", `it had not ended after ${PATIENCE_MS / 1000} s`]];
  return [
    [
      `${name}: wall`,
      `${s.wallSeconds.toFixed(1)} s`,
      `processor ${s.cpuSeconds.toFixed(1)} s; the plan ${s.planSeconds.toFixed(1)} s`,
    ],
    [`${name}: memory at most`, `${figure(s.megabytesMax)} MiB`],
    [
      `${name}: ended`,
      s.outcome,
      `${s.failed} requests failed, ${s.violations} violations; ${count(s.groups)} Kafka groups, ${s.waves} waves, ${count(s.objects)} objects`,
    ],
    [
      `${name}: transitions`,
      count(s.transitions),
      `longest history ${count(s.historyEventsMax)} of 25,000 events; ${count(s.lines)} lines; ${s.virtualHours.toFixed(1)} virtual hours`,
    ],
    [
      `${name}: longest call of a function`,
      `${s.slowest.seconds.toFixed(1)} s`,
      `${s.slowest.step}; Lambda ends it after 30 s`,
    ],
  ];
};

/** Two sizes, the second the double of the first: what they cost, how it grows, and where the time of the first goes. */
export const scaleSections = (applications: number): readonly string[] => {
  const [once, twice] = [scaled(applications, "plain"), scaled(2 * applications, "plain")];
  const ratio: Row =
    once && twice
      ? [
          "twice as many take",
          `${(twice.cpuSeconds / once.cpuSeconds).toFixed(2)} x`,
          `of processor time (wall: ${(twice.wallSeconds / once.wallSeconds).toFixed(2)} x); aim: at most 2.3 x`,
        ]
      : ["twice as many take", "not measured"];
  const where = scaled(applications, "profile");
  const held = scaled(applications, "heap")?.held;
  return [
    section("A generated platform, rehearsed whole (aim: 1,600 applications in at most 30 s and 1 GB)", [
      ratio,
      ...rowsOf(applications, once),
      ...rowsOf(2 * applications, twice),
    ]),
    section(
      `What the time of ${count(applications)} applications goes to`,
      (where?.shares ?? [])
        .filter(({ share }) => share >= 0.01)
        .map(({ part, share }): Row => [part, `${(share * 100).toFixed(0)} %`]),
    ),
    section(
      `What ${count(applications)} applications hold in memory after ${held?.after ?? "their run"}, ${figure(held?.megabytes ?? 0)} MiB by who made it`,
      (held?.shares ?? [])
        .filter(({ share }) => share >= 0.01)
        .map(({ part, share }): Row => [part, `${figure(share * (held?.megabytes ?? 0))} MiB`]),
    ),
  ];
};

const [, file, applications, seed, mode] = process.argv;
if (file === fileURLToPath(import.meta.url))
  process.stdout.write(JSON.stringify(await measure(Number(applications), Number(seed), mode as Mode)));
