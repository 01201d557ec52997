/** Stops the executions that still move forward; the one that waits for this rollback goes on waiting. */

import { StopExecutionCommand } from "@aws-sdk/client-sfn";
import * as z from "zod";
import { calling } from "../adapters/aws.ts";
import { NotFound } from "../domain/errors.ts";
import { withReading } from "./gate.ts";
import { readLock } from "./lock.ts";
import { bucketOf, planOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";

export const stopForward = step({
  name: "stop-forward",
  does: "Stops the migration's executions by the lock's list, children with them; does nothing where the failed execution itself asked for the rollback.",
  input: z.object({ run: RunSchema, startedBy: z.string() }),
  needs: withReading({ sfn: ["StopExecution"] }),
  run: async ({ run, startedBy }, context) => {
    const plan = await planOf(context, run);
    if (startedBy === "catch") return { stopped: 0 };
    const lock = await readLock(bucketOf(context), plan.settings.source.name);
    const executions = lock?.migration === run.migration ? lock.executions : [];
    for (const executionArn of executions) {
      await calling(`stop ${executionArn}`, () =>
        context.aws.sfn.send(
          new StopExecutionCommand({
            executionArn,
            error: "RollbackStarted",
            cause: `A rollback of ${run.migration} was asked for.`,
          }),
        ),
      ).catch((error: unknown) => {
        if (!(error instanceof NotFound)) throw error;
      });
    }
    return { stopped: executions.length };
  },
});
