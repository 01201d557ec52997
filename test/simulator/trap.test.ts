/** What a step may not take by itself: each read that is caught, and those that are nobody's business. */

import { Console } from "node:console";
import crypto, { randomBytes, randomUUID } from "node:crypto";
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { WriteStream } from "node:tty";
import { Logger } from "@aws-lambda-powertools/logger";
import { DateTime } from "luxon";
import { describe, expect, test } from "vitest";
import { steps } from "../../functions/index.ts";
import type { Step } from "../../functions/step.ts";
import { rehearse } from "../../simulator/rehearsal/rehearse.ts";
import { AmbientRead, setTrap } from "../../simulator/rehearsal/trap.ts";
import { type Invocation, withInvocation } from "../../simulator/services/seam.ts";
import { planned, run } from "../rehearsals/small.ts";

const caughtBy = (read: () => unknown): readonly string[] => {
  const caught: string[] = [];
  const invocation: Invocation = {
    step: "planted",
    needs: {},
    execution: "an execution",
    crash: () => {},
    caught: (mistake) => caught.push(mistake.message),
  };
  const release = setTrap();
  try {
    withInvocation(invocation, read);
  } finally {
    release();
  }
  return caught;
};

describe("A step is caught, and named with the place, where it takes by itself", () => {
  const reads: Readonly<Record<string, readonly [read: () => unknown, said: RegExp]>> = {
    "the time of the machine": [
      () => Date.now(),
      /takes time by itself \(Date\.now at test\/simulator\/trap/,
    ],
    "a date of now": [() => new Date(), /new Date\(\)/],
    "the time as a text": [() => Date(), /Date\(\)/],
    "a stopwatch": [() => performance.now(), /performance\.now/],
    nanoseconds: [() => process.hrtime.bigint(), /process\.hrtime\.bigint/],
    "the time through a library": [() => DateTime.now(), /Date\.now at test\/simulator\/trap/],
    chance: [() => Math.random(), /takes chance by itself \(Math\.random/],
    "an identity": [() => globalThis.crypto.randomUUID(), /crypto\.randomUUID/],
    "an identity by an imported name": [() => randomUUID(), /crypto\.randomUUID/],
    "bytes of chance": [() => randomBytes(4), /crypto\.randomBytes/],
    "numbers of chance": [() => crypto.randomInt(4), /crypto\.randomInt/],
    "the environment": [() => process.env["HOME"], /takes the environment by itself \(process\.env\.HOME/],
    "a timer": [() => clearTimeout(setTimeout(() => {}, 1)), /takes a timer by itself \(setTimeout/],
    "a timer as a promise": [() => sleep(0), /setTimeout/],
    "a turn of the event loop": [() => clearImmediate(setImmediate(() => {})), /setImmediate/],
    "a promise of the thread pool": [
      () => globalThis.crypto.subtle.digest("SHA-256", new Uint8Array(1)),
      /takes a promise of the thread pool by itself/,
    ],
  };
  test.each(Object.entries(reads))("%s", (_, [read, said]) => {
    const [first = ""] = caughtBy(read);
    expect(first).toMatch(/^planted takes /);
    expect(first).toMatch(said);
  });
});

describe("Nobody is caught", () => {
  test("for a date of something, nor for what is computed from it", () => {
    expect(caughtBy(() => new Date(0).toISOString() + Date.UTC(2026, 1) + Date.parse("2026-01-01"))).toEqual(
      [],
    );
  });

  test("for what Node itself asks when a line is written: whether the terminal has colours", () => {
    const terminal = Object.assign(new PassThrough(), { isTTY: true });
    const talking = new Console({ stdout: terminal, colorMode: "auto" });
    Object.assign(terminal, { getColorDepth: WriteStream.prototype.getColorDepth });
    expect(caughtBy(() => talking.log("a line with", { an: "object" }))).toEqual([]);
  });

  test("for the time stamps of the official logger", () => {
    const lines: unknown[] = [];
    const logger = new Logger({ serviceName: "repot" });
    Object.assign(logger, { console: { info: (line: unknown) => lines.push(line) } });
    expect(caughtBy(() => logger.info("a line"))).toEqual([]);
    expect(String(lines[0])).toContain('"timestamp":"20');
  });

  test("outside of a step, or when the rehearsal is over", () => {
    const [date, random] = [globalThis.Date, Math.random];
    const release = setTrap();
    const another = setTrap();
    expect(Date.now()).toBeGreaterThan(0);
    release();
    expect(Math.random).not.toBe(random);
    another();
    expect(globalThis.Date).toBe(date);
    expect(Math.random).toBe(random);
    expect(process.env["PATH"]).toBeDefined();
  });
});

test("A rehearsal with a step that reads the clock of the machine is worth nothing, and says which step it was", async () => {
  const guilty = steps.map(
    (step: Step): Step =>
      step.name === "pause-pipelines"
        ? {
            ...step,
            run: (input, context) => {
              if (Date.now() < 0) throw new Error("This can't be.");
              return step.run(input, context);
            },
          }
        : step,
  );
  const caught = run(planned(), { steps: guilty });
  await expect(caught).rejects.toThrow(AmbientRead);
  await expect(caught).rejects.toThrow(
    /^pause-pipelines takes time by itself \(Date\.now at test\/simulator/,
  );
});

test("Who reads the record may look at the clock, also when a step writes a line", async () => {
  const talking = steps.map(
    (step: Step): Step =>
      step.name === "pause-pipelines"
        ? {
            ...step,
            run: (input, context) => {
              context.log.warn("A line of the record.");
              return step.run(input, context);
            },
          }
        : step,
  );
  const seen: number[] = [];
  const onEvent = (event: { readonly type: string }) => {
    // As the terminal does, for each line: whatever a step was doing when it was written.
    setTimeout(() => {}, 0).unref();
    if (event.type === "notice") seen.push(Date.now());
  };
  const { summary } = await rehearse({
    ...planned(),
    seed: 1,
    faults: [],
    approve: "auto",
    onEvent,
    steps: talking,
  });
  expect(summary.outcome).toBe("completed");
  expect(seen.length).toBeGreaterThan(0);
});
