/** The Lambda handler of a step: its door, its log lines, its errors. */

import { Logger } from "@aws-lambda-powertools/logger";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { Throttled } from "../../domain/errors.ts";
import { makeHandler } from "../../functions/handler.ts";
import { type Context, type Step, step } from "../../functions/step.ts";

/** Powertools writes to a console; this one keeps the lines. */
const listening = () => {
  const lines: Record<string, unknown>[] = [];
  const keep = (line: string) => void lines.push(JSON.parse(line));
  const logger = new Logger({ serviceName: "repot" });
  const child = logger.createChild.bind(logger);
  logger.createChild = (options) => {
    const made = child(options);
    Object.assign(made, { console: { info: keep, warn: keep, error: keep, debug: keep, log: keep } });
    return made;
  };
  return { logger, lines };
};

const made = (run: (input: { readonly n: number }, context: Context) => Promise<unknown>) =>
  step({
    name: "made-up",
    does: "Nothing.",
    input: z.object({ run: z.object({ migration: z.string() }), n: z.number() }),
    needs: {},
    run,
  }) as unknown as Step;

const context = {} as Omit<Context, "log">;
const event = { run: { migration: "shop-1" }, n: 2 };

describe("the Lambda handler of a step", () => {
  test("hands the parsed input and a log to the step; every line carries the step and the migration", async () => {
    const { logger, lines } = listening();
    const handler = makeHandler(
      made(async ({ n }, { log }) => {
        log.warn("half done", { left: 1 });
        return n * 2;
      }),
      context,
      logger,
    );
    expect(await handler(event)).toBe(4);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: "WARN",
      message: "half done",
      step: "made-up",
      migration: "shop-1",
      left: 1,
    });
  });

  test("a wrong input is refused by field, before the step runs", async () => {
    let ran = false;
    const { logger } = listening();
    const handler = makeHandler(
      made(async () => (ran = true)),
      context,
      logger,
    );
    await expect(handler({ ...event, n: "two" })).rejects.toMatchObject({
      name: "BadInput",
      message: expect.stringContaining("wrong at n"),
    });
    expect(ran).toBe(false);
  });

  test("errors keep the names that the state machines match on", async () => {
    const { logger, lines } = listening();
    const handler = makeHandler(
      made(async () => {
        throw new Throttled("too fast");
      }),
      context,
      logger,
    );
    await expect(handler(event)).rejects.toMatchObject({ name: "Throttled" });
    expect(lines[0]).toMatchObject({ level: "ERROR", migration: "shop-1" });
  });
});
