/**
 * The view model: one fold over the lines of a run that the terminal, the report and the console all draw. Every prefix of a run
 * folds, every list is bounded and says how much it leaves out.
 */

import type { EventType, RunEvent, SideTraffic } from "./events.ts";
import { overall, type Verdict } from "./gates.ts";
import { byCodeUnit } from "./kube.ts";
import { PHASES, type Phase, SIDES, type Side } from "./phases.ts";
import { type Counts, makeTally } from "./summary.ts";
import { type EffectsView, makeEffects } from "./view-effects.ts";
import { type GroupView, makeGroups } from "./view-kafka.ts";
import { type Bounded, bounded, type FleetView, makeFleet, type Ready } from "./view-parts.ts";
import { makeSeries, type Segment, type Stretch } from "./view-series.ts";

type Of<T extends RunEvent["type"]> = Extract<RunEvent, { type: T }>;

export type PhaseStatus = "to-come" | Of<"phase">["status"];

export type PhaseView = {
  readonly phase: Phase;
  readonly status: PhaseStatus;
  readonly startedAt: number | null;
  /** When it completed, failed or was rolled back. */
  readonly endedAt: number | null;
  readonly effects: number;
  readonly transitions: number;
};

export type WorkloadView = {
  readonly namespace: string;
  readonly name: string;
  readonly kind: string;
  readonly class: string;
  readonly move: string;
  readonly source: Ready | null;
  readonly target: Ready | null;
};

export type GateView = {
  readonly phase: Phase;
  readonly gate: string;
  readonly verdict: Verdict["verdict"];
  readonly firstAt: number;
  readonly lastAt: number;
  /** How often it was judged, and how often it did not pass. */
  readonly judged: number;
  readonly held: number;
  /** The last verdicts, those that didn't pass first. */
  readonly verdicts: Bounded<Verdict>;
};

export type ApprovalView = {
  readonly question: string;
  readonly status: Of<"approval">["status"];
  readonly askedAt: number;
  readonly lastAt: number;
  readonly entries: readonly Omit<Of<"approval">, "type" | "question">[];
};

export type ViewModel = {
  readonly run: Omit<Of<"run">, "type" | "at"> | null;
  /** Virtual seconds of the last line. */
  readonly at: number;
  readonly counts: Counts;
  readonly phases: readonly PhaseView[];
  readonly current: Stretch;
  /** How the run went through its phases, forward and back, without a gap: the time axis of the charts. */
  readonly stretches: readonly Span[];
  readonly workloads: readonly WorkloadView[];
  readonly effects: EffectsView;
  readonly traffic: readonly Segment[];
  /** Answers by status over the whole run, on each side. */
  readonly statuses: { readonly [S in Side]: Readonly<Record<string, number>> };
  readonly gates: readonly GateView[];
  readonly approvals: readonly ApprovalView[];
  readonly freezes: readonly { readonly from: number; readonly to: number | null }[];
  readonly fleet: FleetView;
  /** Consumer groups, by name. */
  readonly groups: readonly GroupView[];
  readonly executions: {
    readonly started: number;
    readonly running: number;
    readonly ended: Readonly<Record<string, number>>;
  };
  readonly failing: Bounded<Of<"failing">>;
  readonly faults: Bounded<Of<"fault">>;
  readonly actors: Bounded<Of<"actor">>;
  readonly actorsRefused: number;
  readonly violations: Bounded<Of<"violation">>;
  readonly notices: Bounded<Of<"notice">>;
  /** By step, `service:action`, as they were used. */
  readonly permissionsUsed: Readonly<Record<string, readonly string[]>>;
  readonly permissionsDenied: Bounded<Of<"permission">>;
};

export type Span = Stretch & { readonly from: number; readonly to: number };

export type View = { readonly add: (event: RunEvent) => void; readonly model: () => ViewModel };

const LIST_MAX = 200;
const STRETCHES_MAX = 100;
const APPROVAL_ENTRIES_MAX = 20;
const VERDICTS_MAX = 100;

/** Everything that the lines change, in one place; `makeView` keeps it to itself. */
const emptyState = () => ({
  run: null as ViewModel["run"],
  at: 0,
  current: { phase: null, direction: "forward" } as Stretch,
  stretches: [] as (Stretch & { readonly from: number })[],
  phases: new Map<Phase, PhaseView>(
    PHASES.map((phase) => [
      phase,
      { phase, status: "to-come", startedAt: null, endedAt: null, effects: 0, transitions: 0 },
    ]),
  ),
  workloads: [] as Of<"workload">[],
  statuses: { source: {} as Record<string, number>, target: {} as Record<string, number> },
  gates: new Map<string, GateView>(),
  approvals: new Map<string, ApprovalView>(),
  freezes: [] as { from: number; to: number | null }[],
  executions: { started: 0, running: 0, ended: {} as Record<string, number> },
  failing: bounded<Of<"failing">>(LIST_MAX),
  faults: bounded<Of<"fault">>(LIST_MAX),
  actors: bounded<Of<"actor">>(LIST_MAX),
  actorsRefused: 0,
  violations: bounded<Of<"violation">>(LIST_MAX),
  notices: bounded<Of<"notice">>(LIST_MAX),
  used: new Map<string, Set<string>>(),
  denied: bounded<Of<"permission">>(LIST_MAX),
});
type State = ReturnType<typeof emptyState>;

type Parts = {
  readonly effects: ReturnType<typeof makeEffects>;
  readonly series: ReturnType<typeof makeSeries>;
  readonly fleet: ReturnType<typeof makeFleet>;
  readonly groups: ReturnType<typeof makeGroups>;
};

/** What each type of line changes; the compiler misses none. */
const reducers = (state: State, parts: Parts): { readonly [T in EventType]: (event: Of<T>) => void } => ({
  run: (event) => {
    state.run = without(event);
  },
  workload: (event) => {
    state.workloads.push(event);
  },
  phase: (event) => addPhase(state, event),
  transition: () => onCurrent(state, (phase) => ({ ...phase, transitions: phase.transitions + 1 })),
  execution: (event) => addExecution(state, event),
  effect: (event) => {
    // An undo says that the run is on its way back, whichever phase it had come to.
    if (event.direction === "undo") enter(state, { ...state.current, direction: "undo" }, event.at);
    if (parts.effects.add(event)) onCurrent(state, (phase) => ({ ...phase, effects: phase.effects + 1 }));
  },
  verdict: (event) => addVerdict(state, event),
  approval: (event) => addApproval(state, event),
  traffic: (event) => {
    for (const side of SIDES) addStatuses(state.statuses[side], event[side]);
    parts.series.add(event, state.current);
  },
  failing: state.failing.add,
  freeze: (event) => addFreeze(state, event),
  actor: (event) => {
    if (!event.allowed) state.actorsRefused += 1;
    state.actors.add(event);
  },
  ready: parts.fleet.add,
  kafka: parts.groups.add,
  fault: state.faults.add,
  permission: (event) => addPermission(state, event),
  violation: state.violations.add,
  notice: state.notices.add,
});

/** Every type of line. */
export const EVENT_TYPES: readonly string[] = Object.keys(
  reducers(emptyState(), {
    effects: makeEffects(),
    series: makeSeries(),
    fleet: makeFleet(),
    groups: makeGroups(),
  }),
);

/** Folds line by line; `model` may be asked for at any time. A type of line from a newer Repot changes nothing. */
export const makeView = (): View => {
  const state = emptyState();
  const tally = makeTally();
  const effects = makeEffects();
  const series = makeSeries();
  const fleet = makeFleet();
  const groups = makeGroups();
  const reduce = reducers(state, { effects, series, fleet, groups });

  const add = (event: RunEvent): void => {
    tally.add(event);
    state.at = Math.max(state.at, event.at);
    // The table has a reducer for exactly this type; TypeScript can't say that of a union.
    if (Object.hasOwn(reduce, event.type)) (reduce[event.type] as (event: RunEvent) => void)(event);
  };

  const model = (): ViewModel => ({
    run: state.run,
    at: state.at,
    counts: tally.counts(),
    phases: [...state.phases.values()],
    current: state.current,
    stretches: spansOf(state),
    workloads: state.workloads.map((w) => workloadView(w, fleet.ready)),
    effects: effects.view(),
    traffic: series.segments(),
    statuses: { source: sorted(state.statuses.source), target: sorted(state.statuses.target) },
    gates: [...state.gates.values()],
    approvals: [...state.approvals.values()],
    freezes: state.freezes.map((f) => ({ ...f })),
    fleet: fleet.view(state.at),
    groups: groups.view(),
    executions: { ...state.executions, ended: sorted(state.executions.ended) },
    failing: state.failing.view(),
    faults: state.faults.view(),
    actors: state.actors.view(),
    actorsRefused: state.actorsRefused,
    violations: state.violations.view(),
    notices: state.notices.view(),
    permissionsUsed: Object.fromEntries(
      [...state.used].sort(([a], [b]) => byCodeUnit(a, b)).map(([step, all]) => [step, [...all].sort()]),
    ),
    permissionsDenied: state.denied.view(),
  });
  return { add, model };
};

/** The view of a whole record, or of any prefix of one. */
export const viewOf = (events: Iterable<RunEvent>): ViewModel => {
  const view = makeView();
  for (const event of events) view.add(event);
  return view.model();
};

const without = ({
  platform,
  plan,
  seed,
  startsAt,
  migration,
}: Of<"run">): NonNullable<ViewModel["run"]> => ({
  platform,
  plan,
  seed,
  startsAt,
  migration,
});

const onCurrent = (state: State, change: (phase: PhaseView) => PhaseView): void => {
  const phase = state.current.phase === null ? undefined : state.phases.get(state.current.phase);
  if (phase !== undefined) state.phases.set(phase.phase, change(phase));
};

const enter = (state: State, next: Stretch, from: number): void => {
  const { phase, direction } = state.current;
  if (phase === next.phase && direction === next.direction) return;
  state.current = next;
  if (state.stretches.length < STRETCHES_MAX) state.stretches.push({ ...next, from });
};

/** Each stretch lasts until the next begins, the last until now; before the first there is one without a phase. */
const spansOf = ({ stretches, at }: State): readonly Span[] =>
  [{ phase: null, direction: "forward" as const, from: 0 }, ...stretches]
    .map((stretch, i) => ({ ...stretch, to: stretches[i]?.from ?? at }))
    .filter(({ from, to }) => to > from);

const addPhase = (state: State, { phase, status, at }: Of<"phase">): void => {
  const back = status === "rolling-back" || status === "rolled-back";
  enter(state, { phase, direction: back ? "undo" : "forward" }, at);
  onCurrent(state, (known) => ({
    ...known,
    status,
    startedAt: known.startedAt ?? at,
    endedAt: status === "started" || status === "rolling-back" ? null : at,
  }));
};

const addExecution = ({ executions }: State, { status }: Of<"execution">): void => {
  if (status === "started") {
    executions.started += 1;
    executions.running += 1;
    return;
  }
  executions.running = Math.max(0, executions.running - 1);
  executions.ended[status] = (executions.ended[status] ?? 0) + 1;
};

const rank = { fail: 0, unknown: 1, pass: 2 } as const;

const addVerdict = (state: State, { phase, gate, verdicts, at }: Of<"verdict">): void => {
  const key = `${phase}|${gate}`;
  const known = state.gates.get(key);
  const verdict = overall(verdicts);
  const worstFirst = verdicts.toSorted((a, b) => rank[a.verdict] - rank[b.verdict]);
  state.gates.set(key, {
    phase,
    gate,
    verdict,
    firstAt: known?.firstAt ?? at,
    lastAt: at,
    judged: (known?.judged ?? 0) + 1,
    held: (known?.held ?? 0) + (verdict === "pass" ? 0 : 1),
    verdicts: {
      first: worstFirst.slice(0, VERDICTS_MAX),
      more: Math.max(0, verdicts.length - VERDICTS_MAX),
    },
  });
};

const addApproval = (state: State, { question, type: _, ...entry }: Of<"approval">): void => {
  const known = state.approvals.get(question);
  state.approvals.set(question, {
    question,
    status: entry.status,
    askedAt: known?.askedAt ?? entry.at,
    lastAt: entry.at,
    entries: [...(known?.entries ?? []), entry].slice(-APPROVAL_ENTRIES_MAX),
  });
};

const addFreeze = ({ freezes }: State, { status, at }: Of<"freeze">): void => {
  const last = freezes.at(-1);
  if (status === "began") freezes.push({ from: at, to: null });
  else if (status === "ended" && last !== undefined && last.to === null) last.to = at;
};

const addPermission = (state: State, event: Of<"permission">): void => {
  if (!event.allowed) {
    state.denied.add(event);
    return;
  }
  const used = state.used.get(event.step) ?? new Set();
  used.add(`${event.service}:${event.action}`);
  state.used.set(event.step, used);
};

const addStatuses = (into: Record<string, number>, { statuses }: SideTraffic): void => {
  for (const [status, count] of Object.entries(statuses)) into[status] = (into[status] ?? 0) + count;
};

const workloadView = (
  { namespace, name, kind, class: is, move }: Of<"workload">,
  ready: (side: Side, workload: string) => Ready | null,
): WorkloadView => ({
  namespace,
  name,
  kind,
  class: is,
  move,
  source: ready("source", `${namespace}/${name}`),
  target: ready("target", `${namespace}/${name}`),
});

const sorted = (counts: Readonly<Record<string, number>>): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(counts).sort(([a], [b]) => byCodeUnit(a, b)));
