/** The journal as a person reads it: each effect in a sentence, what is still open, and what a rollback would undo, newest first. */

import type { Effect, EffectKind, RecordSet } from "./effects.ts";
import type { RunEvent } from "./events.ts";

/** Rows kept at most; the counts go on. */
export const ROWS_MAX = 2_000;

export type EffectRow = {
  readonly key: string;
  readonly step: string;
  readonly direction: "forward" | "undo";
  readonly kind: EffectKind;
  readonly sentence: string;
  readonly intendedAt: number;
  /** Null while nobody has read it back. */
  readonly doneAt: number | null;
};

export type EffectsView = {
  readonly forward: { readonly intended: number; readonly done: number };
  readonly undo: { readonly intended: number; readonly done: number };
  readonly byKind: Readonly<Partial<Record<EffectKind, number>>>;
  /** In the order of the journal; the first `ROWS_MAX`. */
  readonly rows: readonly EffectRow[];
  /** How many more there are than rows. */
  readonly more: number;
  readonly last: EffectRow | null;
  /** What a rollback would take back now: forward effects that no undo has put back, newest first. */
  readonly undoable: readonly string[];
  readonly undoableCount: number;
};

const UNDOABLE_MAX = 50;

type Line = Extract<RunEvent, { type: "effect" }>;

export type Effects = {
  /** @returns whether the effect is a new one: a retry finds its own entry and says so again. */
  readonly add: (event: Line) => boolean;
  readonly view: () => EffectsView;
};

/** The undo's entry has the forward entry's name, but for its direction. */
const pairOf = (key: string): string => key.replace(/\/(?:forward|undo)-([^/]*)$/, "/$1");

export const makeEffects = (): Effects => {
  const rows = new Map<string, EffectRow>();
  const undone = new Set<string>();
  const counts = { forward: { intended: 0, done: 0 }, undo: { intended: 0, done: 0 } };
  const byKind: Partial<Record<EffectKind, number>> = {};
  let last: EffectRow | null = null;

  const add = (event: Line): boolean => {
    const id = `${event.direction}|${event.key}`;
    const known = rows.get(id);
    const doneAt = known?.doneAt ?? (event.status === "done" ? event.at : null);
    // One row for each entry of the journal, and its first times stand.
    if (known === undefined) {
      counts[event.direction].intended += 1;
      byKind[event.effect.kind] = (byKind[event.effect.kind] ?? 0) + 1;
    }
    if (doneAt !== null && (known === undefined || known.doneAt === null)) {
      counts[event.direction].done += 1;
      if (event.direction === "undo") undone.add(pairOf(event.key));
    }
    last = {
      key: event.key,
      step: event.step,
      direction: event.direction,
      kind: event.effect.kind,
      sentence: known?.sentence ?? effectSentence(event.effect),
      intendedAt: known?.intendedAt ?? event.at,
      doneAt,
    };
    rows.set(id, last);
    return known === undefined;
  };

  const view = (): EffectsView => {
    const all = [...rows.values()];
    const undoable = all
      .filter((row) => row.direction === "forward" && !undone.has(pairOf(row.key)))
      .map((row) => row.sentence)
      .reverse();
    return {
      forward: { ...counts.forward },
      undo: { ...counts.undo },
      byKind: { ...byKind },
      rows: all.slice(0, ROWS_MAX),
      more: Math.max(0, all.length - ROWS_MAX),
      last,
      undoable: undoable.slice(0, UNDOABLE_MAX),
      undoableCount: undoable.length,
    };
  };
  return { add, view };
};

/** What an effect changes, in one sentence with the old and the new value. Total over all kinds. */
export const effectSentence = (effect: Effect): string => {
  switch (effect.kind) {
    case "set-field": {
      const { kind, namespace, name } = effect.object;
      const object = `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
      const change = `${value(effect.before)} → ${value(effect.after)}`;
      return `${effect.cluster}: ${object}, ${effect.path.join(".")}: ${change}`;
    }
    case "create-object":
      return `${effect.cluster}: ${objectName(effect.object)} is created`;
    case "create-objects":
      return `${effect.cluster}: ${effect.objects.map(objectName).join(", ")} are created`;
    case "delete-object":
      return `${effect.cluster}: ${objectName(effect.before)} is deleted`;
    case "set-record":
      return recordSentence(effect.zoneId, effect.before, effect.after);
    case "create-zone":
      return `zone ${effect.name} is created`;
    case "create-cluster":
      return `cluster ${effect.name} (Kubernetes ${effect.version}) is created`;
    case "set-owner":
      return `owner of ${effect.thing}: ${effect.before} → ${effect.after}`;
    default:
      return unknownEffect(effect);
  }
};

const unknownEffect = (effect: never): string => `an effect of an unknown kind: ${value(effect)}`;

const VALUE_LENGTH_MAX = 120;

const value = (json: unknown): string => {
  if (json === null || json === undefined) return "absent";
  const text = typeof json === "string" ? json : JSON.stringify(json);
  return text.length > VALUE_LENGTH_MAX ? `${text.slice(0, VALUE_LENGTH_MAX - 1)}…` : text;
};

const objectName = (object: Readonly<Record<string, unknown>>): string => {
  const metadata = object.metadata;
  const named = typeof metadata === "object" && metadata !== null ? metadata : {};
  const name = "name" in named ? String(named.name) : "(no name)";
  const namespace = "namespace" in named ? `${String(named.namespace)}/` : "";
  return `${String(object.kind ?? "(no kind)")} ${namespace}${name}`;
};

const recordSentence = (zoneId: string, before: RecordSet | null, after: RecordSet | null): string => {
  const one = after ?? before;
  const name = one === null ? "a record" : `${one.name} ${one.type}`;
  const weight = one?.setIdentifier === undefined ? "" : ` (${one.setIdentifier})`;
  return `zone ${zoneId}: ${name}${weight}: ${recordValue(before)} → ${recordValue(after)}`;
};

const recordValue = (record: RecordSet | null): string => {
  if (record === null) return "absent";
  const target =
    record.alias === undefined ? (record.values ?? []).join(" ") : `alias ${record.alias.dnsName}`;
  const ttl = record.ttlSeconds === undefined ? "" : `, TTL ${record.ttlSeconds} s`;
  const weight = record.weight === undefined ? "" : `, weight ${record.weight}`;
  return value(`${target}${ttl}${weight}`);
};
