/** Map: the inline kind, and what both kinds write. */

import { runChildren, type Watch } from "./children.ts";
import type { StateDef } from "./definition.ts";
import { isDistributed } from "./definition.ts";
import { runDistributed } from "./distributed.ts";
import { StatesError } from "./errors.ts";
import { inputOf, itemsOf, numberOf } from "./items.ts";
import { Thread } from "./thread.ts";
import { type Json, Payload } from "./types.ts";

/** An inline Map without a MaxConcurrency runs this many iterations at once (developer guide, "Map state in Inline mode"). */
const INLINE_CONCURRENCY = 40;

/** @returns The outputs of the iterations, in the order of the items. */
export const runMap = async (thread: Thread, state: StateDef): Promise<Payload> => {
  try {
    return await (isDistributed(state.raw) ? runDistributed(thread, state) : runInline(thread, state));
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
  thread.recordAside("MapStateSucceeded");
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
