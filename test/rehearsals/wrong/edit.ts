/** Ways to make a workflow or a step wrong: edits of the real ones, so that a wrong one is a line or two and follows every change of the right one. */

import { GetObjectCommand } from "@aws-sdk/client-s3";
import { steps as realSteps } from "../../../functions/index.ts";
import type { Listener } from "../../../functions/listener.ts";
import { listeners as realListeners } from "../../../functions/listeners.ts";
import type { Context, Step } from "../../../functions/step.ts";
import type { NamedMachine } from "../../../workflows/asl.ts";
import { machines as realMachines } from "../../../workflows/index.ts";

/** A state as plain data: whoever makes it wrong writes what no compiler would let through. */
export type Loose = Readonly<Record<string, unknown>>;
type States = Readonly<Record<string, Loose>>;

const statesOf = (machine: NamedMachine): States => machine.definition.States as unknown as States;

/** All machines, one of them with other states. @throws Error where there is no such machine. */
export const withStates = (
  name: string,
  edit: (states: States) => States,
  all: readonly NamedMachine[] = realMachines,
): readonly NamedMachine[] => {
  if (!all.some((m) => m.name === name)) throw new Error(`There is no machine ${name} to make wrong.`);
  return all.map((m) =>
    m.name === name
      ? ({ name, definition: { ...m.definition, States: edit(statesOf(m)) } } as unknown as NamedMachine)
      : m,
  );
};

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
  (name: string, fields: Loose) =>
  (states: States): States => ({ ...states, [name]: { ...stateOf(states, name), ...fields } });

/** A state that does nothing any more. What it assigned is missing: only for those whose results nobody reads. */
export const leftOut =
  (...names: readonly string[]) =>
  (states: States): States => ({
    ...states,
    ...Object.fromEntries(names.map((name) => [name, { Type: "Pass", Next: stateOf(states, name)["Next"] }])),
  });

/** Goes from each state to the next of the list, whatever came after it before. */
export const inOrder =
  (...names: readonly string[]) =>
  (states: States): States =>
    names
      .slice(1)
      .reduce((edited, next, index) => changed(names[index] ?? "", { Next: next })(edited), states);

export const added =
  (name: string, state: Loose) =>
  (states: States): States => ({ ...states, [name]: state });

/** Edits one after another. */
export const all =
  (...edits: readonly ((states: States) => States)[]) =>
  (states: States): States =>
    edits.reduce((edited, edit) => edit(edited), states);

type Run = Step["run"];

/** All steps, one of them doing something else. It keeps its name, its input and its rights, unless it is given others. */
export const withStep = (
  name: string,
  wrong: (right: Run) => Run,
  fields: Partial<Pick<Step, "needs">> = {},
  steps: readonly Step[] = realSteps,
): readonly Step[] => {
  if (!steps.some((s) => s.name === name)) throw new Error(`There is no step ${name} to make wrong.`);
  return steps.map((s) => (s.name === name ? { ...s, ...fields, run: wrong(s.run) } : s));
};

/** All listeners, one of them doing something else. */
export const withListener = (
  name: string,
  wrong: (right: Run) => Run,
  listeners: readonly Listener[] = realListeners,
): readonly Listener[] => {
  if (!listeners.some((l) => l.name === name)) throw new Error(`There is no listener ${name} to make wrong.`);
  return listeners.map((l) => (l.name === name ? { ...l, run: wrong(l.run) } : l));
};

/** The context of a step that doesn't look at the fence. */
export const unfenced = (context: Context): Context => blindTo(context, "/fence.json");

/** The context of a step that doesn't look at what the guard says. */
export const unguarded = (context: Context): Context => blindTo(context, "/guard.json");

const blindTo = (context: Context, end: string): Context => {
  const { s3 } = context.aws;
  const send = (command: unknown): unknown => {
    if (command instanceof GetObjectCommand && command.input.Key?.endsWith(end))
      return Promise.reject(
        Object.assign(new Error("The specified key does not exist."), { name: "NoSuchKey" }),
      );
    return s3.send(command as never);
  };
  return { ...context, aws: { ...context.aws, s3: { send } as unknown as typeof s3 } };
};
