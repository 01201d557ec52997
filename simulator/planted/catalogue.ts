/** Every planted bug, and the program that has some of them. */

import { BadInput } from "../../domain/errors.ts";
import { steps } from "../../functions/index.ts";
import { listeners } from "../../functions/listeners.ts";
import { machines } from "../../workflows/index.ts";
import { ADAPTERS } from "./adapters.ts";
import { APPROVALS } from "./approvals.ts";
import type { PlantedBug } from "./bug.ts";
import { COPIES } from "./copies.ts";
import type { Program } from "./edit.ts";
import { EXCLUSIVE } from "./exclusive.ts";
import { GATES } from "./gates.ts";
import { GROUPS } from "./groups.ts";
import { JOURNAL } from "./journal.ts";
import { LEFTOVERS } from "./leftovers.ts";
import { OPERATORS } from "./operators.ts";
import { ORDER } from "./order.ts";
import { QUEUES } from "./queues.ts";
import { RIGHTS } from "./rights.ts";
import { TRAFFIC } from "./traffic.ts";
import { UNDO } from "./undo.ts";

export const PLANTED: readonly PlantedBug[] = [
  ...TRAFFIC,
  ...EXCLUSIVE,
  ...COPIES,
  ...QUEUES,
  ...GROUPS,
  ...GATES,
  ...APPROVALS,
  ...OPERATORS,
  ...JOURNAL,
  ...UNDO,
  ...LEFTOVERS,
  ...RIGHTS,
  ...ADAPTERS,
  ...ORDER,
];

/** @throws BadInput where there is no such bug. */
export const plantedOf = (names: readonly string[]): readonly PlantedBug[] =>
  names.map((name) => {
    const bug = PLANTED.find((each) => each.name === name);
    if (!bug) throw new BadInput(`There is no planted bug ${name}. repot campaign --list prints them.`);
    return bug;
  });

/** What Repot ships. */
export const RIGHT: Program = { machines, steps, listeners };

/** What Repot ships, with some bugs planted in it. */
export const programWith = (names: readonly string[]): Program =>
  plantedOf(names).reduce((program, bug) => bug.plant(program), RIGHT);
