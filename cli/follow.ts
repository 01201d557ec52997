/** `repot events` and `report`: a live migration's record out of the bucket, as the lines that a rehearsal would print; followed until it ends or until somebody detaches. */

import { listRecords } from "../adapters/records.ts";
import type { RunEvent, Summary, Unstamped } from "../domain/events.ts";
import { JournalEntrySchema } from "../domain/journal.ts";
import type { Phase } from "../domain/phases.ts";
import { summarize } from "../domain/summary.ts";
import { viewOf } from "../domain/view.ts";
import { endingOf } from "../simulator/rehearsal/outcome.ts";
import { makeLinesOfPut } from "../simulator/rehearsal/translate.ts";
import type { Io } from "./io.ts";
import type { Live } from "./live.ts";
import { writeReport } from "./report/write.ts";
import { type LiveExecution, type LiveRun, runOf } from "./run-of.ts";
import { makeTerminal } from "./terminal.ts";

export type EventsOptions = { readonly migration: string; readonly follow: boolean; readonly json: boolean };

const POLL_MS = 5_000;
const DONE = 0;
const WAITING = 5;
const DETACHED = 130;

/** @returns 0, the end's own exit code where it was followed to its end, or 130 where somebody detached. */
export const events = async (
  { migration, follow, json }: EventsOptions,
  io: Io,
  live: Live,
): Promise<number> => {
  const reader = await makeReader(live, await runOf(live, migration));
  const terminal = json ? undefined : makeTerminal(io.err, io.terminal.err, io.wallMs);
  const show = (event: RunEvent) => (terminal ? terminal.event(event) : io.out(`${JSON.stringify(event)}\n`));
  for (;;) {
    const { fresh, run } = await reader.read();
    fresh.forEach(show);
    const isOver = run.executions.every((e) => e.status !== "RUNNING");
    if (!follow || isOver) {
      terminal?.end();
      return follow ? tellEnd(reader.events(), run, io) : DONE;
    }
    if ((await live.sleep(POLL_MS)) === "slept") continue;
    terminal?.end();
    io.err(
      `repot: Detached. ${migration} goes on by itself; \`repot events ${migration} --follow\` shows it again, \`repot rollback ${migration}\` takes it back.\n`,
    );
    return DETACHED;
  }
};

const tellEnd = (seen: readonly RunEvent[], run: LiveRun, io: Io): number => {
  const last = run.executions.at(-1);
  if (last?.machine === "migrate-cluster" && last.status === "SUCCEEDED") {
    io.err(`repot: ${run.migration} runs on the target. Its decommissioning is a start of its own.\n`);
    return DONE;
  }
  const { exitCode, sentence } = endingOf(seen);
  io.err(`repot: ${sentence}\n`);
  return exitCode;
};

/** Reads what is new each time; an object that was replaced is new. */
const makeReader = async (live: Live, first: LiveRun) => {
  const { migration } = first;
  const linesOfPut = makeLinesOfPut();
  const known = new Map<string, string>();
  const told = new Map<string, string>();
  const phases = new Set<Phase>();
  const all: RunEvent[] = [];
  let baseMs: number | undefined;
  let run: LiveRun | undefined = first;
  const stamped = (atMs: number, line: Unstamped): RunEvent => {
    baseMs ??= atMs;
    // Never falling: two clocks may differ by a second.
    const at = Math.max(all.at(-1)?.at ?? 0, (atMs - baseMs) / 1_000);
    const event = { at, ...line } as RunEvent;
    all.push(event);
    return event;
  };
  const read = async () => {
    const now = run ?? (await runOf(live, migration));
    run = undefined;
    const fresh: RunEvent[] = all.length > 0 ? [] : announced(now).map((line) => stamped(startOf(now), line));
    for (const { key, etag, writtenMs } of await listRecords(
      live.s3,
      live.bucketName,
      `migrations/${migration}/`,
    )) {
      if (known.get(key) === etag) continue;
      known.set(key, etag);
      const stored = await live.bucket.getJson(key);
      const body = JSON.stringify(stored?.value ?? null);
      for (const line of [...phaseBegun(now, key, body, phases), ...linesOfPut(key, body)])
        fresh.push(stamped(writtenMs, line));
    }
    for (const execution of now.executions) {
      if (told.get(execution.arn) === execution.status) continue;
      told.set(execution.arn, execution.status);
      fresh.push(stamped(Math.max(execution.startedMs, live.now().getTime()), lineOf(execution)));
    }
    return { fresh, run: now };
  };
  return { read, events: () => all as readonly RunEvent[] };
};

const startOf = ({ executions }: LiveRun): number => executions[0]?.startedMs ?? 0;

/** What a reader needs before anything else, as a rehearsal's record begins. A live run has no seed. */
const announced = (run: LiveRun): readonly Unstamped[] => [
  {
    type: "run",
    platform: run.plan.platform,
    plan: run.hash,
    seed: 0,
    startsAt: new Date(startOf(run)).toISOString(),
    migration: run.migration,
  },
  ...run.plan.workloads.map((w) => ({
    type: "workload" as const,
    namespace: w.namespace,
    name: w.name,
    kind: w.kind,
    class: w.class,
    move: w.move,
  })),
];

/** A phase has begun when the first of its operations is on record. */
const phaseBegun = (run: LiveRun, key: string, body: string, known: Set<Phase>): readonly Unstamped[] => {
  const entry = /\/journal\/.*\/forward-[^!]*\.json$/.test(key)
    ? JournalEntrySchema.safeParse(JSON.parse(body)).data
    : undefined;
  const phase = run.plan.operations.find((operation) => operation.id === entry?.operation)?.phase;
  if (phase === undefined || known.has(phase)) return [];
  const before = [...known].at(-1);
  known.add(phase);
  return [
    ...(before === undefined
      ? []
      : [{ type: "phase" as const, phase: before, status: "completed" as const }]),
    { type: "phase", phase, status: "started" },
  ];
};

const STATUS = {
  RUNNING: "started",
  SUCCEEDED: "succeeded",
  FAILED: "failed",
  TIMED_OUT: "timed-out",
  ABORTED: "aborted",
} as const;

const lineOf = ({ machine, name, status, error, cause }: LiveExecution): Unstamped => ({
  type: "execution",
  machine,
  execution: name,
  status: STATUS[status],
  historyEvents: 0,
  ...(error === undefined ? {} : { error }),
  ...(cause === undefined ? {} : { cause: cause.slice(0, 2_000) }),
});

export type ReportOptions = { readonly migration: string; readonly directory: string };

/** Writes report.html and report.json of what is on record now. A live run counts no requests of its own: those figures are the metrics'. */
export const report = async (
  { migration, directory }: ReportOptions,
  io: Io,
  live: Live,
): Promise<number> => {
  const run = await runOf(live, migration);
  const reader = await makeReader(live, run);
  await reader.read();
  const seen = reader.events();
  const running = run.executions.some((e) => e.status === "RUNNING");
  const { outcome } = running ? { outcome: "waiting" as const } : endingOf(seen);
  const summary: Summary = {
    type: "summary",
    outcome,
    ...summarize(seen),
    wallSeconds: 0,
    digest: "",
    unusedPermissions: {},
  };
  for (const path of await writeReport(directory, { model: viewOf(seen), summary, plan: run.plan }))
    io.out(`${path}\n`);
  return running ? WAITING : DONE;
};
