/** One rehearsal: the real machines and functions over a simulated world, from one seed, in virtual time; to its end, and what it showed. */

import { AsyncLocalStorage } from "node:async_hooks";
import type { RunEvent, Summary } from "../../domain/events.ts";
import { keys } from "../../domain/journal.ts";
import type { KubeObject } from "../../domain/kube.ts";
import { plannedNamespaces, plannedResources } from "../../domain/permissions/planned.ts";
import type { Phase } from "../../domain/phases.ts";
import type { Plan } from "../../domain/plan.ts";
import { makeTally } from "../../domain/summary.ts";
import { steps as realSteps } from "../../functions/index.ts";
import type { Listener } from "../../functions/listener.ts";
import { listeners as realListeners } from "../../functions/listeners.ts";
import type { Log, Step } from "../../functions/step.ts";
import type { NamedMachine } from "../../workflows/asl.ts";
import { machines as realMachines } from "../../workflows/index.ts";
import { Clock } from "../clock.ts";
import { BREAK_GLASS } from "../faults/callers.ts";
import { type FaultRequest, type Faults, type FaultsOptions, makeFaults } from "../faults/strikes.ts";
import { makeWorldFaults } from "../faults/world.ts";
import { Engine } from "../interpreter/engine.ts";
import type { Ended, ZoneRecords } from "../invariants/ending.ts";
import { makeRandom, type Random } from "../random.ts";
import { makeSeam, type Seam } from "../services/seam.ts";
import { ACCOUNT, REGION } from "../services/seam-aws.ts";
import type { Executions } from "../services/sfn.ts";
import { makeQuiet } from "../world/quiet.ts";
import { makePauses } from "../world/traffic/pauses.ts";
import type { Emit } from "../world/types.ts";
import { makeAround } from "./around.ts";
import { makeDeployment } from "./deployment.ts";
import { makeDriver } from "./drive.ts";
import { makeFreezeMeter } from "./freeze-meter.ts";
import { type Judges, makeJudges } from "./judges.ts";
import { type LambdaOptions, makeLambda, makeListening } from "./lambda.ts";
import { makeItemReader } from "./map-items.ts";
import { endingOf } from "./outcome.ts";
import { type ApproveMode, OPERATOR, type StuckPod } from "./people.ts";
import { makeRecorder, type Recorder } from "./recorder.ts";
import { makeServices } from "./services.ts";
import { storedTexts } from "./stored.ts";
import { makeTrafficLines } from "./traffic-lines.ts";
import { linesOfHistory, makeLinesOfPut } from "./translate.ts";
import { setTrap } from "./trap.ts";
import { makeWayBack } from "./way-back.ts";
import { makeWorld, type RehearsedWorld } from "./world.ts";

/** When every rehearsal begins: a Monday morning, so that days and windows mean the same on every machine. */
const STARTS_AT = Date.UTC(2026, 2, 2, 8, 0, 0);

export type RehearsalOptions = {
  readonly plan: Plan;
  /** SHA-256 of the plan's bytes. */
  readonly hash: string;
  readonly seed: number;
  readonly faults: readonly FaultRequest[];
  readonly rollBackAt?: Phase;
  /** `machine/State`: the same, when this state is entered for the first time. */
  readonly rollBackOn?: string;
  /** So long after the first of them has struck, all faults are over. */
  readonly faultsEndAfterSeconds?: number;
  readonly approve: ApproveMode;
  readonly onEvent: (event: RunEvent, line: string) => void;
  /** What is rehearsed: the machines and steps that are deployed. A test puts wrong ones here, to see that they are found out. */
  readonly machines?: readonly NamedMachine[];
  readonly steps?: readonly Step[];
  readonly listeners?: readonly Listener[];
  /** Names of invariants that nobody watches: what breaks them goes unseen. */
  readonly unwatched?: readonly string[];
  /** A violation ends the run there; with this it goes on to its end. */
  readonly goesOn?: boolean;
  /** Nobody looks at what comes later: the run is broken off, and its end isn't judged. */
  readonly endsAfterSeconds?: number;
};

export type Rehearsed = {
  readonly summary: Omit<Summary, "wallSeconds">;
  readonly exitCode: number;
  readonly sentence: string;
  readonly events: readonly RunEvent[];
  /** Virtual seconds; undefined where they were not ended, or none struck. */
  readonly faultsEndedAt: number | undefined;
  /** How often each fault could have struck and was told to let it pass. */
  readonly occasions: readonly { readonly kind: string; readonly step: string; readonly passed: number }[];
  /** For how many virtual seconds each function ran when it took longest. Lambda ends it after thirty. */
  readonly functionSecondsMax: ReadonlyMap<string, number>;
  readonly objects: {
    readonly sourceBefore: readonly KubeObject[];
    readonly targetBefore: readonly KubeObject[];
    readonly sourceAfter: readonly KubeObject[];
    readonly targetAfter: readonly KubeObject[];
  };
};

/** Runs a rehearsal to its end, or to its first violation. Rejects only for a mistake of ours: whatever happens to the platform is an outcome. */
export const rehearse = async (options: RehearsalOptions): Promise<Rehearsed> => {
  const run = makeRun(options);
  const { source, target } = run.world.clusters;
  const zonesBefore = zonesOf(run.world);
  const before = { sourceBefore: source.all(), targetBefore: target.all() };
  const release = setTrap();
  await run.driver.run().finally(release);
  run.mistakes.check();
  run.world.traffic.flush();
  run.world.kafka.flush();
  run.freezeMeter.close(run.clock.elapsedSeconds());
  const objects = { ...before, sourceAfter: source.all(), targetAfter: target.all() };
  const zones = { zonesBefore, zonesAfter: zonesOf(run.world) };
  if (!run.stopped())
    run.judges.end({ plan: options.plan, ...objects, ...zones, stored: run.stored, ...endOf(run.recorder) });
  const ending = endingOf(run.recorder.events);
  return {
    summary: {
      type: "summary",
      outcome: ending.outcome,
      ...run.tally.counts(),
      faults: run.faults.tally(),
      checked: run.judges.checked(),
      unusedPermissions: run.seam.permissions.unused([
        ...(options.steps ?? realSteps),
        ...(options.listeners ?? realListeners),
      ]),
      virtualSeconds: run.clock.elapsedSeconds(),
      digest: run.recorder.digest(),
    },
    exitCode: ending.exitCode,
    sentence: ending.sentence,
    events: run.recorder.events,
    occasions: run.faults.occasions(),
    faultsEndedAt: run.faults.endedAt(),
    functionSecondsMax: run.functionSecondsMax,
    objects,
  };
};

const zonesOf = ({ dns }: RehearsedWorld): readonly ZoneRecords[] =>
  dns.zones.all().map(({ id, name }) => ({ id, name, records: dns.zones.records(id) }));

/** How it ended, as if nothing had been violated: a breach on the way doesn't excuse one at the end. */
const endOf = ({ events }: Recorder): Pick<Ended, "events" | "outcome" | "undone"> => {
  const { outcome } = endingOf(events.filter((e) => e.type !== "violation"));
  const back = events.some(
    (e) => e.type === "execution" && e.machine === "roll-back" && e.status === "succeeded",
  );
  return {
    events: [...events],
    outcome,
    undone: outcome === "rolled-back" || (outcome === "waiting" && back),
  };
};

/** Parts of the world that go by what is on record. */
const whoListens = (plan: Plan, world: ReturnType<typeof makeWorld>) => [
  makePauses(plan, world.traffic),
  makeQuiet(plan, world.queues),
];

/** Ties the parts of one rehearsal together; nothing has happened yet. */
const makeRun = (options: RehearsalOptions) => {
  const { plan, hash, seed, machines = realMachines, steps = realSteps, listeners = realListeners } = options;
  const clock = new Clock(STARTS_AT);
  const random = makeRandom(seed);
  const record = makeRecord(options, clock, (key) => s3.get(key));
  const { emit } = record.recorder;
  const world = makeWorld({ plan, clock, random: random.fork("world"), emit });
  record.judges.watch(world);
  record.watchers.push(...whoListens(plan, world), makeTrafficLines(clock, world.traffic.flush));
  const start = { plan: keys.plan(hash), hash, requester: OPERATOR };
  const around = makeAround({
    ...options,
    clock,
    random,
    listeners,
    listen: (...event) => listen(...event),
    engine: () => engine,
    removePod: (pod) => removeByHand(world, pod),
    start,
  });
  const deployment = makeDeployment(random.fork("deployment"));
  const switches = {
    ...makeWorldFaults(world, { clock, plan, emit }),
    ...around.faults,
    ...deployment.faults,
  };
  const faults = faultsOf(options, { clock, emit, world: () => switches, people: () => driver.people });
  const mistakes = makeMistakes();
  const linesOfPut = makeLinesOfPut();
  const seam = seamOf({ plan, clock, random, faults, mistakes, ...record });
  const { context, s3 } = makeServices({
    plan,
    clock,
    random,
    seam,
    world,
    around,
    executions: executionsOf(clock, () => engine),
    deployment,
    onPut: (put) => {
      linesOfPut(put.key, put.body).forEach(emit);
      around.sawPut(put.key);
    },
    log: logInto(emit),
  });
  for (const [key, text] of storedTexts(plan, hash)) s3.put(key, text);
  const { functionSecondsMax, ...lambda } = servingOf({ clock, context, faults, mistakes });
  const listen = makeListening({ ...lambda, listeners });
  const engine = new Engine({
    clock,
    random: random.fork("engine"),
    region: REGION,
    account: ACCOUNT,
    machines: Object.fromEntries(machines.map((m) => [m.name, m.definition])),
    invoke: makeLambda({ ...lambda, steps }),
    integrate: makeItemReader(s3),
    keepHistories: false,
    onHistory: (execution, event) => {
      linesOfHistory(execution, event).forEach(emit);
      driver.saw(execution, event);
      around.saw(execution, event);
    },
  });
  const run = { migration: plan.migration, plan: hash };
  const stopped = stoppedBy(options, clock, record.judges);
  const driver = makeDriver({ ...options, clock, engine, start, run, stopped });
  return { ...record, clock, world, faults, seam, driver, mistakes, functionSecondsMax, stopped };
};

/** Whether a run is over before its end: something broke, or nobody looks any further. */
const stoppedBy =
  ({ endsAfterSeconds = Number.POSITIVE_INFINITY }: RehearsalOptions, clock: Clock, { stopped }: Judges) =>
  (): boolean =>
    stopped() || clock.elapsedSeconds() >= endsAfterSeconds;

/** What every invocation has in common, and how long each function took at most. */
const servingOf = (parts: {
  readonly clock: Clock;
  readonly context: LambdaOptions["context"];
  readonly faults: Faults;
  readonly mistakes: ReturnType<typeof makeMistakes>;
}) => {
  const { clock, context, faults, mistakes } = parts;
  const functionSecondsMax = new Map<string, number>();
  const onEnded = (step: string, seconds: number) =>
    functionSecondsMax.set(step, Math.max(seconds, functionSecondsMax.get(step) ?? 0));
  const { stepBegins: onInvocation } = faults;
  return { clock, context, onInvocation, onMistake: mistakes.note, onEnded, faults, functionSecondsMax };
};

/** The faults that were asked for, at work. */
const faultsOf = (
  { faults, faultsEndAfterSeconds: endAfterSeconds }: RehearsalOptions,
  around: Omit<FaultsOptions, "endAfterSeconds">,
): Faults => makeFaults(faults, { ...around, ...(endAfterSeconds === undefined ? {} : { endAfterSeconds }) });

/** The record as it is written, and who looks at each line of it. */
const makeRecord = (options: RehearsalOptions, clock: Clock, stored: (key: string) => string | undefined) => {
  const tally = makeTally();
  // Who reads the record is no part of the step that causes a line of it: a terminal may have timers of its own.
  const outside = AsyncLocalStorage.snapshot();
  const recorder = makeRecorder(clock, (event, line) =>
    outside(() => {
      tally.add(event);
      options.onEvent(event, line);
      judges.sawEvent(event, line);
      for (const watch of watchers) watch(event);
    }),
  );
  const { emit } = recorder;
  const { plan, unwatched = [], goesOn = false } = options;
  const lines = () => recorder.events.length;
  const freezeMeter = makeFreezeMeter(emit);
  const watchers = [freezeMeter.see, makeWayBack(emit)];
  const judges = makeJudges({ plan, clock, emit, lines, stored, unwatched, goesOn });
  announce(options, emit);
  return { tally, recorder, freezeMeter, watchers, judges, stored };
};

/** The seam with everybody who looks on. */
const seamOf = (parts: {
  readonly plan: Plan;
  readonly clock: Clock;
  readonly random: Random;
  readonly faults: Faults;
  readonly mistakes: ReturnType<typeof makeMistakes>;
  readonly judges: Judges;
  readonly recorder: Recorder;
}): Seam => {
  const { plan, clock, random, faults, mistakes, judges, recorder } = parts;
  return makeSeam({
    clock,
    random: random.fork("seam"),
    ...(faults.any ? { fault: faults.hook } : {}),
    remembers: faults.remembers,
    onCall: (call) => {
      faults.sawCall(call);
      judges.sawCall(call);
    },
    onMistake: mistakes.note,
    onPermission: (step, service, action, allowed) =>
      recorder.emit({ type: "permission", step, service, action, allowed }),
    isPlanned: isPlanned(plan),
    mayWriteIn: writable(plan),
    zone: plan.settings.dns.zone,
  });
};

const isPlanned = (plan: Plan): ((resource: string) => boolean) => {
  const planned = new Set(plannedResources(plan));
  // As RBAC has it: a right on deployments is none on deployments/scale.
  return (resource) => planned.has(resource);
};

/** RBAC binds writes to the plan's namespaces: see domain/permissions/kubernetes.ts. */
const writable = (plan: Plan): ((namespace: string) => boolean) => {
  const namespaces = new Set(plannedNamespaces(plan));
  return (namespace) => namespaces.has(namespace);
};

/** What a reader needs before anything happens: which run this is, and what is to move. */
const announce = ({ plan, hash, seed }: RehearsalOptions, emit: Emit): void => {
  emit({
    type: "run",
    platform: plan.platform,
    plan: hash,
    seed,
    startsAt: new Date(STARTS_AT).toISOString(),
    migration: plan.migration,
  });
  for (const w of plan.workloads)
    emit({
      type: "workload",
      namespace: w.namespace,
      name: w.name,
      kind: w.kind,
      class: w.class,
      move: w.move,
    });
};

/** What a person does whom a page has told which pod hangs: the pod's object goes, and its name is free again. */
const removeByHand = ({ clusters }: RehearsedWorld, { side, namespace, name }: StuckPod): void => {
  const url = `https://${side}/api/v1/namespaces/${namespace}/pods/${name}?gracePeriodSeconds=0`;
  clusters[side].api({ method: "DELETE", url, headers: {} }, BREAK_GLASS);
};

/** The engine and the services need each other; the services ask for it when a step calls. */
const executionsOf = (clock: Clock, engine: () => Engine): Executions => ({
  clock,
  start: (request) => engine().start(request),
  stop: (execution, error, cause) => engine().stop(execution, error, cause),
  describe: (execution) => engine().describe(execution),
  list: (filter) => engine().list(filter),
  sendTaskSuccess: (token, output) => engine().sendTaskSuccess(token, output),
  sendTaskFailure: (token, error, cause) => engine().sendTaskFailure(token, error, cause),
  sendTaskHeartbeat: (token) => engine().sendTaskHeartbeat(token),
  executionName: () => engine().executionName(),
});

/** Warnings and errors of steps are lines of the record; the rest says nothing that the record doesn't say better. */
const logInto = (emit: Emit): Log => {
  const noting =
    (level: "warning" | "error") => (message: string, fields?: Readonly<Record<string, unknown>>) => {
      const sentence = fields ? `${message} ${JSON.stringify(fields)}` : message;
      emit({ type: "notice", level, sentence });
    };
  return { info: () => {}, warn: noting("warning"), error: noting("error") };
};

/** What broke inside a simulated service: no step may take it for an answer, so the run is worth nothing. */
const makeMistakes = () => {
  let first: unknown;
  return {
    note: (error: unknown) => {
      first ??= error;
    },
    /** @throws the first of them. */
    check: () => {
      if (first !== undefined) throw first;
    },
  };
};
