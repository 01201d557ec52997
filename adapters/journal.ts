/** The journal in the bucket: intent before effect, under keys that a retried, redriven or duplicated invocation finds again. */

import { canonicalLine } from "../domain/canonical.ts";
import { Conflict } from "../domain/errors.ts";
import { isForward, type JournalEntry, JournalEntrySchema, keys, undoKeyOf } from "../domain/journal.ts";
import type { Bucket } from "./bucket.ts";

export type Journal = {
  /** Whether a rollback of the migration has begun. */
  readonly fenced: (migration: string) => Promise<boolean>;
  /**
   * Makes an intent durable. Where an entry stands under its key already, that one is the truth: its old value was read before
   * anything had happened. A fresh one has no mark of being done: nobody need ask for it.
   * @throws Conflict where the entry on record is about something else.
   */
  readonly intend: (
    entry: JournalEntry,
  ) => Promise<{ readonly entry: JournalEntry; readonly isFresh: boolean }>;
  readonly isDone: (entry: JournalEntry) => Promise<boolean>;
  readonly markDone: (entry: JournalEntry, outcome: Outcome) => Promise<void>;
  readonly read: (entryKey: string) => Promise<JournalEntry>;
  /** The same where there may be none. */
  readonly find: (entryKey: string) => Promise<JournalEntry | undefined>;
  /** The keys of all forward entries, or of those of one operation, oldest operation first. */
  readonly forwardKeys: (migration: string, operation?: string) => Promise<readonly string[]>;
  /** Those of them whose undo isn't marked as done. */
  readonly notUndone: (migration: string) => Promise<readonly string[]>;
};

/** `made`: we changed it. `stood`: it was so already. `left`: somebody else changed it since, and their value stands. */
export type Outcome = {
  readonly outcome: "made" | "stood" | "left";
  readonly note?: string;
  /** One for each object where an effect is about several, in their order. */
  readonly each?: readonly Outcome[];
};

export const makeJournal = (bucket: Bucket): Journal => ({
  fenced: async (migration) => (await bucket.getJson(keys.fence(migration))) !== undefined,

  intend: async (entry) => {
    const key = keys.entry(entry);
    const onRecord = await bucket.putFirst(key, entry);
    if (!onRecord.already) return { entry, isFresh: true };
    const recorded = JournalEntrySchema.parse(onRecord.value);
    if (subjectOf(recorded) !== subjectOf(entry))
      throw new Conflict(
        `Journal entry ${key} is about ${subjectOf(recorded)}, not about ${subjectOf(entry)}. Nothing was changed; two steps use one key.`,
      );
    return { entry: recorded, isFresh: false };
  },

  isDone: async (entry) => (await bucket.getJson(keys.done(keys.entry(entry)))) !== undefined,
  // Where two invocations carried it out, the first one's outcome stands.
  markDone: async (entry, outcome) => {
    await bucket.putFirst(keys.done(keys.entry(entry)), outcome);
  },

  read: async (entryKey) => {
    const entry = await find(bucket, entryKey);
    if (!entry) throw new Conflict(`Journal entry ${entryKey} was listed and can't be read yet.`);
    return entry;
  },
  find: (entryKey) => find(bucket, entryKey),

  // One operation's entries are one prefix: who wants those alone doesn't page through the whole migration.
  forwardKeys: async (migration, operation) => {
    const under = operation === undefined ? "" : `${operation}/`;
    return (await bucket.listKeys(`${keys.journal(migration)}${under}`)).filter(isForward);
  },

  notUndone: async (migration) => {
    const known = new Set(await bucket.listKeys(keys.journal(migration)));
    return [...known].filter((key) => isForward(key) && !known.has(keys.done(undoKeyOf(key))));
  },
});

const find = async (bucket: Bucket, entryKey: string): Promise<JournalEntry | undefined> => {
  const stored = await bucket.getJson(entryKey);
  return stored && JournalEntrySchema.parse(stored.value);
};

/** What an entry is about, without the values that a second reading may find changed. */
const subjectOf = ({ effect }: JournalEntry): string => {
  switch (effect.kind) {
    case "set-field":
      return `${effect.cluster} ${effect.object.kind} ${effect.object.namespace ?? ""}/${effect.object.name} ${effect.path.join(".")} = ${canonicalLine(effect.after)}`;
    case "create-object":
      return `${effect.cluster} ${objectName(effect.object)}`;
    case "create-objects":
      return `${effect.cluster} ${effect.objects.map(objectName).join(", ")}`;
    case "delete-object":
      return `${effect.cluster} ${objectName(effect.before)}`;
    case "set-record":
      return `${effect.zoneId} ${(effect.after ?? effect.before)?.name} ${(effect.after ?? effect.before)?.type}`;
    case "create-zone":
      return `zone ${effect.name}`;
    case "create-cluster":
      return `cluster ${effect.name}`;
    case "set-owner":
      return `owner of ${effect.thing} = ${effect.after}`;
  }
};

const objectName = (object: Readonly<Record<string, unknown>>): string => {
  const metadata = object["metadata"] as { name?: string; namespace?: string } | undefined;
  return `${String(object["kind"])} ${metadata?.namespace ?? ""}/${metadata?.name ?? ""}`;
};
