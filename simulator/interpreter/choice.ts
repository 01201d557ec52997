/** Choice: the first rule whose condition is true. */

import type { Exit, StateDef } from "./definition.ts";
import { StatesError } from "./errors.ts";
import type { Thread } from "./thread.ts";

/** @returns The rule's own way out, with its Assign and Output; the state's where none is true. */
export const choose = async (thread: Thread, state: StateDef): Promise<Exit> => {
  const bindings = thread.bindings();
  for (const { condition, exit } of state.choices) {
    const answer = thread.evaluate(condition, bindings);
    if ((answer instanceof Promise ? await answer : answer) === true) return exit;
  }
  if (state.exit.next !== undefined) return state.exit;
  throw new StatesError(
    "States.NoChoiceMatched",
    `No choice of the state '${state.name}' matched, and it has no Default.`,
  );
};
