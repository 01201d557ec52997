/**
 * The record of a run: one line an event. The terminal, the report and the summary are folds over these lines and know nothing else.
 * Lines hold virtual time only, no path and no secret, so that the same seed gives the same bytes anywhere.
 */

import type { Effect } from "./effects.ts";
import type { Verdict } from "./gates.ts";
import type { Phase, Side } from "./phases.ts";

/** Each line has `at`, virtual seconds since the run began, never falling. */
type Line<T extends string, Fields> = { readonly at: number; readonly type: T } & Readonly<Fields>;

/** What one cluster did with the attempts of a span of time. */
export type SideTraffic = {
  readonly served: number;
  readonly failed: number;
  readonly paused: number;
  /** Answers by status, whole numbers: `{ "200": 5, "204": 5 }`. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Over the span, weighted by requests; null where none was served. */
  readonly p99Ms: number | null;
  readonly p995Ms: number | null;
};

export type RunEvent =
  /** The first line. */
  | Line<"run", { platform: string; plan: string; seed: number; startsAt: string; migration: string }>
  /** One for each workload of the plan, before anything moves. */
  | Line<"workload", { namespace: string; name: string; kind: string; class: string; move: string }>
  | Line<
      "phase",
      { phase: Phase; status: "started" | "completed" | "failed" | "rolling-back" | "rolled-back" }
    >
  /** One for each state that an execution enters; `transitions` of the summary counts these. */
  | Line<"transition", { machine: string; execution: string; state: string }>
  | Line<
      "execution",
      {
        machine: string;
        execution: string;
        status: "started" | "succeeded" | "failed" | "timed-out" | "aborted";
        historyEvents: number;
        error?: string;
        cause?: string;
      }
    >
  /** The journal as it is written: `intended` before the call, `done` once it was read back. */
  | Line<
      "effect",
      {
        key: string;
        step: string;
        direction: "forward" | "undo";
        status: "intended" | "done";
        effect: Effect;
      }
    >
  | Line<"verdict", { phase: Phase; gate: string; verdicts: readonly Verdict[] }>
  | Line<
      "approval",
      {
        question: string;
        status: "asked" | "voted" | "granted" | "denied" | "expired";
        person?: string;
        sentence: string;
      }
    >
  /** Attempts since the last traffic line; the sums over all lines are the summary's figures. */
  | Line<
      "traffic",
      {
        served: number;
        failed: number;
        paused: number;
        failedAnyway: number;
        source: SideTraffic;
        target: SideTraffic;
        dnsTargetShare: Readonly<Record<string, number>>;
      }
    >
  /** Requests that failed because of the move, with the reason, as they begin to: the line to look for at 3 a.m. */
  | Line<"failing", { cluster: Side; host: string; workload: string; reason: string }>
  /** A consumer group as its members or figures change; counts are those since its last line, `overN` is members less those of the plan. */
  | Line<
      "kafka",
      {
        group: string;
        state: "stable" | "rebalancing" | "empty";
        /** Live members, by the cluster that their pods run in. */
        source: number;
        target: number;
        overN: number;
        rebalances: number;
        duplicates: number;
        lost: number;
        longestDelayMs: number;
        waiting: number;
      }
    >
  | Line<"freeze", { status: "began" | "ended" | "lasts"; minutes: number }>
  /** What others did meanwhile: developers, operators, autoscalers. */
  | Line<
      "actor",
      {
        who: string;
        cluster: Side;
        object: string;
        field: string;
        before: string;
        after: string;
        allowed: boolean;
      }
    >
  | Line<"ready", { cluster: Side; workload: string; ready: number; wanted: number }>
  | Line<"fault", { kind: string; step: string; sentence: string }>
  | Line<"permission", { step: string; service: string; action: string; allowed: boolean }>
  /** `line`: how many lines the record had when the invariant was found broken; the last of them did it. */
  | Line<"violation", { invariant: string; sentence: string; line: number }>
  /** Anything else a person should read: what a step held for, what undo could not do. */
  | Line<"notice", { level: "info" | "warning" | "error"; sentence: string }>;

export type EventType = RunEvent["type"];

/** A line before the recorder stamps it with the time. */
export type Unstamped = RunEvent extends infer E ? (E extends RunEvent ? Omit<E, "at"> : never) : never;

export type Outcome =
  | "completed"
  | "rolled-back"
  | "rollback-incomplete"
  | "waiting"
  | "refused"
  | "violated";

/** The last line of `--json`. */
export type Summary = {
  readonly type: "summary";
  readonly outcome: Outcome;
  readonly seed: number;
  readonly workloads: number;
  readonly requests: {
    readonly served: number;
    readonly failed: number;
    readonly paused: number;
    readonly failedAnyway: number;
  };
  readonly freezeMinutes: number;
  /** Over all consumer groups: sums, and the greatest of `membersMaxOverN` and `longestDelayMs`. */
  readonly kafka: {
    readonly membersMaxOverN: number;
    readonly rebalances: number;
    readonly lost: number;
    readonly duplicates: number;
    readonly longestDelayMs: number;
  };
  readonly transitions: number;
  readonly historyEventsMax: number;
  readonly violations: readonly {
    readonly invariant: string;
    readonly sentence: string;
    readonly at: number;
    readonly line: number;
  }[];
  readonly faults: readonly { readonly kind: string; readonly step: string; readonly struck: number }[];
  /** How often each invariant has really looked at something; a rehearsal's only. 0: this run says nothing about it. */
  readonly checked?: Readonly<Record<string, number>>;
  readonly virtualSeconds: number;
  readonly wallSeconds: number;
  readonly digest: string;
  /** Declared and never used, by step: `{ "lower-ttls": ["route53:GetChange"] }`. */
  readonly unusedPermissions: Readonly<Record<string, readonly string[]>>;
};
