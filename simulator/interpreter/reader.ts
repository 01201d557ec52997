/** Where a distributed Map gets its items: from S3 by ItemReader, or from the state; what ItemSelector and ItemBatcher make of them. */

import type { StateDef } from "./definition.ts";
import { StatesError } from "./errors.ts";
import { PAYLOAD_BYTES_MAX } from "./history.ts";
import type { Thread } from "./thread.ts";
import { type Json, Payload } from "./types.ts";
import { callService } from "./work.ts";

type Fields = { readonly [field: string]: Json | undefined };
const record = (value: Json | undefined): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};

const failed = (cause: string): StatesError => new StatesError("States.ItemReaderFailed", cause);

/** The items that ItemReader finds, at most MaxItems. Rejects with States.ItemReaderFailed. */
export const readItems = async (thread: Thread, state: StateDef): Promise<readonly Json[]> => {
  const reader = record(state.raw["ItemReader"]);
  const template = state.fields["ItemReader/Arguments"];
  const args = template ? await thread.evaluate(template, thread.bindings()) : {};
  const maxTemplate = state.fields["MaxItems"];
  const max = maxTemplate ? Number(await thread.evaluate(maxTemplate, thread.bindings())) : 0;
  const resource = String(reader["Resource"]);
  const items = resource.endsWith(":listObjectsV2")
    ? await listObjects(thread, resource, record(args), max)
    : parseItems(await getObject(thread, resource, args), record(reader["ReaderConfig"]));
  return max > 0 ? items.slice(0, max) : items;
};

const getObject = async (thread: Thread, resource: string, args: Json): Promise<string> => {
  const { Body: body } = record(await call(thread, resource, args));
  if (typeof body !== "string") throw failed("The object has no text.");
  return body;
};

const listObjects = async (
  thread: Thread,
  resource: string,
  args: Fields,
  max: number,
): Promise<readonly Json[]> => {
  const items: Json[] = [];
  let token: Json | undefined;
  do {
    const page: Fields = record(
      await call(thread, resource, {
        ...args,
        ...(token !== undefined && { ContinuationToken: token }),
      } as Json),
    );
    items.push(...((page["Contents"] ?? []) as readonly Json[]));
    token = page["NextContinuationToken"];
  } while (token !== undefined && !(max > 0 && items.length >= max));
  return items;
};

const call = async (thread: Thread, resource: string, args: Json): Promise<Json> => {
  try {
    return await callService(thread, resource, args);
  } catch (problem) {
    if (!(problem instanceof StatesError)) throw problem;
    throw failed(`${problem.error ?? ""}: ${problem.reason ?? ""}`);
  }
};

/** @throws StatesError States.ItemReaderFailed for a text that isn't of the configured type. */
export const parseItems = (text: string, config: Fields): readonly Json[] => {
  const { InputType: type = "JSON" } = config;
  try {
    if (type === "CSV") return parseCsv(text, config);
    if (type === "JSONL") {
      const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
      return lines.map((line) => JSON.parse(line) as Json);
    }
    const items = JSON.parse(text) as Json;
    if (Array.isArray(items)) return items as readonly Json[];
  } catch (problem) {
    throw failed(`The object isn't ${String(type)}: ${(problem as Error).message}`);
  }
  throw failed("Attempting to map over non-iterable node.");
};

const DELIMITERS: Readonly<Record<string, string>> = {
  COMMA: ",",
  PIPE: "|",
  SEMICOLON: ";",
  SPACE: " ",
  TAB: "\t",
};

/** Each row as an object of texts; quoted fields may hold delimiters, quotes and line ends (RFC 4180). */
const parseCsv = (text: string, config: Fields): readonly Json[] => {
  const delimiter = DELIMITERS[String(config["CSVDelimiter"] ?? "COMMA")] ?? ",";
  const rows = csvRows(text, delimiter);
  const given = config["CSVHeaderLocation"] === "GIVEN";
  const headers = given ? (config["CSVHeaders"] as readonly string[]) : (rows.shift() ?? []);
  return rows.map((row) => Object.fromEntries(headers.map((header, i) => [header, row[i] ?? ""])));
};

const csvRows = (text: string, delimiter: string): string[][] => {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = "";
  let quoted = false;
  const endField = () => {
    row.push(field);
    field = "";
  };
  const endRow = () => {
    endField();
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
  };
  for (let i = 0; i < text.length; i += 1) {
    const at = text.charAt(i);
    if (quoted && at === '"' && text.charAt(i + 1) === '"') {
      field += at;
      i += 1;
    } else if (at === '"') quoted = !quoted;
    else if (!quoted && at === delimiter) endField();
    else if (!quoted && at === "\n") endRow();
    else if (quoted || at !== "\r") field += at;
  }
  if (field !== "" || row.length > 0) endRow();
  return rows;
};

/** What each child execution gets: an item, or a batch of them as `{BatchInput, Items}`. */
export const batches = async (
  thread: Thread,
  state: StateDef,
  items: readonly Json[],
): Promise<readonly Payload[]> => {
  if (state.raw["ItemBatcher"] === undefined) return items.map((item) => new Payload(item));
  const field = async (name: string) => {
    const template = state.fields[`ItemBatcher/${name}`];
    return template ? await thread.evaluate(template, thread.bindings()) : undefined;
  };
  const common = await field("BatchInput");
  const countMax = Number((await field("MaxItemsPerBatch")) ?? Number.POSITIVE_INFINITY);
  const bytesMax = Number((await field("MaxInputBytesPerBatch")) ?? PAYLOAD_BYTES_MAX);
  const batch = (of: readonly Json[]) =>
    new Payload({ ...(common !== undefined && { BatchInput: common }), Items: of });
  const frame = Buffer.byteLength(batch([]).text, "utf8");
  const result: Payload[] = [];
  let open: Json[] = [];
  let bytes = frame;
  for (const item of items) {
    const size = Buffer.byteLength(JSON.stringify(item), "utf8") + 1;
    if (frame + size > bytesMax) throw failed(`An item of ${size} bytes fits in no batch of ${bytesMax}.`);
    if (open.length >= countMax || bytes + size > bytesMax) {
      result.push(batch(open));
      open = [];
      bytes = frame;
    }
    open.push(item);
    bytes += size;
  }
  return open.length > 0 ? [...result, batch(open)] : result;
};
