/** Questions to the flow logs that take longer than an invocation: started by one, read by a later one, under a name that both know. */

import * as z from "zod";
import { type FlowQuery, makeFlowLogs } from "../adapters/flow-logs.ts";
import { Invalid, NotFound } from "../domain/errors.ts";
import { bucketOf, type Run } from "./run.ts";
import type { Context } from "./step.ts";

/** What it takes, beside the evidence's own rights. */
export const FLOW_LOG_READS = ["StartQuery", "GetQueryResults"] as const;

const Pending = z.object({ ids: z.array(z.string()), fromSeconds: z.number(), toSeconds: z.number() });

export type Rows = readonly Readonly<Record<string, string>>[];
export type FlowAnswer = {
  /** Searches anew for the next look, where this one wasn't the last; does nothing where a search is under way. */
  readonly renew: () => Promise<void>;
} & (
  | /** One list for each text, in their order, and the time that they are about. */
  { readonly rows: readonly Rows[]; readonly fromSeconds: number; readonly toSeconds: number }
  | { readonly missing: string }
);

/**
 * Reads the queries that an earlier invocation has started; starts them where there are none. A search costs by what it reads: whoever has what they need doesn't renew it.
 * @param name of the question within the migration: one for each watcher.
 */
export const askFlowLogs = async (
  context: Context,
  run: Run,
  name: string,
  question: Omit<FlowQuery, "text">,
  texts: readonly string[],
): Promise<FlowAnswer> => {
  const bucket = bucketOf(context);
  const key = `migrations/${run.migration}/flow-queries/${name}.json`;
  const stored = await bucket.getJson(key);
  const pending = stored ? Pending.parse(stored.value) : undefined;
  const begin = async (): Promise<string | undefined> => {
    const started = await startAll(context, question, texts);
    if ("missing" in started) return started.missing;
    const asked = { ids: started.ids, fromSeconds: question.fromSeconds, toSeconds: question.toSeconds };
    if (stored) await bucket.replaceIf(key, asked, stored.etag);
    else await bucket.putNew(key, asked);
    return undefined;
  };
  const found = pending && (await resultsOf(context, pending.ids));
  if (found && "rows" in found)
    return {
      rows: found.rows,
      fromSeconds: pending.fromSeconds,
      toSeconds: pending.toSeconds,
      renew: async () => void (await begin()),
    };
  const renew = async () => {};
  if (found && !found.again) return { missing: found.missing, renew };
  const trouble = await begin();
  const searching = `${question.logGroup} is being searched; the answer takes some seconds.`;
  return { missing: trouble ?? found?.missing ?? searching, renew };
};

const startAll = async (
  context: Context,
  question: Omit<FlowQuery, "text">,
  texts: readonly string[],
): Promise<{ readonly ids: readonly string[] } | { readonly missing: string }> => {
  const logs = makeFlowLogs(context.aws.logs);
  const ids: string[] = [];
  try {
    for (const text of texts) ids.push(await logs.start({ ...question, text }));
    return { ids };
  } catch (error) {
    if (error instanceof NotFound) return { missing: error.message };
    throw error;
  }
};

type Results = { readonly rows: readonly Rows[] } | { readonly missing: string; readonly again: boolean };

const resultsOf = async (context: Context, ids: readonly string[]): Promise<Results> => {
  const logs = makeFlowLogs(context.aws.logs);
  const rows: Rows[] = [];
  for (const id of ids) {
    try {
      const answer = await logs.results(id);
      if (answer.status === "running") return { missing: `Query ${id} still runs.`, again: false };
      rows.push(answer.rows);
    } catch (error) {
      // A query that failed, or that CloudWatch has forgotten, is asked anew.
      if (error instanceof Invalid || error instanceof NotFound)
        return { missing: error.message, again: true };
      throw error;
    }
  }
  return { rows };
};
