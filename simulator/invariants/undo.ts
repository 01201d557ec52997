/** After a rollback everything is as it was: every field of the source, every record of DNS, and no target that we made. */

import { sameRecord } from "../../adapters/route53.ts";
import { canonicalLine } from "../../domain/canonical.ts";
import type { RecordSet } from "../../domain/effects.ts";
import { byCodeUnit, type KubeObject, refOf, sentenceOf } from "../../domain/kube.ts";
import { SIDES } from "../../domain/phases.ts";
import type { Ended, EndInvariant, ZoneRecords } from "./ending.ts";
import { autoscaled, byKey, carriedBack, changedByOthers, isTheirs, leavesOf } from "./leaves.ts";

export const undo: EndInvariant = {
  name: "undo",
  sentence:
    "After a rollback every field of the source and every record of DNS is what it was before, and the target is gone.",
  check: (ended) =>
    ended.undone
      ? [...objectsDiffer(ended), ...zonesDiffer(ended), ...recordsLost(ended), ...targetLeft(ended)]
      : undefined,
};

const objectsDiffer = ({ plan, events, sourceBefore, sourceAfter }: Ended): readonly string[] => {
  const theirs = [changedByOthers(events, "source"), carriedBack(events)];
  const free = autoscaled(plan);
  const [before, after] = [byKey(sourceBefore), byKey(sourceAfter)];
  const breaches: string[] = [];
  for (const key of [...new Set([...before.keys(), ...after.keys()])].sort(byCodeUnit)) {
    const [was, is] = [before.get(key), after.get(key)];
    const who = sentenceOf(refOf((was ?? is) as KubeObject));
    if (!is) breaches.push(`${who} was on the source before and is gone.`);
    else if (!was && theirs.some((t) => t.get(who)?.has("metadata.name"))) continue;
    else if (!was) breaches.push(`${who} was not on the source before and was left there.`);
    else {
      const [left, right] = [leavesOf(was, "", new Map()), leavesOf(is, "", new Map())];
      for (const field of new Set([...left.keys(), ...right.keys()])) {
        if (left.get(field) === right.get(field) || theirs.some((t) => isTheirs(field, t.get(who)))) continue;
        if (field === "spec.replicas" && free.has(who)) continue;
        breaches.push(
          `${who} ${field} was ${left.get(field) ?? "absent"} and is ${right.get(field) ?? "absent"}.`,
        );
      }
    }
  }
  return breaches;
};

const recordsOf = (zones: readonly ZoneRecords[]): ReadonlyMap<string, RecordSet> =>
  new Map(
    zones.flatMap((zone) =>
      zone.records.map((r) => [`${r.type} ${r.name} of zone ${zone.id}${r.setIdentifier ?? ""}`, r] as const),
    ),
  );

const zonesDiffer = ({ events, zonesBefore, zonesAfter }: Ended): readonly string[] => {
  const [before, after] = [recordsOf(zonesBefore), recordsOf(zonesAfter)];
  const theirs = new Set(SIDES.flatMap((side) => [...changedByOthers(events, side).keys()]));
  const isTheirs = (record: RecordSet | undefined) => theirs.has(`${record?.type} ${record?.name}`);
  // A zone of ours that others have put something into isn't ours to delete: it stays, and nobody is delegated to it.
  const kept = zonesAfter.filter((zone) => zone.records.some(isTheirs)).map(({ id }) => id);
  return [...new Set([...before.keys(), ...after.keys()])].sort(byCodeUnit).flatMap((name) => {
    const [was, is] = [before.get(name), after.get(name)];
    if (isTheirs(was ?? is) || (!was && kept.some((id) => name.includes(` of zone ${id}`)))) return [];
    if (!is) return [`${name} was there before and is gone.`];
    if (!was) return [`${name} was not there before and was left.`];
    return sameRecord(was, is) ? [] : [`${name} was ${canonicalLine(was)} and is ${canonicalLine(is)}.`];
  });
};

/** Whichever zone people changed meanwhile, what they did there is in the one that answers again. */
const recordsLost = ({ events, zonesBefore, zonesAfter }: Ended): readonly string[] => {
  const old = new Set(zonesBefore.map(({ id }) => id));
  const held = new Set(
    zonesAfter
      .filter(({ id }) => old.has(id))
      .flatMap(({ records }) => records.map((r) => `${r.type} ${r.name}`)),
  );
  const wanted = new Map(
    events.flatMap((e) =>
      e.type === "actor" && e.allowed && e.field === "values" ? [[e.object, e.after !== "absent"]] : [],
    ),
  );
  return [...wanted]
    .filter(([record, isThere]) => held.has(record) !== isThere)
    .map(([record, isThere]) =>
      isThere
        ? `${record} was added by somebody and isn't in a zone that was there before.`
        : `${record} was taken away by somebody and is in a zone that was there before.`,
    );
};

/** A cluster that was there before keeps what is its own; one that was not is gone. */
const targetLeft = ({ targetBefore, targetAfter }: Ended): readonly string[] =>
  targetBefore.length === 0 && targetAfter.length > 0
    ? [`The target was not there before and was left with ${targetAfter.length} objects.`]
    : [];
