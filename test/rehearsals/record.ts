/** Sums over the lines of a record, made without the code that makes the summary. */

import type { Rehearsed } from "../../simulator/rehearsal/rehearse.ts";
import { eventsOf, type Ran } from "./small.ts";

/** What the summary must say, from the lines as they were printed. */
export const summed = ({ lines }: Pick<Ran, "lines">) => {
  const events = lines.map(
    (line) => JSON.parse(line) as Readonly<Record<string, unknown>> & { readonly type: string },
  );
  const of = (type: string) => events.filter((e) => e.type === type);
  const sum = (type: string, field: string) => of(type).reduce((n, e) => n + Number(e[field]), 0);
  return {
    workloads: of("workload").length,
    requests: {
      served: sum("traffic", "served"),
      failed: sum("traffic", "failed"),
      paused: sum("traffic", "paused"),
      failedAnyway: sum("traffic", "failedAnyway"),
    },
    freezeMinutes: Math.round(sum("freeze", "minutes") * 10) / 10,
    transitions: of("transition").length,
    historyEventsMax: Math.max(...of("execution").map((e) => Number(e["historyEvents"]))),
    violations: of("violation").map(({ invariant, sentence, at, line }) => ({
      invariant,
      sentence,
      at,
      line,
    })),
  };
};

/** What is left of the freeze on a side when a run is over. */
export const frozen = ({ objects }: Rehearsed): readonly string[] =>
  [...objects.sourceAfter, ...objects.targetAfter]
    .filter(
      (o) =>
        /^ValidatingAdmissionPolicy/.test(o.kind) ||
        (o.kind === "ConfigMap" && /pipelines/.test(o.metadata.name)),
    )
    .map((o) => `${o.kind} ${o.metadata.name}`);

/** Whether every line of the journal that says "intended" has its "done", and each field put back an entry and a call of its own. */
export const undone = (ran: Rehearsed) => {
  const effects = eventsOf(ran, "effect").filter((e) => e.status === "done");
  return {
    forward: effects.filter((e) => e.direction === "forward").map((e) => e.key.replace("/forward-", "/")),
    back: effects.filter((e) => e.direction === "undo").map((e) => e.key.replace("/undo-", "/")),
  };
};
