/** Parallel: every branch gets the same input; the result is the list of their outputs. */

import { runChildren } from "./children.ts";
import type { StateDef } from "./definition.ts";
import { StatesError } from "./errors.ts";
import { Thread } from "./thread.ts";
import { type Json, Payload } from "./types.ts";

/** @returns The outputs of the branches, in their order. */
export const runParallel = async (thread: Thread, state: StateDef): Promise<Payload> => {
  if (thread.children === undefined) await begin(thread, state);
  const children = thread.children ?? [];
  try {
    await runChildren(thread, children.length);
  } catch (problem) {
    if (problem instanceof StatesError) thread.record("ParallelStateFailed");
    throw problem;
  }
  thread.recordAside("ParallelStateSucceeded");
  return new Payload(children.map((child) => child.output?.value as Json));
};

const begin = async (thread: Thread, state: StateDef): Promise<void> => {
  const template = state.fields["Arguments"];
  const input = template ? new Payload(await thread.evaluate(template, thread.bindings())) : thread.input;
  const { id: last } = thread.record("ParallelStateStarted");
  thread.children = state.branches.map(
    (branch) =>
      new Thread(thread.run, branch, { input, variables: thread.variables, last, item: thread.item }),
  );
};
