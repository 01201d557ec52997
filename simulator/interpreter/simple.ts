/** Wait and Fail. Pass and Succeed do nothing but leave. */

import type { StateDef } from "./definition.ts";
import { StatesError } from "./errors.ts";
import { EvaluationError } from "./expressions.ts";
import type { Thread } from "./thread.ts";

const WAIT_SECONDS_MAX = 99_999_999;

/** Waits for seconds or until a time, on the virtual clock. */
export const runWait = async (thread: Thread, state: StateDef): Promise<void> => {
  const { clock, parking } = thread.run.engine;
  const until = await waitsUntil(thread, state);
  if (until > clock.now()) await parking.until(thread, until);
};

const waitsUntil = async (thread: Thread, state: StateDef): Promise<number> => {
  const { Seconds: seconds, Timestamp: timestamp } = state.fields;
  if (seconds) {
    const value = await thread.evaluate(seconds, thread.bindings());
    if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= WAIT_SECONDS_MAX) {
      return thread.run.engine.clock.now() + value * 1000;
    }
    const reason = `The Seconds field must be an integer from 0 to ${WAIT_SECONDS_MAX}, but was: ${JSON.stringify(value)}`;
    return thread.explain(new EvaluationError(reason, "Seconds", true));
  }
  const value = timestamp ? await thread.evaluate(timestamp, thread.bindings()) : "";
  const time = parseTimestamp(String(value));
  if (time !== undefined) return time;
  const reason = `The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: ${String(value)}`;
  return thread.explain(new EvaluationError(reason, "Timestamp", true));
};

const TIMESTAMP =
  /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-](?:0\d|1[0-8]):[0-5]\d)$/;

/** Milliseconds since 1970 of an ISO-8601 date and time with an offset; undefined where it isn't one. */
export const parseTimestamp = (text: string): number | undefined => {
  const day = TIMESTAMP.exec(text)?.[1];
  if (!day) return undefined;
  const midnight = new Date(`${day}T00:00:00Z`);
  // `Date` rolls the 30th of February over; the service refuses it.
  if (Number.isNaN(midnight.getTime()) || midnight.toISOString().slice(0, 10) !== day) return undefined;
  return Date.parse(text.replace(/(\.\d{3})\d+/, "$1"));
};

/** Fails with the state's error and cause, either of which may be left out. */
export const runFail = async (thread: Thread, state: StateDef): Promise<never> => {
  const bindings = thread.bindings();
  const { Error: error, Cause: cause } = state.fields;
  const name = error && (await thread.evaluate(error, bindings));
  const reason = cause && (await thread.evaluate(cause, bindings));
  throw new StatesError(name as string | undefined, reason as string | undefined);
};
