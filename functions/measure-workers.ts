/** Before workers shift: how many there are, and what waits for them. Read once; every later step goes by it. */

import * as z from "zod";
import { Conflict, Transient } from "../domain/errors.ts";
import { stepsFor, type WorkerStep } from "../domain/workers.ts";
import { withEvidence } from "./gate.ts";
import { measuredKey } from "./observe-workers.ts";
import { QUEUE_NEEDS, seeQueue, workersOf } from "./queues.ts";
import { bucketOf, type Item, ItemSchema, type Run, RunSchema } from "./run.ts";
import { type Context, step } from "./step.ts";

const Measured = z.object({ total: z.number().int().nonnegative(), ready: z.number() });
type Measured = z.infer<typeof Measured>;

export const measureWorkers = step({
  name: "measure-workers",
  does: "Keeps the number of workers on the source and the messages that wait, as they are before the first step; says which steps follow.",
  input: z.object({ run: RunSchema, item: ItemSchema }),
  needs: withEvidence({
    s3: ["ListBucket"],
    kubernetes: { source: ["get deployments", "get statefulsets", "list pods"] },
    ...QUEUE_NEEDS,
  }),
  run: async ({ run, item }, context): Promise<{ readonly steps: readonly WorkerStep[] }> => {
    const { total } = await measured(context, run, item);
    return { steps: stepsFor(Math.max(total, item.replicas), item.queue?.stepShare ?? 1, total) };
  },
});

/** The first measurement stays: a retried invocation must not count what has moved already. */
const measured = async (context: Context, run: Run, item: Item): Promise<Measured> => {
  const bucket = bucketOf(context);
  const key = measuredKey(run, item);
  const before = await bucket.getJson(key);
  if (before) return Measured.parse(before.value);
  if (!item.queue) return { total: 0, ready: 0 };
  const { wanted } = await workersOf(context, item, "source");
  const seen = await seeQueue(context, item.queue);
  if (seen === "missing")
    throw new Transient(`The broker gives no figures for ${item.queue.queue} yet; it is asked again.`);
  const found = { total: wanted, ready: seen.ready };
  try {
    await bucket.putNew(key, found);
    return found;
  } catch (error) {
    const first = error instanceof Conflict ? await bucket.getJson(key) : undefined;
    if (!first) throw error;
    return Measured.parse(first.value);
  }
};
