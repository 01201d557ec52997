/** Ways to make a program wrong: edits of the right one, so that a planted bug is a line or two and follows every change of what it is planted in. */

import type { Listener } from "../../functions/listener.ts";
import type { Context, Needs, Step } from "../../functions/step.ts";
import type { NamedMachine } from "../../workflows/asl.ts";

/** What is deployed. */
export type Program = {
  readonly machines: readonly NamedMachine[];
  readonly steps: readonly Step[];
  readonly listeners: readonly Listener[];
};
export type Edit = (right: Program) => Program;

/** A state as plain data: whoever makes it wrong writes what no compiler would let through. */
export type Loose = Readonly<Record<string, unknown>>;
export type States = Readonly<Record<string, Loose>>;
export type StatesEdit = (states: States) => States;

export const statesOf = (machine: NamedMachine): States => machine.definition.States as unknown as States;

/** One machine with other states; edits one after another. @throws Error where there is no such machine. */
export const inMachine =
  (name: string, ...edits: readonly StatesEdit[]): Edit =>
  ({ machines, ...rest }) => {
    if (!machines.some((m) => m.name === name)) throw new Error(`There is no machine ${name} to make wrong.`);
    return { ...rest, machines: machines.map((m) => (m.name === name ? withStates(m, edits) : m)) };
  };

const withStates = (machine: NamedMachine, edits: readonly StatesEdit[]): NamedMachine => {
  const states = edits.reduce((edited, edit) => edit(edited), statesOf(machine));
  return {
    name: machine.name,
    definition: { ...machine.definition, States: states },
  } as unknown as NamedMachine;
};

/** Several edits, one after another. */
export const all =
  (...edits: readonly Edit[]): Edit =>
  (right) =>
    edits.reduce((program, edit) => edit(program), right);

/** @throws Error where the state isn't there (any more): a wrong workflow that isn't wrong proves nothing. */
const stateOf = (states: States, name: string): Loose => {
  const state = states[name];
  if (!state)
    throw new Error(
      `There is no state "${name}" to make wrong; there are ${Object.keys(states).join(", ")}.`,
    );
  return state;
};

/** One state with some fields replaced. */
export const changed =
  (name: string, fields: Loose): StatesEdit =>
  (states) => ({ ...states, [name]: { ...stateOf(states, name), ...fields } });

/** A state that does nothing any more. What it assigned is missing: only for those whose results nobody reads. */
export const leftOut =
  (...names: readonly string[]): StatesEdit =>
  (states) => ({
    ...states,
    ...Object.fromEntries(names.map((name) => [name, { Type: "Pass", Next: stateOf(states, name)["Next"] }])),
  });

/** Goes from each state to the next of the list, whatever came after it before. */
export const inOrder =
  (...names: readonly string[]): StatesEdit =>
  (states) =>
    names
      .slice(1)
      .reduce((edited, next, index) => changed(names[index] ?? "", { Next: next })(edited), states);

export const added =
  (name: string, state: Loose): StatesEdit =>
  (states) => ({ ...states, [name]: state });

type Run = Step["run"];

/** One step that does something else. It keeps its name, its input and its rights, unless it is given others. */
export const inStep =
  (name: string, wrong: (right: Run) => Run, needs: (right: Needs) => Needs = (right) => right): Edit =>
  ({ steps, ...rest }) => {
    if (!steps.some((s) => s.name === name)) throw new Error(`There is no step ${name} to make wrong.`);
    return {
      ...rest,
      steps: steps.map((s) => (s.name === name ? { ...s, needs: needs(s.needs), run: wrong(s.run) } : s)),
    };
  };

/** One listener (a function that no machine calls) that does something else. */
export const inListener =
  (name: string, wrong: (right: Run) => Run): Edit =>
  ({ listeners, ...rest }) => {
    if (!listeners.some((l) => l.name === name))
      throw new Error(`There is no listener ${name} to make wrong.`);
    return { ...rest, listeners: listeners.map((l) => (l.name === name ? { ...l, run: wrong(l.run) } : l)) };
  };

/** Every step with clients that do something else: a mistake in an adapter. */
export const inEveryStep =
  (wrong: (context: Context) => Context): Edit =>
  ({ steps, ...rest }) => ({
    ...rest,
    steps: steps.map((s) => ({ ...s, run: (input, context) => s.run(input, wrong(context)) })),
  });

/** Every step that is invoked by a machine's retrier: what it is tried again for. */
export const inEveryState =
  (edit: (state: Loose) => Loose): Edit =>
  ({ machines, ...rest }) => ({
    ...rest,
    machines: machines.map((m) => withStates(m, [(states) => inAll(states, edit)])),
  });

/** States of a machine and of the bodies of its Maps and branches. */
const inAll = (states: States, edit: (state: Loose) => Loose): States =>
  Object.fromEntries(
    Object.entries(states).map(([name, state]) => {
      const body = state["ItemProcessor"] as { readonly States: States } | undefined;
      const branches = state["Branches"] as readonly { readonly States: States }[] | undefined;
      return [
        name,
        {
          ...edit(state),
          ...(body ? { ItemProcessor: { ...body, States: inAll(body.States, edit) } } : {}),
          ...(branches ? { Branches: branches.map((b) => ({ ...b, States: inAll(b.States, edit) })) } : {}),
        },
      ];
    }),
  );
