/** Planted bugs of the journal: what is done before, beside or without its entry. */

import { CreateHostedZoneCommand } from "@aws-sdk/client-route-53";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { kubernetesOf } from "../../functions/run.ts";
import type { Context } from "../../functions/step.ts";
import { refOfItem } from "../../functions/workload.ts";
import type { PlantedBug } from "./bug.ts";
import { withS3 } from "./clients.ts";
import { inEveryStep, inStep } from "./edit.ts";
import type { Scaling } from "./inputs.ts";

export const JOURNAL: readonly PlantedBug[] = [
  {
    name: "effect-before-intent",
    sentence: "A workload is scaled first, and the journal is told afterwards.",
    area: "journal",
    caughtBy: "intent-before-effect",
    plant: inStep("scale-workload", (right) => async (input, context) => {
      const { item, side, replicas } = input as Scaling;
      if (side === "target" && item.name === "web")
        await kubernetesOf(context, side).scale(refOfItem(item), replicas);
      return right(input, context);
    }),
  },
  {
    name: "effect-without-intent",
    sentence: "A workload is scaled, and the journal is never told.",
    area: "journal",
    caughtBy: "intent-before-effect",
    plant: inStep("scale-workload", (right) => async (input, context) => {
      const { item, side, replicas } = input as Scaling;
      if (side === "source" || item.move === "stop-then-start") return right(input, context);
      await kubernetesOf(context, side).scale(refOfItem(item), replicas);
      return { outcome: "made" };
    }),
  },
  {
    name: "other-than-intended",
    sentence: "A workload gets one pod more than its journal entry says.",
    area: "journal",
    caughtBy: "intent-before-effect",
    plant: inStep("scale-workload", (right) => async (input, context) => {
      const { item, side, replicas } = input as Scaling;
      const answer = await right(input, context);
      if (side === "target" && item.name === "web") {
        await kubernetesOf(context, side).scale(refOfItem(item), replicas + 1);
        await kubernetesOf(context, side).scale(refOfItem(item), replicas);
      }
      return answer;
    }),
  },
  {
    name: "retry-without-idempotency",
    sentence: "A step's entry is named by the time: whoever tries again makes another one.",
    area: "journal",
    caughtBy: "one-entry",
    plant: inStep("scale-workload", (right) => (input, context) => {
      const scaling = input as Scaling;
      return right({ ...scaling, move: `${scaling.move}-${context.now().getTime()}` }, context);
    }),
    shownBy: { faults: [{ kind: "crash-before-effect", step: "scale-workload" }] },
  },
  {
    name: "entry-overwritten",
    sentence:
      "An entry that is there already is written over, on condition that nobody else does so at that moment.",
    area: "journal",
    caughtBy: "one-entry",
    plant: inEveryStep(overwriting),
    shownBy: { faults: [{ kind: "duplicate", step: "pause-pipelines" }] },
  },
  {
    name: "zone-created-anew",
    sentence: "Each attempt to create the zone calls itself a new one, so that a lost answer leaves two.",
    area: "adapter",
    caughtBy: "one-entry",
    plant: inStep("create-zone", (right) => (input, context) => right(input, renaming(context))),
    shownBy: { faults: [{ kind: "timeout-though-applied", step: "create-zone" }] },
  },
];

/** A context whose bucket takes no for an answer only once. */
function overwriting(context: Context): Context {
  const { s3 } = context.aws;
  return withS3(context, async (command) => {
    const put = command instanceof PutObjectCommand && command.input.Key?.includes("/journal/");
    if (!put || command.input.IfNoneMatch === undefined) return s3.send(command as never);
    try {
      return await s3.send(command);
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "PreconditionFailed") throw error;
      const { IfNoneMatch: _, ...input } = command.input;
      const { ETag } = await s3.send(new GetObjectCommand({ Bucket: input.Bucket, Key: input.Key }));
      return s3.send(new PutObjectCommand({ ...input, IfMatch: ETag }));
    }
  });
}

/** A context in which every new zone has a caller reference of its own. */
function renaming(context: Context): Context {
  const { route53 } = context.aws;
  const send = (command: unknown): unknown => {
    if (!(command instanceof CreateHostedZoneCommand)) return route53.send(command as never);
    const { input } = command;
    const reference = `${input.CallerReference}-${context.now().getTime()}`;
    return route53.send(new CreateHostedZoneCommand({ ...input, CallerReference: reference }));
  };
  return { ...context, aws: { ...context.aws, route53: { send } as unknown as typeof route53 } };
}
