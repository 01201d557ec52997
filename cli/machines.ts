/** `repot machines`: the state machines as Amazon States Language, all in one JSON object by name, or one alone. */

import { BadInput } from "../domain/errors.ts";
import { machines as all } from "../workflows/index.ts";
import type { Io } from "./io.ts";
import { quote } from "./options.ts";

/** Prints to standard output. @returns the exit code. */
export const machines = (name: string | undefined, io: Io): number => {
  const definitions = Object.fromEntries(all.map((machine) => [machine.name, machine.definition]));
  if (name !== undefined && !Object.hasOwn(definitions, name))
    throw new BadInput(
      `There is no state machine ${quote(name)}. There are: ${Object.keys(definitions).join(", ")}.`,
    );
  io.out(`${JSON.stringify(name === undefined ? definitions : definitions[name], null, 2)}\n`);
  return 0;
};
