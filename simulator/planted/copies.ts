/** Planted bugs of volumes that are copied: too early, the wrong snapshot, both sides, the way back without the data, a pause that nobody measures. */

import { MOVES } from "../../domain/volume-copy.ts";
import type { Item } from "../../functions/run.ts";
import type { Context } from "../../functions/step.ts";
import type { PlantedBug } from "./bug.ts";
import { blindTo } from "./clients.ts";
import { all, changed, type Edit, inMachine, inOrder, inStep } from "./edit.ts";
import type { Scaling, Undoing } from "./inputs.ts";

type Looking = { readonly way: string; readonly stage: string };
type Seen = { readonly verdict: string; readonly tooLong: boolean };

/** A context to which no pod is there. */
const withoutPods = (context: Context): Context => ({
  ...context,
  http: async (request) => {
    const answer = await context.http(request);
    return request.method === "GET" && /\/pods\?/.test(request.url)
      ? { ...answer, body: JSON.stringify({ ...JSON.parse(answer.body), items: [] }) }
      : answer;
  },
});

/** Whoever looks finds that there is time. */
const unhurried: Edit = inStep("observe-copy", (right) => async (input, context) => ({
  ...((await right(input, context)) as Seen),
  tooLong: false,
}));

const isCopied = ({ move }: Item): boolean => move === "copy-with-pause";

/** Restores of the way back that read the backup of the way there. */
const fromThere = (context: Context): Context => ({
  ...context,
  http: (request) =>
    context.http(
      request.method === "POST" && request.url.includes("/restores") && request.body !== undefined
        ? {
            ...request,
            body: request.body.replace(/("backupName":"[^"]*)-back-([0-9a-f]{8})-\d+"/, '$1-copy-$2-0"'),
          }
        : request,
    ),
});

export const COPIES: readonly PlantedBug[] = [
  {
    name: "snapshot-while-it-writes",
    sentence: "Volumes are snapshotted first, and only then is the workload stopped.",
    area: "workflow",
    caughtBy: "lost-writes",
    plant: all(
      inMachine(
        "copy-with-pause",
        inOrder("Take the input", "Snapshot its volumes"),
        changed("Whole?", {
          Choices: [{ Condition: "{% $seen.verdict = 'pass' %}", Next: "Stop on the source" }],
          Default: "Wait for the snapshot",
        }),
        changed("Gone?", {
          Choices: [{ Condition: "{% $seen.verdict = 'pass' %}", Next: "Restore its volumes" }],
          Default: "Wait until it is gone",
        }),
      ),
      inStep(
        "copy-volumes",
        (right) => (input, context) =>
          right(input, (input as Looking).stage === "snapshot" ? withoutPods(context) : context),
      ),
      unhurried,
    ),
  },
  {
    name: "old-backup-copied-back",
    sentence: "On the way back the source gets the backup that the target once began with.",
    area: "step",
    caughtBy: "lost-writes",
    plant: inStep("return-volumes", (right) => (input, context) => right(input, fromThere(context))),
    shownBy: { rollBackAt: "move-workloads" },
  },
  {
    name: "stale-volume-started",
    sentence: "A rollback starts the source on its old volumes, whatever was written on the target since.",
    area: "undo",
    caughtBy: "lost-writes",
    plant: all(
      inStep("list-copy-back", (right) => async (input, context) => ({
        ...((await right(input, context)) as object),
        ran: false,
      })),
      inStep("undo-effect", (right) => async (input, context) => {
        const { run, entry } = input as Undoing;
        const start = `forward-${MOVES.start}.json`;
        for (const key of entry)
          await right({ run, entry: [key] }, key.endsWith(start) ? context : blindTo(context, start));
        return { outcomes: [] };
      }),
    ),
    shownBy: { rollBackAt: "move-workloads" },
  },
  {
    name: "source-writes-on",
    sentence: "A workload is copied, and nobody has stopped it on the source.",
    area: "step",
    caughtBy: "one-writer",
    plant: all(
      inStep("scale-workload", (right) => async (input, context) => {
        const { item, side } = input as Scaling;
        return isCopied(item) && side === "source" ? { outcome: "stood" } : right(input, context);
      }),
      inStep("copy-volumes", (right) => (input, context) => right(input, withoutPods(context))),
      inStep("observe-copy", (right) => async (input, context) => ({
        ...((await right(input, withoutPods(context))) as Seen),
        tooLong: false,
      })),
    ),
  },
  {
    name: "pause-not-measured",
    sentence: "Nobody measures for how long a workload is away while its volumes are copied.",
    area: "step",
    caughtBy: "approved-pause",
    plant: unhurried,
    shownBy: { faults: [{ kind: "volume-snapshot-slow", step: "copy-volumes" }] },
  },
];
