/** The distributed Map: https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html, unless a test says otherwise. */

import { describe, expect, it } from "vitest";
import type { Json } from "../../simulator/interpreter/engine.ts";
import { account, body, fails, failure, invoke, machine, outcome, wait } from "./harness.ts";

describe("Map in distributed mode", () => {
  const KEY = { Bucket: "b", Key: "apps" };
  const distributed = (
    more: { readonly [field: string]: Json },
    states: { readonly [name: string]: Json },
  ): Json => ({
    Type: "Map",
    Label: "Apps",
    ItemReader: {
      Resource: "arn:aws:states:::s3:getObject",
      ReaderConfig: { InputType: "JSON" },
      Arguments: KEY,
    },
    ItemProcessor: { ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" }, ...body(states) },
    ...more,
    End: true,
  });
  const pass = { A: { Type: "Pass", End: true } };

  /** A bucket with one object, and what was put into it. */
  const bucket = (text: string) => {
    const put: Record<string, string> = {};
    const integrate = async (resource: string, args: Json): Promise<Json> => {
      const { Key, Body } = args as { readonly Key: string; readonly Body?: string };
      if (resource === "arn:aws:states:::s3:putObject") {
        put[Key] = Body ?? "";
        return {};
      }
      if (Key !== KEY.Key) throw failure("NoSuchKey", "The specified key does not exist.");
      return { Body: text };
    };
    return { put, integrate };
  };

  // https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
  it.each([
    ["JSON", '[{"n":1},{"n":2}]', {}],
    ["JSONL", '{"n":1}\n{"n":2}\n', {}],
    ["CSV", 'n\n1\n"2"\n', { CSVHeaderLocation: "FIRST_ROW" }],
    ["CSV", "1\n2\n", { CSVHeaderLocation: "GIVEN", CSVHeaders: ["n"] }],
  ])("reads items as %s", async (InputType, text, config) => {
    const reader = {
      Resource: "arn:aws:states:::s3:getObject",
      ReaderConfig: { InputType, ...config },
      Arguments: KEY,
    };
    const { execution } = await outcome(
      { M: distributed({ ItemReader: reader }, pass) },
      {},
      {},
      bucket(text),
    );
    const as = (n: number) => ({ n: InputType === "CSV" ? String(n) : n });
    expect(execution.output).toEqual([as(1), as(2)]);
  });

  it("each item is an execution of its own, with its own history", async () => {
    const { execution, engine, types, events } = await outcome(
      { M: distributed({}, pass) },
      {},
      {},
      bucket("[1,2,3]"),
    );
    const { mapRunArn } = (
      events(execution)[3] as { readonly mapRunStartedEventDetails?: { readonly mapRunArn?: string } }
    ).mapRunStartedEventDetails ?? { mapRunArn: "" };
    const children = engine.list({ mapRunArn: mapRunArn ?? "" });
    expect(children.map(({ input, eventCount }) => [input, eventCount])).toEqual([
      [1, 4],
      [2, 4],
      [3, 4],
    ]);
    expect(engine.list()).toEqual([execution]);
    expect(types(execution)).toEqual([
      "ExecutionStarted",
      "MapStateEntered",
      "MapStateStarted",
      "MapRunStarted",
      "MapRunSucceeded",
      "MapStateSucceeded",
      "MapStateExited",
      "ExecutionSucceeded",
    ]);
  });

  it("runs at most MaxConcurrency at once, and 1,600 items in bounded history", async () => {
    const text = JSON.stringify(Array.from({ length: 1600 }, (_, i) => i));
    const { execution, elapsedSeconds } = await outcome(
      { M: distributed({ MaxConcurrency: 100 }, { W: wait(1) }) },
      {},
      {},
      bucket(text),
    );
    expect(elapsedSeconds).toBe(16);
    expect(execution).toMatchObject({ status: "SUCCEEDED", eventCount: 8 });
  });

  // https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html
  it("ItemBatcher gives batches with a common input", async () => {
    const ItemBatcher = { MaxItemsPerBatch: 2, BatchInput: { run: "{% $states.input.run %}" } };
    const { execution } = await outcome(
      { M: distributed({ ItemBatcher }, pass) },
      { run: "r" },
      {},
      bucket("[1,2,3]"),
    );
    expect(execution.output).toEqual([
      { BatchInput: { run: "r" }, Items: [1, 2] },
      { BatchInput: { run: "r" }, Items: [3] },
    ]);
  });

  it("ItemBatcher fills batches up to MaxInputBytesPerBatch", async () => {
    const ItemBatcher = { MaxInputBytesPerBatch: 30 };
    const { execution } = await outcome(
      { M: distributed({ ItemBatcher }, pass) },
      {},
      {},
      bucket("[11111,22222,33333]"),
    );
    expect(execution.output).toEqual([{ Items: [11111, 22222, 33333] }]);
    const narrow = await outcome(
      { M: distributed({ ItemBatcher: { MaxInputBytesPerBatch: 24 } }, pass) },
      {},
      {},
      bucket("[11111,22222,33333]"),
    );
    expect(narrow.execution.output).toEqual([{ Items: [11111, 22222] }, { Items: [33333] }]);
  });

  const oddFail = {
    C: { Type: "Choice", Choices: [{ Condition: "{% $states.input % 2 = 1 %}", Next: "F" }], Default: "S" },
    F: fails("Odd"),
    S: { Type: "Succeed" },
  };

  // https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html#maprun-fail-threshold
  it.each([
    [{}, "FAILED"],
    [{ ToleratedFailureCount: 1 }, "FAILED"],
    [{ ToleratedFailureCount: 2 }, "SUCCEEDED"],
    [{ ToleratedFailurePercentage: 49 }, "FAILED"],
    [{ ToleratedFailurePercentage: "{% $states.input.share %}" }, "SUCCEEDED"],
    [{ ToleratedFailureCount: 1, ToleratedFailurePercentage: 100 }, "FAILED"],
  ])("two of four failing children with %j: %s", async (tolerance, status) => {
    const { execution, types } = await outcome(
      { M: distributed(tolerance, oddFail) },
      { share: 50 },
      {},
      bucket("[1,2,3,4]"),
    );
    expect(execution.status).toBe(status);
    if (status === "FAILED") {
      expect(execution.error).toBe("States.ExceedToleratedFailureThreshold");
      expect(types(execution).slice(-3)).toEqual(["MapRunFailed", "MapStateFailed", "ExecutionFailed"]);
    } else {
      expect(execution.output).toMatchObject([
        { Status: "FAILED", Error: "Odd" },
        2,
        { Status: "FAILED" },
        4,
      ]);
    }
  });

  it("children that still run are stopped once the threshold is exceeded, and none is started", async () => {
    const states = {
      C: { Type: "Choice", Choices: [{ Condition: "{% $states.input = 1 %}", Next: "F" }], Default: "W" },
      F: fails("First"),
      W: wait(60),
    };
    const { elapsedSeconds, engine, run } = await outcome(
      { M: distributed({ MaxConcurrency: 2 }, states) },
      {},
      {},
      bucket("[1,2,3]"),
    );
    await run();
    expect(elapsedSeconds).toBe(0);
    expect(engine.runningCount).toBe(0);
  });

  // https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
  it("ResultWriter puts the results and a manifest, and hands on where", async () => {
    const ResultWriter = {
      Resource: "arn:aws:states:::s3:putObject",
      Arguments: { Bucket: "b", Prefix: "results" },
    };
    const { put, integrate } = bucket("[1,2]");
    const { execution } = await outcome(
      { M: distributed({ ResultWriter, ToleratedFailureCount: 1 }, oddFail) },
      {},
      {},
      { integrate },
    );
    const { MapRunArn, ResultWriterDetails } = execution.output as {
      readonly MapRunArn: string;
      readonly ResultWriterDetails: { readonly Bucket: string; readonly Key: string };
    };
    expect(ResultWriterDetails).toEqual({
      Bucket: "b",
      Key: expect.stringMatching(/^results\/[0-9a-f-]{36}\/manifest\.json$/),
    });
    const manifest = JSON.parse(put[ResultWriterDetails.Key] ?? "");
    expect(manifest).toMatchObject({ DestinationBucket: "b", MapRunArn, ResultFiles: { PENDING: [] } });
    const file = (kind: string) => JSON.parse(put[manifest.ResultFiles[kind][0].Key] ?? "");
    expect(file("SUCCEEDED")).toMatchObject([{ Status: "SUCCEEDED", Input: "2", Output: "2" }]);
    expect(file("FAILED")).toMatchObject([{ Status: "FAILED", Input: "1", Error: "Odd" }]);
  });

  it("WriterConfig alone formats the state's output", async () => {
    const { execution } = await outcome(
      {
        M: distributed(
          { ResultWriter: { WriterConfig: { Transformation: "FLATTEN", OutputType: "JSON" } } },
          pass,
        ),
      },
      {},
      {},
      bucket("[[1,2],[3],4]"),
    );
    expect(execution.output).toEqual([1, 2, 3, 4]);
  });

  it.each([
    ["an object that isn't there", { Bucket: "b", Key: "other" }, "[]"],
    ["an object that isn't JSON", KEY, "{"],
    ["an object that isn't an array", KEY, "{}"],
  ])("%s is States.ItemReaderFailed", async (_, Arguments, text) => {
    const reader = {
      Resource: "arn:aws:states:::s3:getObject",
      ReaderConfig: { InputType: "JSON" },
      Arguments,
    };
    const { execution } = await outcome(
      { M: distributed({ ItemReader: reader }, pass) },
      {},
      {},
      bucket(text),
    );
    expect(execution.error).toBe("States.ItemReaderFailed");
  });

  it("a writer that can't write is States.ResultWriterFailed", async () => {
    const ResultWriter = { Resource: "arn:aws:states:::s3:putObject", Arguments: { Bucket: "b" } };
    const { integrate } = bucket("[1]");
    const { execution } = await outcome(
      { M: distributed({ ResultWriter }, pass) },
      {},
      {},
      {
        integrate: async (resource, args) => {
          if (resource.endsWith("putObject")) throw failure("AccessDenied", "no");
          return integrate(resource, args);
        },
      },
    );
    expect(execution.error).toBe("States.ResultWriterFailed");
  });

  it("stopping the parent stops its children", async () => {
    const all = account(
      { main: machine({ M: distributed({ MaxConcurrency: 1 }, { W: wait(60) }) }) },
      {},
      bucket("[1,2]"),
    );
    const execution = all.start();
    all.clock.after(5000, () => all.engine.stop(execution.arn));
    await all.run();
    expect(all.clock.elapsedSeconds()).toBe(5);
    expect(execution.status).toBe("ABORTED");
  });

  // https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html
  it("redriving the parent reruns only the children that didn't succeed, in the same Map Run", async () => {
    const calls: Json[] = [];
    const all = account(
      {
        main: machine({
          M: distributed(
            { MaxConcurrency: 1 },
            { A: invoke("f", { Output: "{% $states.result.Payload %}" }) },
          ),
        }),
      },
      {
        f: ({ payload }) => {
          calls.push(payload);
          if (payload === 2 && calls.length < 3) throw failure("Down");
          return payload;
        },
      },
      bucket("[1,2,3]"),
    );
    const execution = all.start();
    await all.run();
    expect(execution.status).toBe("FAILED");
    all.engine.redrive(execution.arn);
    await all.run();
    expect(calls).toEqual([1, 2, 2, 3]);
    expect(execution).toMatchObject({ status: "SUCCEEDED", output: [1, 2, 3] });
    expect(all.types(execution)).toContain("MapRunRedriven");
    expect(all.types(execution).filter((type) => type === "MapRunStarted")).toHaveLength(1);
  });
});
