/** The names and shapes of history events, as GetExecutionHistory gives them. */

import { type Details, type HistoryEvent, type Json, Payload } from "./types.ts";

/** An execution fails at this many events, unless that one is ExecutionSucceeded (developer guide, "Avoid reaching the history quota"). */
export const EVENTS_MAX = 25_000;
/** Input, output, and each variable: 256 KiB of UTF-8 text (developer guide, "Service quotas"). */
export const PAYLOAD_BYTES_MAX = 262_144;

/** Whether a payload exceeds the quota. Short texts are not measured: a UTF-16 unit takes three bytes at most. */
export const isTooLarge = (payload: Payload): boolean =>
  payload.text.length * 3 > PAYLOAD_BYTES_MAX && Buffer.byteLength(payload.text, "utf8") > PAYLOAD_BYTES_MAX;

const PAYLOADS = ["input", "output", "assignedVariables"];

/** The field of an event that holds its details: `stateEnteredEventDetails` for every TaskStateEntered, PassStateEntered … */
const detailsField = (type: string): string => {
  const shared = /State(Entered|Exited)$/.exec(type);
  const name = shared ? `State${shared[1]}` : type;
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}EventDetails`;
};

/** What an event of the service looks like; timestamps as Date, payloads as JSON text. */
export type AwsEvent = {
  readonly id: number;
  readonly previousEventId: number;
  readonly timestamp: Date;
  readonly type: string;
  readonly [details: `${string}EventDetails`]: { readonly [field: string]: Json };
};

export const awsEvent = (event: HistoryEvent): AwsEvent => ({
  id: event.id,
  previousEventId: event.previousEventId,
  timestamp: new Date(event.timestamp),
  type: event.type,
  ...(event.details && { [detailsField(event.type)]: rendered(event.details) }),
});

const rendered = (details: Details): { readonly [field: string]: Json } => {
  const result: Record<string, Json> = {};
  for (const [field, value] of Object.entries(details)) {
    if (value === undefined) continue;
    result[field] =
      field === "assignedVariables" ? texts(value) : value instanceof Payload ? value.text : (value as Json);
    if (PAYLOADS.includes(field)) result[`${field}Details`] = { truncated: false };
  }
  return result;
};

const texts = (variables: Details[string]): Json =>
  Object.fromEntries(
    Object.entries(variables as Readonly<Record<string, Payload>>).map(([name, value]) => [name, value.text]),
  );
