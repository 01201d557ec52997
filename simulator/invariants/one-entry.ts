/** Each effect has one entry in the journal, each entry is written once, and what is created is created once. */

import { canonicalLine } from "../../domain/canonical.ts";
import { singlesOf } from "../../domain/effects.ts";
import type { RunEvent } from "../../domain/events.ts";
import { keys, undoKeyOf } from "../../domain/journal.ts";
import type { Observed } from "../services/seam.ts";
import type { Invariant } from "./invariant.ts";
import type { Scene } from "./scene.ts";

type EffectEvent = Extract<RunEvent, { type: "effect" }>;

export const makeOneEntry = (): Invariant<Scene> => {
  const written = new Set<string>();
  const entries = makeEntries();
  const zones = new Map<string, string>();
  return {
    name: "one-entry",
    sentence: "Each effect has one entry, an entry is written once, and what it creates is created once.",
    check: ({ fact, plan }) => {
      const seen = fact();
      if (seen?.kind === "event") {
        if (seen.event.type !== "effect") return undefined;
        if (seen.event.status === "intended") return secondEntry(seen.event, entries);
        forget(seen.event, entries);
        return undefined;
      }
      if (seen?.kind !== "call" || !seen.call.mutating || seen.call.outcome !== "applied") return undefined;
      const { call } = seen;
      if (call.service === "s3" && call.subject.startsWith(keys.journal(plan.migration)))
        return noted(written, call.subject) ? [] : [`${call.subject} was written twice.`];
      return call.action === "CreateHostedZone" ? secondZone(call, zones) : undefined;
    },
  };
};

/** @returns whether it is new. */
const noted = (into: Set<string>, key: string): boolean => into.size !== into.add(key).size;

/** A change from one value to another is made once; that it stands already may be said again under another key. */
const secondEntry = ({ effect, direction, key, step }: EffectEvent, entries: Entries): readonly string[] => {
  if (direction !== "forward" || effect.kind === "set-owner") return [];
  if ("before" in effect && "after" in effect && canonicalLine(effect.before) === canonicalLine(effect.after))
    return [];
  return singlesOf(effect).flatMap((single) => {
    const what = `${step} ${canonicalLine(single)}`;
    const first = entries.keyOf(what);
    if (first === undefined) entries.add(what, key);
    return first === undefined || first === key ? [] : [`${key} is about the very effect of ${first}.`];
  });
};

/**
 * What was taken back may be made again, under a key of its own: by our undo, or by somebody else. The latter shows in the old value of a field, which
 * is read before each intent: where it was read back as changed and is the old one again, somebody has set it.
 */
const forget = ({ direction, key, effect }: EffectEvent, entries: Entries): void => {
  if (direction === "undo") entries.dropUndoneBy(key);
  else if (effect.kind === "set-field") entries.drop(key);
};

type Entries = ReturnType<typeof makeEntries>;

/** Which entry was the first about an effect; found by the effect, by its own key, and by the key of what undoes it. */
const makeEntries = () => {
  const keys = new Map<string, string>();
  const effects = new Map<string, string[]>();
  const undoneBy = new Map<string, string>();
  const drop = (key: string): void => {
    for (const what of effects.get(key) ?? []) keys.delete(what);
    effects.delete(key);
  };
  return {
    keyOf: (what: string): string | undefined => keys.get(what),
    add: (what: string, key: string): void => {
      keys.set(what, key);
      effects.set(key, [...(effects.get(key) ?? []), what]);
      undoneBy.set(undoKeyOf(key), key);
    },
    drop,
    dropUndoneBy: (key: string): void => {
      const first = undoneBy.get(key);
      if (first !== undefined) drop(first);
    },
  };
};

const secondZone = ({ input, output }: Observed, zones: Map<string, string>): readonly string[] => {
  const name = String((input as { readonly Name?: string }).Name).toLowerCase();
  const id = String(
    (output as { readonly HostedZone?: { readonly Id?: string } } | undefined)?.HostedZone?.Id,
  );
  const first = zones.get(name);
  if (first === undefined) zones.set(name, id);
  return first === undefined || first === id
    ? []
    : [`The zone ${name} was created twice, as ${first} and as ${id}.`];
};
