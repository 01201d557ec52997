/** Between two steps of a shift of workers: do those of both sides consume, has everybody stopped who was told to, is the queue worked on? */

import * as z from "zod";
import type { Verdict } from "../domain/gates.ts";
import { keys } from "../domain/journal.ts";
import { SIDES } from "../domain/phases.ts";
import {
  judgeBacklog,
  judgeConsuming,
  judgeTerminating,
  judgeUnacked,
  type WorkerFinding,
} from "../domain/workers.ts";
import { gate } from "./gate.ts";
import { QUEUE_NEEDS, seeQueue, workersOf } from "./queues.ts";
import { type Item, type Run, readOnce } from "./run.ts";
import type { Context } from "./step.ts";
import { judge } from "./verdicts.ts";

const READS = ["get deployments", "get statefulsets", "list pods"] as const;

export const observeWorkers = gate({
  name: "observe-workers",
  does: "Compares the pods that each side wants with the consumers at the broker, looks for pods that hang in Terminating, for messages that nobody's worker holds, and at the backlog.",
  needs: { kubernetes: { source: READS, target: READS }, ...QUEUE_NEEDS },
  measure: async ({ run, item }, context) => {
    const queue = item?.queue;
    if (!item || !queue) return [];
    const name = `${item.namespace}/${item.name}`;
    const says = (finding: WorkerFinding, samples: number): Verdict =>
      judge(context, finding.passes, { ...finding, subject: name, samples, source: sourceOf(queue.queue) });
    const workers = await Promise.all(SIDES.map((side) => workersOf(context, item, side)));
    const terminating = workers.map((w) => says(judgeTerminating(name, w), 1));
    const seen = await seeQueue(context, queue);
    if (seen === "missing") return [...terminating, unseen(context, name, queue.queue)];
    const stopping = workers.flatMap((w) => w.pods).filter((p) => p.overdueSeconds !== undefined).length;
    const before = await backlogBefore(context, run, item);
    return [
      ...terminating,
      ...workers.map((w) => says(judgeConsuming(name, w, queue, seen), 1)),
      says(judgeUnacked(name, queue, seen, stopping), 1),
      ...(before === undefined
        ? [unseen(context, name, queue.queue)]
        : [says(judgeBacklog(queue, seen, before), 1)]),
    ];
  },
});

const sourceOf = (queue: string): string => `the broker of ${queue}, and the pods of both clusters`;

const unseen = (context: Context, name: string, queue: string): Verdict =>
  judge(context, undefined, {
    check: "workers/queue",
    subject: name,
    sentence: `The broker gives no figures for ${queue} (yet).`,
    remedy: "Look whether the queue exists, and whether its broker collects statistics.",
    value: null,
    threshold: "ready and unacknowledged messages",
    samples: 0,
    source: sourceOf(queue),
  });

const Measured = z.object({ total: z.number(), ready: z.number() });

/** Name of the evidence that measure-workers keeps. */
export const measuredKey = (run: Run, item: Item): string =>
  keys.evidence(run.migration, "move-workloads", `measure-workers/${item.namespace}.${item.name}`);

const backlogBefore = async (context: Context, run: Run, item: Item): Promise<number | undefined> => {
  const measured = await readOnce(context, measuredKey(run, item), (value) => Measured.parse(value));
  return measured?.ready;
};
