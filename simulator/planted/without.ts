/**
 * The program without one of its waits, drains, verifications or gates: what is left out is taken for passed. A part whose omission never
 * hurts would be decoration.
 */

import { BadInput } from "../../domain/errors.ts";
import { byCodeUnit } from "../../domain/kube.ts";
import type { Program } from "./edit.ts";
import { type Edit, type Loose, type States, statesOf } from "./edit.ts";

/** Steps that only look: gates, checks, proofs, measurements. */
const LOOKS = /^(check|compare|guard|measure|observe|prove|validate)-/;
/** One says what is to be run: without it there is no run. The other is what the guard does, which is left out as a whole. */
const NOT_LOOKS = new Set(["validate-start", "guard-platform"]);
/** Machines that do nothing but wait for something, or watch. */
const WATCHERS = new Set(["drain-queue", "guard"]);

const placeholder = (value: unknown): string | undefined =>
  typeof value === "string" ? /^\$\{(.+)\}$/.exec(value)?.[1] : undefined;

/** The step, drain or gate that a state stands for; undefined where it is something else. */
const lookOf = (state: Loose): string | undefined => {
  const given = (state["Arguments"] ?? {}) as Loose;
  const gate = placeholder(((given["Input"] ?? {}) as Loose)["gate"]);
  if (gate !== undefined) return gate;
  const machine = placeholder(given["StateMachineArn"]);
  if (machine !== undefined) return WATCHERS.has(machine) ? machine : undefined;
  const name = placeholder(given["FunctionName"]);
  return name !== undefined && LOOKS.test(name) && !NOT_LOOKS.has(name) ? name : undefined;
};

/** What a part is called: a step by its name, a wait by its machine and its state. */
const nameOf = (machine: string, name: string, state: Loose): string | undefined =>
  state["Type"] === "Wait" ? `${machine}/${name}` : lookOf(state);

/** States of a machine, and of the bodies of its Maps and branches. */
const inside = (states: States): readonly (readonly [name: string, state: Loose])[] =>
  Object.entries(states).flatMap(([name, state]) => [
    [name, state] as const,
    ...bodiesOf(state).flatMap((body) => inside(body.States)),
  ]);

type Body = { readonly States: States };
const bodiesOf = (state: Loose): readonly Body[] => [
  ...(state["ItemProcessor"] ? [state["ItemProcessor"] as Body] : []),
  ...((state["Branches"] as readonly Body[] | undefined) ?? []),
];

/** Names of everything that can be left out, sorted. */
export const omittable = ({ machines }: Program): readonly string[] =>
  [
    ...new Set(
      machines.flatMap((machine) =>
        inside(statesOf(machine)).flatMap(([name, state]) => nameOf(machine.name, name, state) ?? []),
      ),
    ),
  ].sort(byCodeUnit);

/** What whoever reads the result of something left out finds. */
const PASSED: Loose = {
  verdict: "pass",
  sentence: "It was left out.",
  waitSeconds: 0,
  recordWaitSeconds: 0,
  again: false,
};

const RESULT = /^\{% \$states\.result\.(?:Payload|Output)(?:\.(\w+))? %\}$/;

const passed = (value: unknown): unknown => {
  const [found, field] = RESULT.exec(String(value)) ?? [];
  if (found === undefined) return value;
  return field === undefined ? PASSED : (PASSED[field] ?? null);
};

const leftOut = (state: Loose): Loose => {
  const assigned = Object.entries((state["Assign"] ?? {}) as Loose).map(([key, value]) => [
    key,
    passed(value),
  ]);
  return {
    Type: "Pass",
    ...(assigned.length === 0 ? {} : { Assign: Object.fromEntries(assigned) }),
    ...(state["Output"] === undefined ? {} : { Output: passed(state["Output"]) }),
    ...(state["End"] === true ? { End: true } : { Next: state["Next"] }),
  };
};

const withoutIn = (machine: string, states: States, left: ReadonlySet<string>): States =>
  Object.fromEntries(
    Object.entries(states).map(([name, state]) => {
      const called = nameOf(machine, name, state);
      if (called !== undefined && left.has(called)) return [name, leftOut(state)];
      const body = state["ItemProcessor"] as Body | undefined;
      const branches = state["Branches"] as readonly Body[] | undefined;
      const inBody = (each: Body) => ({ ...each, States: withoutIn(machine, each.States, left) });
      return [
        name,
        {
          ...state,
          ...(body ? { ItemProcessor: inBody(body) } : {}),
          ...(branches ? { Branches: branches.map(inBody) } : {}),
        },
      ];
    }),
  );

/** @throws BadInput where there is nothing of such a name to leave out. */
export const without =
  (names: readonly string[]): Edit =>
  (right) => {
    const known = omittable(right);
    for (const name of names)
      if (!known.includes(name))
        throw new BadInput(
          `There is nothing called ${name} that could be left out. There are: ${known.join(", ")}.`,
        );
    const left = new Set(names);
    return {
      ...right,
      machines: right.machines.map((machine) => ({
        name: machine.name,
        definition: { ...machine.definition, States: withoutIn(machine.name, statesOf(machine), left) },
      })) as unknown as Program["machines"],
    };
  };
