/** The interpreter against executions that the real service recorded, and the check itself against falsified ones. */

import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { check, conformance } from "../../cli/conformance.ts";
import type { Json } from "../../simulator/interpreter/engine.ts";
import {
  detailsOf,
  type RecordedEvent,
  type Recording,
  replay,
} from "../../simulator/interpreter/recording.ts";

const FILE = new URL("../../../shared/conformance/stepfunctions-jsonata.json", import.meta.url);
const recordings: readonly Recording[] = existsSync(FILE) ? JSON.parse(readFileSync(FILE, "utf8")) : [];
const reason = recordings.length === 0 ? " (skipped: the recordings are not beside the project)" : "";

const withLast = (recording: Recording, last: RecordedEvent): Recording => ({
  ...recording,
  history: [...recording.history.slice(0, -1), last],
});

/** The same event with one of its details replaced. */
const altered = (event: RecordedEvent, change: (value: unknown, field: string) => unknown): RecordedEvent =>
  Object.fromEntries(
    Object.entries(event).map(([field, value]) => [
      field,
      field.endsWith("EventDetails")
        ? Object.fromEntries(Object.entries(value as object).map(([key, item]) => [key, change(item, key)]))
        : value,
    ]),
  ) as RecordedEvent;

const COMPARED = ["output", "error", "cause"];
const falsifications: Readonly<Record<string, (event: RecordedEvent) => RecordedEvent>> = {
  "its type": (event) => ({
    ...event,
    type: event.type === "ExecutionSucceeded" ? "ExecutionFailed" : "ExecutionSucceeded",
  }),
  "its payload for another text": (event) =>
    altered(event, (value, field) => (COMPARED.includes(field) ? "falsified" : value)),
  "its payload for a placeholder": (event) =>
    altered(event, (value, field) => (COMPARED.includes(field) ? "<falsified>" : value)),
  "its payload by one character": (event) =>
    altered(event, (value, field) =>
      !COMPARED.includes(field)
        ? value
        : typeof value === "string"
          ? `${value} `
          : { ...(value as object), more: null },
    ),
  "its error": (event) => ({
    ...event,
    [event.type === "ExecutionSucceeded" ? "executionSucceededEventDetails" : "executionFailedEventDetails"]:
      {
        ...detailsOf(event),
        error: "Falsified",
      },
  }),
};

/** Renames states everywhere: as keys, in transitions, in events, and inside of messages. */
const renamed = (recording: Recording): Recording => {
  const names = new Map<string, string>();
  const collect = (value: Json): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, item] of Object.entries(value)) {
      if (key === "States")
        for (const name of Object.keys(item as object)) names.set(name, `renamed ${names.size} é`);
      collect(item);
    }
  };
  collect(recording.definition);
  const rename = (value: Json, key = ""): Json => {
    if (Array.isArray(value)) return value.map((item: Json) => rename(item));
    if (typeof value === "object" && value !== null) {
      return Object.fromEntries(
        Object.entries(value).map(([name, item]) => [
          key === "States" ? (names.get(name) ?? name) : name,
          rename(item, name),
        ]),
      );
    }
    if (typeof value !== "string") return value;
    if (["Next", "Default", "StartAt", "name", "state"].includes(key)) return names.get(value) ?? value;
    return key === "cause"
      ? value.replace(/the state '([^']+)'/, (_, name) => `the state '${names.get(name)}'`)
      : value;
  };
  return {
    ...recording,
    definition: rename(recording.definition),
    history: rename(recording.history as unknown as Json) as unknown as readonly RecordedEvent[],
  };
};

describe.skipIf(recordings.length === 0)(`The real service recorded it${reason}`, () => {
  it.each(recordings.map((recording) => [recording.id, recording] as const))("%s", async (_, recording) => {
    expect(await check(recording)).toBeUndefined();
  });

  it("chains every event to the one that the service chains it to", async () => {
    for (const recording of recordings) {
      const ours = (await replay(recording)).map((event) => event.previousEventId);
      expect({ id: recording.id, chain: ours }).toEqual({
        id: recording.id,
        chain: recording.history.map((event) => event.previousEventId),
      });
    }
  });

  it.each(Object.entries(falsifications))(
    "no recording passes that has falsified of its last event %s",
    async (_, falsify) => {
      const passed: string[] = [];
      for (const recording of recordings) {
        const last = recording.history.at(-1) as RecordedEvent;
        if ((await check(withLast(recording, falsify(last)))) === undefined) passed.push(recording.id);
      }
      expect(passed).toEqual([]);
    },
  );

  it("no recording passes that has one event less or one more", async () => {
    const passed: string[] = [];
    for (const recording of recordings) {
      const last = recording.history.at(-1) as RecordedEvent;
      const shorter = { ...recording, history: recording.history.slice(0, -1) };
      const longer = { ...recording, history: [...recording.history, { ...last, id: last.id + 1 }] };
      if ((await check(shorter)) === undefined || (await check(longer)) === undefined)
        passed.push(recording.id);
    }
    expect(passed).toEqual([]);
  });

  it("all recordings pass with their states consistently renamed", async () => {
    const failed: string[] = [];
    for (const recording of recordings) {
      const problem = await check(renamed(recording));
      if (problem !== undefined) failed.push(`${recording.id}: ${problem}`);
    }
    expect(failed).toEqual([]);
  });

  it("a replay takes nothing from the history but the answers of tasks and of the reader", async () => {
    const answers = /^(Task|LambdaFunction)(Succeeded|Failed|TimedOut)$|^MapStateExited$/;
    for (const recording of recordings) {
      const emptied = recording.history.map((event) =>
        answers.test(event.type) || event.type.endsWith("StateEntered")
          ? altered(event, (value, field) => (field === "input" ? "emptied" : value))
          : { id: event.id, previousEventId: event.previousEventId, type: event.type },
      );
      expect(await replay({ ...recording, history: emptied })).toEqual(await replay(recording));
    }
  });
});

const SMALL: Recording = {
  id: "a pass",
  definition: { QueryLanguage: "JSONata", StartAt: "A", States: { A: { Type: "Pass", End: true } } },
  input: {},
  history: [
    { id: 1, previousEventId: 0, type: "ExecutionStarted", executionStartedEventDetails: { input: {} } },
    {
      id: 2,
      previousEventId: 0,
      type: "PassStateEntered",
      stateEnteredEventDetails: { input: {}, name: "A" },
    },
    {
      id: 3,
      previousEventId: 2,
      type: "PassStateExited",
      stateExitedEventDetails: { output: {}, name: "A" },
    },
    { id: 4, previousEventId: 3, type: "ExecutionSucceeded", executionSucceededEventDetails: { output: {} } },
  ],
};

describe("repot conformance", () => {
  const run = async (text: string | undefined) => {
    const file = join(mkdtempSync(join(tmpdir(), "conformance-")), "recordings.json");
    if (text !== undefined) writeFileSync(file, text);
    const lines: string[] = [];
    return { code: await conformance(file, (line) => lines.push(line)), lines };
  };

  it("ends with the counts and exits 0 where all passed", async () => {
    expect(await run(JSON.stringify([SMALL, SMALL]))).toEqual({ code: 0, lines: ["2 passed, 0 failed"] });
  });

  it("prints a line for each that differs and exits 1", async () => {
    const wrong = withLast(SMALL, {
      id: 4,
      previousEventId: 3,
      type: "ExecutionSucceeded",
      executionSucceededEventDetails: { output: "1" },
    });
    const { code, lines } = await run(JSON.stringify([SMALL, wrong]));
    expect(code).toBe(1);
    expect(lines).toEqual([
      'a pass: event 4 (ExecutionSucceeded): output: expected "1", got {}',
      "1 passed, 1 failed",
    ]);
  });

  it("counts a definition that it refuses as failed, and says why", async () => {
    const definition = {
      QueryLanguage: "JSONPath",
      StartAt: "A",
      States: { A: { Type: "Pass", End: true } },
    };
    const { code, lines } = await run(JSON.stringify([{ ...SMALL, definition }]));
    expect(code).toBe(1);
    expect(lines[0]).toContain("the state 'A' is in JSONPath");
  });

  it("counts an entry that isn't whole among others as failed, and says what it lacks", async () => {
    const { history: _, ...rest } = SMALL;
    const { code, lines } = await run(JSON.stringify([SMALL, { ...rest, id: "cut short" }, 7]));
    expect(code).toBe(1);
    expect(lines).toEqual([
      "cut short: it has no history",
      "entry 3: it is no object with id, definition, input and history",
      "1 passed, 2 failed",
    ]);
  });

  it.each([
    ["no file", undefined],
    ["an empty file", ""],
    ["an empty list", "[]"],
    ["something else", '{"a":1}'],
    ["recordings without a history", JSON.stringify([{ ...SMALL, history: [] }])],
  ])("exits 2 for %s", async (_, text) => {
    const { code, lines } = await run(text);
    expect(code).toBe(2);
    expect(lines).toHaveLength(1);
  });
});
