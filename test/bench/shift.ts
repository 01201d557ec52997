/** The real `shift` machine with the machines that it starts, its functions answering at once: executions a minute, a long Wait, and memory. */

import { Clock } from "../../simulator/clock.ts";
import { Engine, type Json } from "../../simulator/interpreter/engine.ts";
import { makeRandom } from "../../simulator/random.ts";
import { machines } from "../../workflows/index.ts";

const INPUT: Json = {
  run: { migration: "bench", plan: "0".repeat(64) },
  phase: "move-workloads",
  poll: 15,
  item: {
    namespace: "shop",
    name: "web",
    kind: "Deployment",
    replicas: 4,
    half: 2,
    sourceKeeps: 2,
    drains: true,
    readyDeadlineSeconds: 600,
    operations: { move: "0001" },
  },
};
/** Each function answers what lets the machine go on; the pods stand at the second look. */
const makeInvoke = () => {
  const looks = new Map<string, number>();
  return async ({
    functionName,
    execution,
  }: {
    readonly functionName: string;
    readonly execution: { readonly arn: string };
  }): Promise<Json> => {
    if (functionName === "scale-workload") return { changed: true };
    if (functionName === "compare-workload")
      return { verdict: "pass", sentence: "", pollSeconds: 15, askedMax: 3 };
    if (functionName !== "observe-workload")
      throw new Error(`shift is not expected to call ${functionName}.`);
    const look = (looks.get(execution.arn) ?? 0) + 1;
    if (look > 1) looks.delete(execution.arn);
    else looks.set(execution.arn, look);
    return { verdict: look > 1 ? "pass" : "fail", sentence: "" };
  };
};

const makeEngine = (clock: Clock) =>
  new Engine({
    clock,
    random: makeRandom(1),
    machines: Object.fromEntries(machines.map(({ name, definition }) => [name, definition])),
    invoke: makeInvoke(),
    keepHistories: false,
    endedMax: 1000,
  });

export type Shifts = {
  readonly perMinute: number;
  readonly transitionsEach: number;
  readonly executionsEach: number;
};

/** Runs `count` shifts, `atOnce` at a time, each to its end. */
export const measureShifts = async (count: number, atOnce = 50): Promise<Shifts> => {
  const clock = new Clock(0);
  const engine = makeEngine(clock);
  let [transitions, executions] = [0, 0];
  const before = performance.now();
  for (let first = 0; first < count; first += atOnce) {
    for (let i = first; i < first + atOnce && i < count; i += 1)
      engine.start({ machine: "shift", name: `shift-${i}`, input: INPUT });
    await clock.run(() => engine.runningCount === 0);
    if (first > 0) continue;
    for (const execution of engine.list()) {
      if (execution.status !== "SUCCEEDED")
        throw new Error(`${execution.machine} ended ${execution.status}: ${execution.cause}`);
      transitions += execution.transitionCount;
      executions += 1;
    }
  }
  engine.check();
  const minutes = (performance.now() - before) / 60_000;
  const inFirst = Math.min(atOnce, count);
  return {
    perMinute: count / minutes,
    transitionsEach: transitions / inFirst,
    executionsEach: executions / inFirst,
  };
};

const DAYS_30_SECONDS = 30 * 86_400;

/** A thousand executions that wait for 30 days each. */
export const measureWait = async (): Promise<{ readonly virtualDays: number; readonly wallMs: number }> => {
  const clock = new Clock(0);
  const engine = new Engine({
    clock,
    random: makeRandom(1),
    machines: {
      waits: {
        QueryLanguage: "JSONata",
        StartAt: "Wait",
        States: { Wait: { Type: "Wait", Seconds: DAYS_30_SECONDS, End: true } },
      },
    },
    invoke: async () => null,
  });
  const before = performance.now();
  for (let i = 0; i < 1000; i += 1) engine.start({ machine: "waits", name: `wait-${i}`, input: {} });
  await clock.run(() => engine.runningCount === 0);
  return { virtualDays: clock.elapsedSeconds() / 86_400, wallMs: performance.now() - before };
};

export type Heap = { readonly executions: number; readonly mebibytes: number };

/** The heap in use after each part of so many executions; `collect` is what --expose-gc gives. */
export const measureHeap = async (
  count: number,
  parts: number,
  collect: () => void,
): Promise<readonly Heap[]> => {
  const clock = new Clock(0);
  const engine = makeEngine(clock);
  const heaps: Heap[] = [];
  let executions = 0;
  // A little work first: what is compiled once is no growth.
  const targets = [2000, ...Array.from({ length: parts }, (_, i) => Math.round((count * (i + 1)) / parts))];
  for (const target of targets) {
    while (executions < target) {
      for (let i = 0; i < 50; i += 1)
        engine.start({ machine: "shift", name: `shift-${executions + i}`, input: INPUT });
      // A shift starts two scalings and two watches.
      executions += 50 * EXECUTIONS_EACH;
      await clock.run(() => engine.runningCount === 0);
    }
    collect();
    heaps.push({ executions, mebibytes: process.memoryUsage().heapUsed / 1_048_576 });
  }
  engine.check();
  return heaps;
};

const EXECUTIONS_EACH = 5;
