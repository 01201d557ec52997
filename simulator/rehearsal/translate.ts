/** From what the services saw to the lines of the record: the bucket's objects and the executions' histories, as events. */

import { DecisionSchema, RequestSchema, VoteSchema } from "../../domain/approvals.ts";
import type { Unstamped } from "../../domain/events.ts";
import { entryOfDone, type JournalEntry, JournalEntrySchema } from "../../domain/journal.ts";
import { PHASES, type Phase } from "../../domain/phases.ts";
import type { Execution, HistoryEvent } from "../interpreter/engine.ts";
import { verdictsIn } from "../verdicts.ts";

const isPhase = (text: string): text is Phase => (PHASES as readonly string[]).includes(text);

/** What an object that was put into the bucket says about the run. Fresh for a run: it remembers the entries of the journal until they are done. */
export const makeLinesOfPut = (): ((key: string, body: string) => readonly Unstamped[]) => {
  const intended = new Map<string, JournalEntry>();
  return (key, body) => {
    const [, kind, ...rest] = key.split("/").slice(1);
    switch (kind) {
      case "journal":
        return journalLines(key, body, intended);
      case "evidence":
        return evidenceLines(rest, body);
      case "approvals":
        return approvalLines(rest, body);
      default:
        return [];
    }
  };
};

const journalLines = (
  key: string,
  body: string,
  intended: Map<string, JournalEntry>,
): readonly Unstamped[] => {
  const doneOf = entryOfDone(key);
  const isDone = doneOf !== undefined;
  const entry = isDone ? intended.get(doneOf) : JournalEntrySchema.parse(JSON.parse(body));
  if (entry === undefined) return [];
  if (!isDone) intended.set(key, entry);
  const { step, direction, effect } = entry;
  const outcome = isDone
    ? (JSON.parse(body) as { readonly outcome?: string; readonly note?: string })
    : undefined;
  const line = {
    type: "effect" as const,
    key: (doneOf ?? key).replace(/^migrations\/[^/]+\/journal\//, "").replace(/\.json$/, ""),
    step,
    direction,
    status: isDone ? ("done" as const) : ("intended" as const),
    effect,
  };
  return outcome?.outcome === "left"
    ? [
        line,
        {
          type: "notice",
          level: "warning",
          sentence: `Undo of ${line.key} left what somebody else had changed. ${outcome.note ?? ""}`.trim(),
        },
      ]
    : [line];
};

const evidenceLines = ([phase = "", ...name]: readonly string[], body: string): readonly Unstamped[] => {
  if (!isPhase(phase)) return [];
  const verdicts = verdictsIn(body);
  return verdicts ? [{ type: "verdict", phase, gate: name[0] ?? "", verdicts }] : [];
};

const approvalLines = ([question = "", kind = ""]: readonly string[], body: string): readonly Unstamped[] => {
  const value: unknown = JSON.parse(body);
  if (kind === "request.json") {
    const { sentence } = RequestSchema.parse(value).question;
    return [{ type: "approval", question, status: "asked", sentence }];
  }
  if (kind === "votes") {
    const { person, choice } = VoteSchema.parse(value);
    return [
      { type: "approval", question, status: "voted", person, sentence: `${person} chose "${choice}".` },
    ];
  }
  if (kind !== "decision.json") return [];
  const { decision, by } = DecisionSchema.parse(value);
  const status =
    decision === "expired"
      ? "expired"
      : decision === "denied" || decision === "roll-back"
        ? "denied"
        : "granted";
  return [
    {
      type: "approval",
      question,
      status,
      sentence: by.length === 0 ? `Decided: ${decision}.` : `Decided: ${decision}, by ${by.join(", ")}.`,
    },
  ];
};

const ENDS: Readonly<Record<string, "succeeded" | "failed" | "timed-out" | "aborted">> = {
  ExecutionSucceeded: "succeeded",
  ExecutionFailed: "failed",
  ExecutionTimedOut: "timed-out",
  ExecutionAborted: "aborted",
};

/** What one event of an execution's history says about the run. */
export const linesOfHistory = (execution: Execution, event: HistoryEvent): readonly Unstamped[] => {
  const { machine, name } = execution;
  const detail = (field: string): string | undefined => {
    const value = event.details?.[field];
    return typeof value === "string" ? value : undefined;
  };
  if (event.type.endsWith("StateEntered"))
    return [{ type: "transition", machine, execution: name, state: detail("name") ?? "" }];
  if (event.type === "ExecutionStarted") {
    const started: Unstamped = {
      type: "execution",
      machine,
      execution: name,
      status: "started",
      historyEvents: 1,
    };
    return isPhase(machine) ? [started, { type: "phase", phase: machine, status: "started" }] : [started];
  }
  const status = ENDS[event.type];
  if (!status) return [];
  const [error, cause] = [detail("error"), detail("cause")];
  const ended: Unstamped = {
    type: "execution",
    machine,
    execution: name,
    status,
    historyEvents: event.id,
    ...(error === undefined ? {} : { error }),
    ...(cause === undefined ? {} : { cause: cause.slice(0, 2_000) }),
  };
  if (!isPhase(machine)) return [ended];
  return [ended, { type: "phase", phase: machine, status: status === "succeeded" ? "completed" : "failed" }];
};
