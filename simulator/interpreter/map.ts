/** Map: its items, what each one gets, and the inline kind. */

import type { StateDef } from "./definition.ts";
import { isDistributed } from "./definition.ts";
import { runChildren, type Watch } from "./children.ts";
import { runDistributed } from "./distributed.ts";
import { StatesError } from "./errors.ts";
import { EvaluationError } from "./expressions.ts";
import { type MapItem, Thread } from "./thread.ts";
import { type Json, Payload } from "./types.ts";

/** An inline Map without a MaxConcurrency runs this many iterations at once (developer guide, "Map state in Inline mode"). */
const INLINE_CONCURRENCY = 40;

/** @returns The outputs of the iterations, in the order of the items. */
export const runMap = async (thread: Thread, state: StateDef): Promise<Payload> => {
  try {
    const result = await (isDistributed(state.raw) ? runDistributed(thread, state) : runInline(thread, state));
    thread.recordAside("MapStateSucceeded");
    return result;
  } catch (problem) {
    if (problem instanceof StatesError) thread.record("MapStateFailed");
    throw problem;
  }
};

const runInline = async (thread: Thread, state: StateDef): Promise<Payload> => {
  const concurrency = await numberOf(thread, state, "MaxConcurrency");
  if (thread.children === undefined) await begin(thread, state);
  const { name } = state;
  const watch: Watch = {
    started: (child, index) => child.record("MapIterationStarted", { index, name }),
    succeeded: (child, index) => child.record("MapIterationSucceeded", { index, name }),
    failed: (child, index) => child.record("MapIterationFailed", { index, name }),
    aborted: (child, index) => thread.recordAside("MapIterationAborted", { index, name }, child.last),
  };
  await runChildren(thread, concurrency || INLINE_CONCURRENCY, watch);
  return new Payload((thread.children ?? []).map((child) => child.output?.value as Json));
};

const begin = async (thread: Thread, state: StateDef): Promise<void> => {
  const { processor } = state;
  if (!processor) throw new TypeError("A Map without a processor got past the reader of definitions.");
  const items = await itemsOf(thread, state);
  await numberOf(thread, state, "ToleratedFailureCount");
  await numberOf(thread, state, "ToleratedFailurePercentage");
  const { id: last } = thread.record("MapStateStarted", { length: items.length });
  const children: Thread[] = [];
  for (const [Index, Value] of items.entries()) {
    const item = { Index, Value };
    const input = await inputOf(thread, state, item);
    children.push(new Thread(thread.run, processor, { input, variables: thread.variables, last, item }));
  }
  thread.children = children;
};

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
  return new Payload(selector ? await thread.evaluate(selector, thread.bindings(undefined, item)) : item.Value);
};

/** A field that gives a whole number; 0 where it is absent. */
export const numberOf = async (thread: Thread, state: StateDef, field: string): Promise<number> => {
  const template = state.fields[field];
  if (!template) return 0;
  const value = await thread.evaluate(template, thread.bindings());
  if (typeof value === "number" && value >= 0) return value;
  return thread.explain(
    new EvaluationError(`The ${field} field must be a number from 0 up, but was: ${JSON.stringify(value)}`, field),
  );
};
