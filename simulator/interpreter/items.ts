/** What both kinds of Map ask of their fields: the items, the input of each, numbers. */

import type { StateDef } from "./definition.ts";
import { EvaluationError } from "./expressions.ts";
import type { MapItem, Thread } from "./thread.ts";
import { type Json, Payload } from "./types.ts";

/** The evaluated items of a Map without a reader: an array, or the event and the error of the service. */
export const itemsOf = async (thread: Thread, state: StateDef): Promise<readonly Json[]> => {
  const template = state.fields["Items"];
  const items = template ? await thread.evaluate(template, thread.bindings()) : thread.input.value;
  if (Array.isArray(items)) return items as readonly Json[];
  const reason = `Map state input must be an array but was: ${JSON.stringify(items)}`;
  return thread.explain(new EvaluationError(reason, undefined));
};

/** What an iteration gets: the item itself, or what ItemSelector makes of it. */
export const inputOf = async (thread: Thread, state: StateDef, item: MapItem): Promise<Payload> => {
  const selector = state.fields["ItemSelector"];
  return new Payload(
    selector ? await thread.evaluate(selector, thread.bindings(undefined, item)) : item.Value,
  );
};

/** A field that gives a whole number; 0 where it is absent. */
export const numberOf = async (thread: Thread, state: StateDef, field: string): Promise<number> => {
  const template = state.fields[field];
  if (!template) return 0;
  const value = await thread.evaluate(template, thread.bindings());
  if (typeof value === "number" && value >= 0) return value;
  return thread.explain(
    new EvaluationError(
      `The ${field} field must be a number from 0 up, but was: ${JSON.stringify(value)}`,
      field,
    ),
  );
};
