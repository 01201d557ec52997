/** What steps ask of other executions: whether one still runs. */

import { DescribeExecutionCommand } from "@aws-sdk/client-sfn";
import { calling } from "../adapters/aws.ts";
import { Conflict, NotFound } from "../domain/errors.ts";
import type { Context } from "./step.ts";

/**
 * Whether an execution, by its ARN, still runs. One that Step Functions has forgotten (it keeps them for 90 days) doesn't.
 * @throws Conflict where its state can't be told.
 */
export const isRunning = async (context: Context, executionArn: string): Promise<boolean> => {
  if (!isExecution(executionArn)) return false;
  try {
    const { status } = await calling(`look at ${executionArn}`, () =>
      context.aws.sfn.send(new DescribeExecutionCommand({ executionArn })),
    );
    if (status === undefined)
      throw new Conflict(
        `The state of ${executionArn} is unknown; nothing was changed, and it is asked again.`,
      );
    return status === "RUNNING";
  } catch (error) {
    if (error instanceof NotFound) return false;
    throw error;
  }
};

/** A fence that a person raised by hand (`repot rollback --print`) names no execution. */
export const isExecution = (name: string): boolean => name.startsWith("arn:");
