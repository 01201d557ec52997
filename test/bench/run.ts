/**
 * `npm run bench`: the interpreter beside the others on one loop, and what rehearsals cost. Rounds are interleaved, so that a busy
 * machine is busy for all of them; figures are medians, ratios come first.
 */

import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { bundlesSection } from "./bundles.ts";
import { comparisonSection } from "./comparison.ts";
import { determinismSection } from "./determinism.ts";
import { firstCallsSection } from "./first-calls.ts";
import { ours, theirs } from "./loop.ts";
import { type Moto, measureMoto } from "./moto.ts";
import { sharesOf } from "./profile.ts";
import {
  EXAMPLE,
  FIVE,
  measureCrew,
  measureExample,
  measureFive,
  type Rehearsals,
  runOnce,
} from "./rehearsals.ts";
import { scaleSections } from "./scale.ts";
import { type Heap, measureShifts, measureWait } from "./shift.ts";
import { figure, median, type Row, section } from "./table.ts";

const ITERATIONS = 10_000;
const WARM_UPS = 3;
const ROUNDS = 9;
const SHIFTS = 4000;
const HEAP_EXECUTIONS = 100_000;
/** Both take minutes in full: `npm run bench -- --full` measures 1,600 and 3,200 applications, and a thousand rehearsals of one seed. */
const FULL = process.argv.includes("--full");
const APPLICATIONS = FULL ? 1_600 : 200;
const SAME_SEED_ROUNDS = FULL ? 1_000 : 100;

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
const times = (ratio: number): string => `${figure(ratio)} x`;

/** Two programs in turns. @returns each one's median, and the median of the ratios of neighbours. */
const sideBySide = async () => {
  for (let i = 0; i < WARM_UPS; i += 1) {
    await ours(ITERATIONS);
    await theirs(ITERATIONS);
  }
  const rounds: { readonly a: number; readonly b: number }[] = [];
  for (let i = 0; i < ROUNDS; i += 1) rounds.push({ a: await ours(ITERATIONS), b: await theirs(ITERATIONS) });
  return {
    a: median(rounds.map(({ a }) => a)),
    b: median(rounds.map(({ b }) => b)),
    ratio: median(rounds.map(({ a, b }) => a / b)),
  };
};

const loopSection = async (moto: Moto): Promise<string> => {
  const { a, b, ratio } = await sideBySide();
  const measured = moto.kind === "measured";
  const rows: Row[] = [
    ["a/b: ours to aws-local-stepfunctions", times(ratio), "aim: at least 0.5"],
    measured
      ? ["a/c: ours to moto", times(a / moto.transitionsPerSecond), "aim: at least 100"]
      : ["a/c: ours to moto", "not measured", moto.reason],
    ["a: ours, JSONata, transitions a second", figure(a)],
    ["b: aws-local-stepfunctions 3.0.0, JSONPath", figure(b)],
    measured
      ? [
          `c: moto ${moto.version}, JSONPath`,
          figure(moto.transitionsPerSecond),
          "a shorter loop; moto runs alone, after a warm-up",
        ]
      : ["c: moto, JSONPath", "not measured"],
  ];
  return section(`Task and Choice loop of ${figure(ITERATIONS)}, medians of ${ROUNDS} rounds in turns`, rows);
};

const shiftSection = async (): Promise<string> => {
  await measureShifts(500);
  const rounds = [];
  for (let i = 0; i < 3; i += 1) rounds.push(await measureShifts(SHIFTS));
  const [first] = rounds;
  const each = `each with ${figure(first?.executionsEach ?? 0)} executions and ${figure(first?.transitionsEach ?? 0)} transitions in all`;
  const wait = await measureWait();
  return section("The machine `shift`, its functions answering at once", [
    ["shifts a minute", figure(median(rounds.map(({ perMinute }) => perMinute))), each],
    [
      "1,000 executions that wait 30 days",
      `${figure(wait.wallMs)} ms`,
      `${figure(wait.virtualDays)} virtual days passed`,
    ],
  ]);
};

const heapSection = (): string => {
  const script = fileURLToPath(new URL("heap.ts", import.meta.url));
  const child = spawnSync(process.execPath, ["--expose-gc", script, String(HEAP_EXECUTIONS)], {
    encoding: "utf8",
  });
  if (child.status !== 0) throw new Error(`The measurement of memory failed: ${child.stderr}`);
  const heaps = JSON.parse(child.stdout) as readonly Heap[];
  const [start, end] = [heaps[0], heaps.at(-1)];
  const growth = (end?.mebibytes ?? 0) - (start?.mebibytes ?? 0);
  return section("Heap in use after a collection", [
    [
      "growth from start to end",
      `${growth.toFixed(1)} MiB`,
      `over ${figure(end?.executions ?? 0)} executions`,
    ],
    ...heaps.map(
      ({ executions, mebibytes }): Row => [
        `after ${figure(executions)} executions`,
        `${mebibytes.toFixed(1)} MiB`,
      ],
    ),
  ]);
};

const rehearsalRows = (name: string, { cold, warm, perSecond }: Rehearsals, aim = ""): readonly Row[] => [
  [
    `${name}: rehearsals a second`,
    figure(perSecond),
    `${figure(warm.transitions)} transitions, ${figure(warm.virtualHours)} virtual hours each${aim}`,
  ],
  [
    `${name}: wall, warm`,
    `${warm.wallSeconds.toFixed(2)} s`,
    `the first of the process: ${cold.wallSeconds.toFixed(2)} s`,
  ],
  [
    `${name}: a second of the processor`,
    `${figure(1 / warm.cpuSeconds)} rehearsals`,
    "compiler and garbage collector included; the figure to go by where the machine is busy",
  ],
  [
    `${name}: processor, warm`,
    `${warm.cpuSeconds.toFixed(2)} s`,
    `the first of the process: ${cold.cpuSeconds.toFixed(2)} s`,
  ],
];

const rehearsalSection = async (): Promise<string> => {
  const example = await measureExample();
  const five = await measureFive();
  const threads = availableParallelism();
  return section("Rehearsals", [
    ...rehearsalRows("five workloads", five, "; aim: 100, at least 20"),
    [
      "five workloads: a second, as a campaign runs them",
      figure(await measureCrew(threads)),
      `one process, ${threads} threads`,
    ],
    ...rehearsalRows("examples/streaming", example),
    ["examples/streaming: requests a rehearsal", figure(example.warm.requests)],
  ]);
};

/** One rehearsal of five workloads takes a few hundred samples: ten say more. */
const PROFILED_FIVE = 10;

const profileSection = async (name: string, path: string, rehearsals: number): Promise<string> => {
  const all = async (): Promise<void> => {
    for (let seed = 1; seed <= rehearsals; seed += 1) await runOnce(path, seed);
  };
  const rows = (await sharesOf(all)).filter(({ share }) => share >= 0.01);
  return section(
    `What the time of ${rehearsals === 1 ? "one warm rehearsal" : `${rehearsals} warm rehearsals`} of ${name} goes to`,
    rows.map(({ part, share }): Row => [part, percent(share)]),
  );
};

print(
  `Node ${process.versions.node}, ${availableParallelism()} processors; larger is better unless it is time or memory.\n`,
);
print(await loopSection(measureMoto()));
print(await shiftSection());
print(heapSection());
print(await rehearsalSection());
print(await profileSection("five workloads", FIVE, PROFILED_FIVE));
print(await profileSection("examples/streaming", EXAMPLE, 1));
for (const text of scaleSections(APPLICATIONS)) print(text);
print(await determinismSection(SAME_SEED_ROUNDS));
print(comparisonSection());
print(await bundlesSection());
print(await firstCallsSection());
