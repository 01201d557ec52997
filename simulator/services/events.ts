/**
 * EventBridge and its Scheduler, as far as listeners are concerned: Step Functions' status changes go to the rules whose pattern they match,
 * best effort; Lambda tries an asynchronous invocation three times. Schedules tick on their minutes.
 */

import type { EventPattern, Listener, Trigger } from "../../functions/listener.ts";
import type { Clock } from "../clock.ts";
import type { Execution, HistoryEvent } from "../interpreter/engine.ts";
import { ACCOUNT, REGION } from "./seam-aws.ts";

export type EventsOptions = {
  readonly clock: Clock;
  readonly listeners: readonly Listener[];
  /** Invokes a listener; rejects where it failed. */
  readonly listen: (name: string, event: unknown) => Promise<unknown>;
  readonly machineArn: (machine: string) => string;
  /** Whether a schedule could find anything new; a tick that couldn't is not rehearsed. */
  readonly isWorthATick: () => boolean;
};

/** What becomes of one event of a rule: lost, or delivered so many times. */
export type Delivery = { readonly times: number; readonly struck: () => void };

export type EventsService = {
  /** Step Functions writes history; a change of an execution's status is an event. */
  readonly saw: (execution: Execution, event: HistoryEvent) => void;
  /** A fault: what becomes of every event that a rule matches, until it is undefined again. */
  readonly disturb: (delivery: Delivery | undefined) => void;
  /** Something may be to be found from now on: schedules tick again, for as long as that is so. */
  readonly nudge: () => void;
};

const ON_ITS_WAY_MS = 700;
/** Lambda, asynchronous invocation: two retries, after one minute and after two more. */
const RETRIES_MS = [60_000, 120_000];

const STATUS: Readonly<Record<string, string>> = {
  ExecutionStarted: "RUNNING",
  ExecutionRedriven: "RUNNING",
  ExecutionSucceeded: "SUCCEEDED",
  ExecutionFailed: "FAILED",
  ExecutionAborted: "ABORTED",
  ExecutionTimedOut: "TIMED_OUT",
};

/** As "Step Functions Execution Status Change" comes: times in milliseconds, input as text. */
const eventOf = (execution: Execution, status: string, id: number, nowMs: number) => ({
  version: "0",
  id: `event-${id}`,
  "detail-type": "Step Functions Execution Status Change",
  source: "aws.states",
  account: ACCOUNT,
  time: new Date(nowMs).toISOString(),
  region: REGION,
  resources: [execution.arn],
  detail: {
    executionArn: execution.arn,
    stateMachineArn: execution.machineArn,
    name: execution.name,
    status,
    startDate: execution.startedAt,
    stopDate: execution.stoppedAt ?? null,
    input: JSON.stringify(execution.input),
    error: execution.error ?? null,
    cause: execution.cause ?? null,
  },
});
type Event = ReturnType<typeof eventOf>;

/** Each field of a pattern is one of its values; a field that an event doesn't have matches nothing. */
export const matches = (pattern: EventPattern, event: Event): boolean =>
  pattern.source.includes(event.source) &&
  pattern["detail-type"].includes(event["detail-type"]) &&
  Object.entries(pattern.detail).every(([field, values]) =>
    values.includes(String((event.detail as Readonly<Record<string, unknown>>)[field])),
  );

/** Whether an event with these fields could match: its text is written only then, and the inputs of executions are long. */
const mayMatch = (pattern: EventPattern, of: Readonly<Record<string, string>>): boolean =>
  Object.entries(of).every(([field, value]) => pattern.detail[field]?.includes(value) ?? true);

type Of<K extends Trigger["kind"]> = Extract<Trigger, { readonly kind: K }>;
const having = <K extends Trigger["kind"]>(listeners: readonly Listener[], kind: K) =>
  listeners
    .filter((l) => l.trigger.kind === kind)
    .map((l) => ({ name: l.name, trigger: l.trigger as Of<K> }));

export const makeEvents = ({
  clock,
  listeners,
  listen,
  machineArn,
  isWorthATick,
}: EventsOptions): EventsService => {
  const rules = having(listeners, "rule").map(({ name, trigger }) => ({
    name,
    pattern: {
      ...trigger.pattern,
      detail: { ...trigger.pattern.detail, stateMachineArn: trigger.machines.map(machineArn) },
    },
  }));
  let delivery: Delivery | undefined;
  let events = 0;
  const deliver = (name: string, event: object, tries = 0): void => {
    listen(name, event).catch(() => {
      const wait = RETRIES_MS[tries];
      if (wait !== undefined) clock.after(wait, () => deliver(name, event, tries + 1));
    });
  };
  const schedules = having(listeners, "schedule").map(({ name, trigger }) =>
    makeSchedule(clock, trigger.everyMinutes, isWorthATick, () => deliver(name, {})),
  );
  return {
    disturb: (of) => {
      delivery = of;
    },
    nudge: () => {
      for (const arm of schedules) arm();
    },
    saw: (execution, { type }) => {
      const status = STATUS[type];
      if (status === undefined) return;
      events += 1;
      const of = { status, stateMachineArn: execution.machineArn };
      if (!rules.some(({ pattern }) => mayMatch(pattern, of))) return;
      const event = eventOf(execution, status, events, clock.now());
      for (const { name, pattern } of rules) {
        if (!matches(pattern, event)) continue;
        const times = delivery?.times ?? 1;
        delivery?.struck();
        for (let i = 0; i < times; i += 1) clock.after(ON_ITS_WAY_MS, () => deliver(name, event));
      }
    },
  };
};

/** Ticks on whole multiples of its minutes, as long as that is worth it. @returns what arms it. */
const makeSchedule = (
  clock: Clock,
  everyMinutes: number,
  isWorthIt: () => boolean,
  tick: () => void,
): (() => void) => {
  const everyMs = everyMinutes * 60_000;
  let armed = false;
  const arm = (): void => {
    if (armed || !isWorthIt()) return;
    armed = true;
    clock.at((Math.floor(clock.now() / everyMs) + 1) * everyMs, () => {
      armed = false;
      tick();
      arm();
    });
  };
  return arm;
};
