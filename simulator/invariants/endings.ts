/**
 * What must be true when a run is over: requests, and the objects of both clusters. After a rollback the source is as it was, after a
 * completed migration the target equals what the source was; but for what others changed, and what the plan says.
 */

import { canonicalLine } from "../../domain/canonical.ts";
import type { RunEvent } from "../../domain/events.ts";
import { byCodeUnit, type KubeObject, keyOf, refOf, sentenceOf } from "../../domain/kube.ts";
import { diffObjects, isExpected } from "../../domain/object-diff.ts";
import type { Side } from "../../domain/phases.ts";
import type { Plan } from "../../domain/plan.ts";

export type Ended = {
  readonly plan: Plan;
  readonly events: readonly RunEvent[];
  readonly sourceBefore: readonly KubeObject[];
  readonly sourceAfter: readonly KubeObject[];
  readonly targetAfter: readonly KubeObject[];
};

/** What is asked once, when a run is over. */
export const ENDINGS = [
  { name: "requests", sentence: "No request fails because of the move." },
  {
    name: "left-behind",
    sentence:
      "A migration that ended unseen after it had changed something is taken back, or people are told.",
  },
  { name: "undo", sentence: "After a rollback every field of the source is what it was before." },
  {
    name: "equality",
    sentence:
      "After a completed migration the target's objects equal the source's, but for what the plan changes.",
  },
] as const;

export type Breach = { readonly invariant: string; readonly sentence: string };

/** Set by the server on every write, or counted by controllers: nobody's to put back. */
const SERVER_OWN =
  /^(status|metadata\.(uid|resourceVersion|generation|creationTimestamp|managedFields|selfLink|annotations\.deployment\.kubernetes\.io\/revision))(\.|$)/;

/** Kinds that controllers make and remake; nobody writes them by hand. */
const CONTROLLED = new Set([
  "Pod",
  "ReplicaSet",
  "ControllerRevision",
  "Endpoints",
  "EndpointSlice",
  "Event",
  "Lease",
  "Node",
  "Job",
  "PersistentVolume",
  "CSINode",
  "BackupRepository",
]);

const leavesOf = (value: unknown, path: string, into: Map<string, string>): Map<string, string> => {
  if (value !== null && typeof value === "object" && !Array.isArray(value)) {
    for (const [key, inner] of Object.entries(value)) {
      const at = path === "" ? key : `${path}.${key}`;
      if (!SERVER_OWN.test(at)) leavesOf(inner, at, into);
    }
    return into;
  }
  if (value !== undefined) into.set(path, canonicalLine(value));
  return into;
};

/** Fields by object that somebody else was allowed to change on a side. */
const changedByOthers = (
  events: readonly RunEvent[],
  side: Side,
): ReadonlyMap<string, ReadonlySet<string>> => {
  const fields = new Map<string, Set<string>>();
  for (const event of events)
    if (event.type === "actor" && event.allowed && event.cluster === side)
      fields.set(event.object, (fields.get(event.object) ?? new Set<string>()).add(bare(event.field)));
  return fields;
};

/** `spec.template.metadata.annotations["a/b"]` and `….annotations.a/b` are one field. */
const bare = (field: string): string => field.replace(/["'\]]/g, "").replace(/\[/g, ".");

const isTheirs = (field: string, theirs: ReadonlySet<string> | undefined): boolean =>
  theirs !== undefined && [...theirs].some((t) => bare(field) === t || bare(field).startsWith(`${t}.`));

/** Replica counts that an autoscaler owns are whatever it made them. */
const autoscaled = (plan: Plan): ReadonlySet<string> =>
  new Set(
    plan.workloads.filter((w) => w.autoscaler !== undefined).map((w) => `${w.kind} ${w.namespace}/${w.name}`),
  );

/** After a rollback. */
export const sourceIsAsItWas = ({ plan, events, sourceBefore, sourceAfter }: Ended): readonly Breach[] => {
  const theirs = changedByOthers(events, "source");
  const free = autoscaled(plan);
  const [before, after] = [byKey(sourceBefore), byKey(sourceAfter)];
  const breaches: string[] = [];
  for (const key of [...new Set([...before.keys(), ...after.keys()])].sort(byCodeUnit)) {
    const [was, is] = [before.get(key), after.get(key)];
    const who = sentenceOf(refOf((was ?? is) as KubeObject));
    if (!is) breaches.push(`${who} was on the source before and is gone.`);
    else if (!was) breaches.push(`${who} was not on the source before and was left there.`);
    else {
      const [left, right] = [leavesOf(was, "", new Map()), leavesOf(is, "", new Map())];
      for (const field of new Set([...left.keys(), ...right.keys()])) {
        if (left.get(field) === right.get(field) || isTheirs(field, theirs.get(who))) continue;
        if (field === "spec.replicas" && free.has(who)) continue;
        breaches.push(
          `${who} ${field} was ${left.get(field) ?? "absent"} and is ${right.get(field) ?? "absent"}.`,
        );
      }
    }
  }
  return breaches.map((sentence) => ({ invariant: "undo", sentence }));
};

/** After a completed migration. */
export const targetEqualsSource = ({ plan, events, sourceBefore, targetAfter }: Ended): readonly Breach[] => {
  const theirs = [changedByOthers(events, "source"), changedByOthers(events, "target")];
  const free = autoscaled(plan);
  const planned = new Set(plan.objects.map((o) => keyOf(refOf(o as unknown as KubeObject))));
  const after = byKey(targetAfter);
  const breaches: string[] = [];
  for (const [key, was] of byKey(sourceBefore)) {
    const who = sentenceOf(refOf(was));
    if (!planned.has(key) || plan.changes.some((c) => c.object === who && c.field === "")) continue;
    const is = after.get(key);
    if (!is) {
      if (
        !isExpected(
          was,
          { field: "metadata.name", path: [], left: was.metadata.name, right: undefined },
          plan.changes,
        )
      )
        breaches.push(`${who} is not on the target.`);
      continue;
    }
    for (const difference of diffObjects(was, is)) {
      if (
        isExpected(was, difference, plan.changes) ||
        theirs.some((t) => isTheirs(difference.field, t.get(who)))
      )
        continue;
      if (difference.field === "spec.replicas" && free.has(who)) continue;
      breaches.push(`${who} differs from the source in ${difference.field}.`);
    }
  }
  return breaches.map((sentence) => ({ invariant: "equality", sentence }));
};

/** Whatever happened: no request failed because of the move. */
export const noFailedRequest = ({ events }: Ended): readonly Breach[] => {
  const failed = events.reduce((sum, e) => (e.type === "traffic" ? sum + e.failed : sum), 0);
  const [first] = events.filter((e) => e.type === "failing");
  return failed > 0
    ? [
        {
          invariant: "requests",
          sentence: `${failed} requests failed because of the move. The first: ${first ? `${first.host}, ${first.reason}` : "unknown"}.`,
        },
      ]
    : [];
};

const byKey = (objects: readonly KubeObject[]): ReadonlyMap<string, KubeObject> =>
  new Map(objects.filter((o) => !CONTROLLED.has(o.kind)).map((o) => [keyOf(refOf(o)), o]));
