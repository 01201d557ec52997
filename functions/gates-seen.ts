/** The newest evidence of each gate of a phase, for people who are to decide. Bounded: a phase of many applications has thousands. */

import type { Bucket } from "../adapters/bucket.ts";
import { VerdictSchema } from "../domain/gates.ts";
import { keys } from "../domain/journal.ts";
import type { GateSeen } from "../domain/question-message.ts";

/** A gate that watched more things than this looks at single applications; the gates of the whole platform say it better. */
const EVIDENCE_MAX = 40;
const GATES_MAX = 8;

/** A phase's gates are few; one that watched a single thing again and again is shown as it stood last. */
export const gatesSeen = async (
  bucket: Bucket,
  migration: string,
  phase: string,
): Promise<readonly GateSeen[]> => {
  const prefix = keys.evidenceOf(migration, phase);
  const byGate = new Map<string, string[]>();
  for (const key of await bucket.listKeys(prefix)) {
    const [gate = "", name] = key.slice(prefix.length).split("/");
    if (name !== undefined) byGate.set(gate, [...(byGate.get(gate) ?? []), key]);
  }
  const seen: GateSeen[] = [];
  for (const [gate, all] of [...byGate].slice(0, GATES_MAX)) {
    const last = all.length > EVIDENCE_MAX ? undefined : all.toSorted((a, b) => asked(a) - asked(b)).at(-1);
    const stored = last === undefined ? undefined : await bucket.getJson(last);
    const { verdicts } = (stored?.value ?? {}) as { readonly verdicts?: readonly unknown[] };
    if (verdicts) seen.push({ gate, verdicts: verdicts.map((v) => VerdictSchema.parse(v)) });
  }
  return seen;
};

/** The number at the end of a key: how often the watcher had asked before. */
const asked = (key: string): number => Number(/-(\d+)\.json$/.exec(key)?.[1] ?? 0);
