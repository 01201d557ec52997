/** Planted bugs of queues: workers that stop, start or are believed at the wrong moment, and a broker that goes with what waits in it. */

import { makeEffect } from "../../functions/effect.ts";
import type { Context } from "../../functions/step.ts";
import type { PlantedBug } from "./bug.ts";
import { changed, inMachine, inOrder, inStep, leftOut } from "./edit.ts";
import type { Scaling } from "./inputs.ts";

export const QUEUES: readonly PlantedBug[] = [
  {
    name: "workers-stopped-first",
    sentence: "Workers of the source stop first, and those of the target start then.",
    area: "workflow",
    caughtBy: "queue-workers",
    plant: inMachine(
      "shift-workers",
      changed("More to move?", {
        Choices: [{ Condition: "{% $made < $count($plan.steps) %}", Next: "As many fewer on the source" }],
      }),
      inOrder("As many fewer on the source", "Some more on the target", "Next step"),
    ),
  },
  {
    name: "ready-taken-for-consuming",
    sentence: "A worker that is ready on the target is taken for one that consumes.",
    area: "workflow",
    caughtBy: "queue-workers",
    plant: inMachine("shift-workers", leftOut("Do they consume?", "Is the queue worked on?")),
    shownBy: { faults: [{ kind: "broker-unreachable", step: "measure-workers", seconds: 900 }] },
  },
  {
    name: "workers-doubled",
    sentence: "All workers start on the target before any of the source stops, and twice as many.",
    area: "workflow",
    caughtBy: "queue-workers",
    plant: inMachine("shift-workers", (states) => {
      const more = states["Some more on the target"] as { readonly Arguments: { readonly Input: object } };
      const { Arguments: given } = more;
      return changed("Some more on the target", {
        Arguments: { ...given, Input: { ...given.Input, replicas: "{% $item.replicas * 2 %}" } },
      })(states);
    }),
  },
  {
    name: "broker-stopped",
    sentence:
      "The broker that stays behind is stopped while its workers shift: what waits in it goes with it.",
    area: "step",
    caughtBy: "messages",
    plant: inStep(
      "measure-workers",
      (right) => async (input, context) => {
        const { run } = input as Scaling;
        const object = { apiVersion: "apps/v1", kind: "StatefulSet", namespace: "shop", name: "broker" };
        await makeEffect(
          context,
          run,
          { step: "measure-workers", operation: "9998-broker", move: "0" },
          { kind: "set-field", cluster: "source", object, path: ["spec", "replicas"], before: 1, after: 0 },
        );
        return right(input, context);
      },
      ({ kubernetes, s3, ...rest }) => ({
        ...rest,
        s3: [...(s3 ?? []), "PutObject migrations/*/journal/*"],
        kubernetes: {
          ...kubernetes,
          source: [...(kubernetes?.source ?? []), "get statefulsets", "patch statefulsets/scale"],
        },
      }),
    ),
  },
  {
    name: "drained-without-unacked",
    sentence:
      "A queue counts as drained when nothing waits in it; what workers have in hand isn't asked about.",
    area: "adapter",
    caughtBy: "drained",
    plant: inStep("observe-drain", (right) => (input, context) => right(input, handsFree(context))),
    shownBy: { faults: [{ kind: "unacked-stuck", step: "observe-drain" }] },
  },
  {
    name: "not-drained",
    sentence: "Workers of a queue that must run empty change sides without waiting for it.",
    area: "step",
    caughtBy: "drained",
    plant: inStep("observe-drain", () => async () => ({ drained: true, mark: "", sentence: "Empty." })),
    shownBy: { faults: [{ kind: "unacked-stuck", step: "observe-drain" }] },
  },
];

/** A context in which RabbitMQ says that no message is in anybody's hands. */
function handsFree(context: Context): Context {
  return {
    ...context,
    http: async (request) => {
      const answer = await context.http(request);
      return {
        ...answer,
        body: answer.body.replace(/"messages_unacknowledged":\d+/g, '"messages_unacknowledged":0'),
      };
    },
  };
}
