/** Makes a Lambda handler of a step: input parsed at the door, a log line that carries the migration's id, and the domain's own error names out. */

import { Logger } from "@aws-lambda-powertools/logger";
import { BadInput } from "../domain/errors.ts";
import type { Context, Log, Step } from "./step.ts";

export type Handler = (event: unknown) => Promise<unknown>;

/**
 * @param context What the step may reach; the composition root has made it from the function's environment.
 * @param logger Powertools' own, or one that a test reads.
 * @throws BadInput where the event isn't what the step takes; Step Functions matches on the names of domain/errors.ts.
 */
export const makeHandler =
  (
    step: Step,
    context: Omit<Context, "log">,
    logger: Logger = new Logger({ serviceName: "repot" }),
  ): Handler =>
  async (event) => {
    const parsed = step.input.safeParse(event);
    const lines = logger.createChild({ persistentKeys: { step: step.name, migration: migrationOf(event) } });
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const sentence = `The input of ${step.name} is wrong at ${issue?.path.join(".") || "its top"}: ${issue?.message ?? "unknown"}. Nothing was changed.`;
      lines.error(sentence);
      throw new BadInput(sentence);
    }
    try {
      return await step.run(parsed.data, { ...context, log: logOf(lines) });
    } catch (error) {
      lines.error(`${step.name} failed.`, error instanceof Error ? error : String(error));
      throw error;
    }
  };

const migrationOf = (event: unknown): string => {
  const { run } = (event ?? {}) as { readonly run?: { readonly migration?: unknown } };
  return typeof run?.migration === "string" ? run.migration : "unknown";
};

const logOf = (logger: Logger): Log => ({
  info: (message, fields = {}) => logger.info(message, fields),
  warn: (message, fields = {}) => logger.warn(message, fields),
  error: (message, fields = {}) => logger.error(message, fields),
});
