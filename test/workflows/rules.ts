/** Our own rules for state machines, as functions from a definition to complaints. asl-validator knows the language; these know the house. */

import * as z from "zod";
import type { Step } from "../../functions/step.ts";

type Fields = Readonly<Record<string, unknown>>;
type State = Fields & { readonly Type: string };
type Machine = { readonly StartAt: string; readonly States: Readonly<Record<string, State>> };
export type Definition = Machine & { readonly TimeoutSeconds: number };

/** What the rules are held against: the functions and the machines that there are. */
export type House = {
  readonly steps: ReadonlyMap<string, Pick<Step, "input">>;
  readonly machines: ReadonlyMap<string, Definition>;
};

export type Rule = (definition: Definition, house: House) => readonly string[];

type Body = {
  readonly machine: Machine /** Whether a failure in it is caught where it is run. */;
  readonly caught: boolean;
};

const LAMBDA = "arn:aws:states:::lambda:invoke";
const TOKEN = `${LAMBDA}.waitForTaskToken`;
const CHILD = "arn:aws:states:::states:startExecution.sync:2";
/** No machine waits for longer: two weeks; the migration as a whole may take a month. */
const SECONDS_MAX = 1_209_600;
const STEP_SECONDS_MAX = 30;

/** The machine and everything in it: branches and the bodies of maps. */
const bodiesOf = (machine: Machine, caught = false): readonly Body[] => [
  { machine, caught },
  ...Object.values(machine.States).flatMap((state) => {
    const inner = [
      ...((state["Branches"] ?? []) as readonly Machine[]),
      ...(state["ItemProcessor"] ? [state["ItemProcessor"] as Machine] : []),
    ];
    return inner.flatMap((each) => bodiesOf(each, catches(state)));
  }),
];

const catches = (state: State): boolean =>
  ((state["Catch"] ?? []) as readonly { readonly ErrorEquals: readonly string[] }[]).some((c) =>
    c.ErrorEquals.includes("States.ALL"),
  );

const tasksOf = (definition: Definition) =>
  bodiesOf(definition).flatMap(({ machine, caught }) =>
    Object.entries(machine.States)
      .filter(([, state]) => state.Type === "Task")
      .map(([name, state]) => ({ name, state, caught, args: (state["Arguments"] ?? {}) as Fields })),
  );

const retried = (state: State): readonly string[] =>
  ((state["Retry"] ?? []) as readonly { readonly ErrorEquals: readonly string[] }[]).flatMap(
    (r) => r.ErrorEquals,
  );

/** A task that may hang, hangs a machine for a year without a metric. */
export const tasksEnd: Rule = (definition) =>
  tasksOf(definition).flatMap(({ name, state }) => {
    const seconds = state["TimeoutSeconds"];
    if (seconds === undefined) return [`${name} has no TimeoutSeconds.`];
    if (state["Resource"] === LAMBDA && seconds !== STEP_SECONDS_MAX)
      return [
        `${name} calls a function for ${String(seconds)} s instead of ${STEP_SECONDS_MAX}: the fence relies on it.`,
      ];
    return typeof seconds === "number" && seconds > SECONDS_MAX ? [`${name} waits for ${seconds} s.`] : [];
  });

const STEP_ERRORS = [
  "Transient",
  "Throttled",
  "Conflict",
  "AnswerLost",
  "Lambda.Unknown",
  "Lambda.ServiceException",
  "Lambda.TooManyRequestsException",
  "Sandbox.Timedout",
];

/** What may succeed the second time is tried again; a wait for people is not, or its timeout would never be seen. */
export const tasksRetry: Rule = (definition) =>
  tasksOf(definition).flatMap(({ name, state }) => {
    const on = retried(state);
    if (state["Resource"] === CHILD)
      return on.some((e) => e.startsWith("StepFunctions."))
        ? []
        : [`${name} gives up where no execution can be started.`];
    const missing = STEP_ERRORS.filter((e) => !on.includes(e));
    const waits = state["Resource"] === TOKEN && (on.includes("States.Timeout") || on.includes("States.ALL"));
    return [
      ...(missing.length > 0 ? [`${name} doesn't retry after ${missing.join(", ")}.`] : []),
      ...(waits ? [`${name} asks again instead of timing out.`] : []),
    ];
  });

export const tasksCatch: Rule = (definition) =>
  tasksOf(definition).flatMap(({ name, state, caught }) =>
    caught || catches(state) ? [] : [`${name} has no Catch, nor has what runs it.`],
  );

/** A parent that gives up before its child stops it without any Catch of the child's. */
export const parentsOutlast: Rule = (definition, { machines }) =>
  tasksOf(definition).flatMap(({ name, state, args }) => {
    const child = machines.get(placeholder(args["StateMachineArn"]) ?? "");
    return child && (state["TimeoutSeconds"] as number) < child.TimeoutSeconds
      ? [
          `${name} gives up after ${String(state["TimeoutSeconds"])} s, its child after ${child.TimeoutSeconds} s.`,
        ]
      : [];
  });

const edgesOf = (state: State): readonly string[] => [
  ...(typeof state["Next"] === "string" ? [state["Next"]] : []),
  ...(typeof state["Default"] === "string" ? [state["Default"]] : []),
  ...[
    ...((state["Choices"] ?? []) as readonly { readonly Next: string }[]),
    ...((state["Catch"] ?? []) as readonly { readonly Next: string }[]),
  ].map((e) => e.Next),
];

export const namesExist: Rule = (definition, { steps, machines }) => [
  ...bodiesOf(definition).flatMap(({ machine }) =>
    [
      ["StartAt", machine.StartAt] as const,
      ...Object.entries(machine.States).flatMap(([from, state]) =>
        edgesOf(state).map((to) => [from, to] as const),
      ),
    ]
      .filter(([, to]) => !(to in machine.States))
      .map(([from, to]) => `${from} leads to ${to}, which there isn't.`),
  ),
  ...tasksOf(definition).flatMap(({ name, args }) => {
    const [step, machine] = [placeholder(args["FunctionName"]), placeholder(args["StateMachineArn"])];
    const passed = Object.entries((args["Input"] ?? {}) as Fields).filter(
      ([key]) => key === "gate" || key === "step",
    );
    return [
      ...(step !== undefined && !steps.has(step) ? [`${name} calls ${step}, which is no function.`] : []),
      ...(machine !== undefined && !machines.has(machine)
        ? [`${name} runs ${machine}, which is no machine.`]
        : []),
      ...passed
        .filter(([, value]) => !steps.has(placeholder(value) ?? ""))
        .map(([key, value]) => `${name} passes ${key} ${String(value)}, which is no function.`),
    ];
  }),
];

const placeholder = (value: unknown): string | undefined =>
  typeof value === "string" ? /^\$\{([^}]+)\}$/.exec(value)?.[1] : undefined;

/** What a function is called with is what its input says: nothing left out, nothing made up. */
export const inputsFit: Rule = (definition, { steps }) =>
  tasksOf(definition).flatMap(({ name, args }) => {
    const step = steps.get(placeholder(args["FunctionName"]) ?? "");
    if (!step || !(step.input instanceof z.ZodObject)) return [];
    const shape = step.input.shape as Readonly<Record<string, z.ZodType>>;
    const given = Object.keys((args["Payload"] ?? {}) as Fields);
    return [
      ...given
        .filter((key) => !(key in shape))
        .map((key) => `${name} passes ${key}, which its function doesn't read.`),
      ...Object.entries(shape)
        .filter(([key, type]) => !given.includes(key) && !type.safeParse(undefined).success)
        .map(([key]) => `${name} doesn't pass ${key}.`),
    ];
  });

export const allReachable: Rule = (definition) =>
  bodiesOf(definition).flatMap(({ machine }) => {
    const reached = new Set<string>();
    const open = [machine.StartAt];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const state = machine.States[at];
      if (reached.has(at) || !state) continue;
      reached.add(at);
      open.push(...edgesOf(state));
    }
    return Object.keys(machine.States)
      .filter((name) => !reached.has(name))
      .map((name) => `${name} is never reached.`);
  });

/**
 * A loop is bounded where it passes through a Choice that goes on only while a counter is low (`$x < …`), or through `hold`, whose retries are
 * counted in the bucket. A counter counts if a state of the loop adds one to it and none but a hold sets it back.
 */
export const loopsEnd: Rule = (definition) =>
  bodiesOf(definition).flatMap(({ machine }) =>
    loopsOf(withoutBounds(machine)).map((loop) => `${loop.join(" → ")} goes round without a bound.`),
  );

const isHold = (state: State): boolean =>
  placeholder(((state["Arguments"] ?? {}) as Fields)["StateMachineArn"]) === "hold";
const assigns = (state: State): readonly (readonly [string, unknown])[] =>
  Object.entries((state["Assign"] ?? {}) as Fields);
const counts = (state: State, counter: string): boolean =>
  assigns(state).some(([name, value]) => name === counter && value === `{% $${counter} + 1 %}`);
const resets = (state: State, counter: string): boolean =>
  assigns(state).some(([name, value]) => name === counter && typeof value === "number");

/** The edges that stay when holds and counted choices are taken out. */
const withoutBounds = (machine: Machine): ReadonlyMap<string, readonly string[]> => {
  const states = Object.entries(machine.States);
  const edges = new Map(
    states
      .filter(([, state]) => !isHold(state))
      .map(([name, state]) => [
        name,
        edgesOf(state).filter((to) => machine.States[to] && !isHold(machine.States[to])),
      ]),
  );
  // A loop within a loop is bounded once the outer one is: what sets its counter back is then no part of it any more.
  for (let left = -1; left !== edgesIn(edges); ) {
    left = edgesIn(edges);
    for (const [name, state] of states) cutCounted(machine, edges, name, state);
  }
  return edges;
};

const edgesIn = (edges: ReadonlyMap<string, readonly string[]>): number =>
  [...edges.values()].reduce((sum, to) => sum + to.length, 0);

const cutCounted = (
  machine: Machine,
  edges: Map<string, readonly string[]>,
  name: string,
  state: State,
): void => {
  const choices = (state["Choices"] ?? []) as readonly {
    readonly Condition: string;
    readonly Next: string;
  }[];
  const counted = choices
    .filter(({ Condition, Next }) =>
      counterOf(Condition).some((counter) => isCounted(machine, edges, counter, Next, name)),
    )
    .map((c) => c.Next);
  edges.set(
    name,
    (edges.get(name) ?? []).filter((to) => !counted.includes(to)),
  );
};

const counterOf = (condition: string): readonly string[] =>
  [...(condition.split("<")[0] ?? "").matchAll(/\$(\w+)/g)]
    .map((m) => m[1] ?? "")
    .filter(() => condition.includes("<"));

/** Every way from the choice back to it counts, and none sets the counter back. */
const isCounted = (
  machine: Machine,
  edges: ReadonlyMap<string, readonly string[]>,
  counter: string,
  from: string,
  back: string,
): boolean => {
  const around = [...reach(edges, from)].filter((name) => reach(edges, name).has(back));
  const uncounted = new Map(
    [...edges].map(([name, to]) => [
      name,
      machine.States[name] && counts(machine.States[name], counter) ? [] : to,
    ]),
  );
  return (
    !reach(uncounted, from).has(back) &&
    !around.some((name) => machine.States[name] && resets(machine.States[name], counter))
  );
};

const reach = (edges: ReadonlyMap<string, readonly string[]>, from: string): ReadonlySet<string> => {
  const reached = new Set([from]);
  for (const at of reached) for (const to of edges.get(at) ?? []) reached.add(to);
  return reached;
};

const loopsOf = (edges: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] => {
  const loops: string[][] = [];
  const inLoop = [...edges.keys()].filter((name) =>
    (edges.get(name) ?? []).some((to) => reach(edges, to).has(name)),
  );
  const seen = new Set<string>();
  for (const name of inLoop) {
    if (seen.has(name)) continue;
    const loop = inLoop.filter((other) => reach(edges, name).has(other) && reach(edges, other).has(name));
    for (const each of loop) seen.add(each);
    loops.push(loop);
  }
  return loops;
};

export const mapsAreBounded: Rule = (definition) =>
  bodiesOf(definition).flatMap(({ machine }) =>
    Object.entries(machine.States)
      .filter(
        ([, state]) =>
          state.Type === "Map" && (state["MaxConcurrency"] === undefined || state["MaxConcurrency"] === 0),
      )
      .map(([name]) => `${name} starts all its items at once.`),
  );

const JSONPATH_FIELDS = new Set([
  "InputPath",
  "OutputPath",
  "ResultPath",
  "ResultSelector",
  "Parameters",
  "ItemsPath",
  "Variable",
  "SecondsPath",
  "TimeoutSecondsPath",
]);

export const noJsonPath: Rule = (definition) => {
  const found: string[] = [];
  const look = (value: unknown, at: string): void => {
    if (typeof value === "string" && value.startsWith("$.")) found.push(`${at} is a JSONPath: ${value}`);
    if (typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      if (key.endsWith(".$") || JSONPATH_FIELDS.has(key)) found.push(`${at}.${key} is JSONPath's.`);
      look(inner, `${at}.${key}`);
    }
  };
  look(definition, "definition");
  return found;
};
