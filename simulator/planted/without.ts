/**
 * The program without one of its waits, drains, verifications or gates: what is left out is taken for passed. A part whose omission never
 * hurts would be decoration.
 */

import { BadInput } from "../../domain/errors.ts";
import { byCodeUnit } from "../../domain/kube.ts";
import type { Program } from "./edit.ts";
import { type Edit, type Loose, type States, statesOf } from "./edit.ts";

/** Steps that only look: gates, checks, proofs. Polls belong to what they poll for. */
const LOOKS = /^(check|compare|guard|measure|observe|prove|validate)-/;
/** They look at what was asked for or measure what is decided by: without them there is no run, or another one. */
const NOT_LOOKS = new Set(["validate-start", "measure-ttls", "guard-platform"]);
/** Waits between two looks at the same thing. */
const POLLS =
  /^(Give it time|Give the source time|Let clients come back|Wait for data|Until the next look|Look again soon|Wait for quiet)$/;

const placeholder = (value: unknown): string | undefined =>
  typeof value === "string" ? /^\$\{(.+)\}$/.exec(value)?.[1] : undefined;

/** The step, drain or gate that a state stands for; undefined where it is something else. */
const lookOf = (state: Loose): string | undefined => {
  const given = (state["Arguments"] ?? {}) as Loose;
  const input = (given["Input"] ?? {}) as Loose;
  const name =
    placeholder(input["gate"]) ?? placeholder(given["FunctionName"]) ?? placeholder(given["StateMachineArn"]);
  if (name === undefined) return undefined;
  return name === "drain-queue" || (LOOKS.test(name) && !NOT_LOOKS.has(name)) ? name : undefined;
};

/** What a part is called: a step by its name, a wait by its machine and its state. */
const nameOf = (machine: string, name: string, state: Loose): string | undefined =>
  state["Type"] === "Wait" ? (POLLS.test(name) ? undefined : `${machine}/${name}`) : lookOf(state);

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
const PASSED: Loose = { verdict: "pass", sentence: "It was left out.", waitSeconds: 0, recordWaitSeconds: 0 };

const RESULT = /^\{% \$states\.result\.Payload(?:\.(\w+))? %\}$/;

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
