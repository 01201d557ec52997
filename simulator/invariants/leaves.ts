/** Objects field by field, and who may have changed which: what the invariants about the end of a run compare by. */

import { canonicalLine } from "../../domain/canonical.ts";
import type { RunEvent } from "../../domain/events.ts";
import { type KubeObject, keyOf, refOf } from "../../domain/kube.ts";
import type { Side } from "../../domain/phases.ts";
import type { Plan } from "../../domain/plan.ts";

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

export const leavesOf = (value: unknown, path: string, into: Map<string, string>): Map<string, string> => {
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
export const changedByOthers = (
  events: readonly RunEvent[],
  side: Side,
): ReadonlyMap<string, ReadonlySet<string>> => {
  const fields = new Map<string, Set<string>>();
  for (const event of events)
    if (event.type === "actor" && event.allowed && event.cluster === side)
      fields.set(event.object, (fields.get(event.object) ?? new Set<string>()).add(bare(event.field)));
  return fields;
};

/**
 * Fields of the source that differ since somebody was allowed to change them on the target, and a rollback has carried that back: it goes
 * with the workload to where it runs.
 */
export const carriedBack = (events: readonly RunEvent[]): ReadonlyMap<string, ReadonlySet<string>> => {
  const carried = new Set(
    events.flatMap((e) =>
      e.type === "effect" && e.step === "carry-back" && e.status === "done" && e.effect.kind === "set-field"
        ? [`${e.effect.object.kind} ${e.effect.object.namespace ?? ""}/${e.effect.object.name}`]
        : [],
    ),
  );
  return new Map([...changedByOthers(events, "target")].filter(([object]) => carried.has(object)));
};

/** `spec.template.metadata.annotations["a/b"]` and `….annotations.a/b` are one field. */
const bare = (field: string): string => field.replace(/["'\]]/g, "").replace(/\[/g, ".");

export const isTheirs = (field: string, theirs: ReadonlySet<string> | undefined): boolean =>
  theirs !== undefined && [...theirs].some((t) => bare(field) === t || bare(field).startsWith(`${t}.`));

/** Replica counts that an autoscaler owns are whatever it made them. */
export const autoscaled = (plan: Plan): ReadonlySet<string> =>
  new Set(
    plan.workloads.filter((w) => w.autoscaler !== undefined).map((w) => `${w.kind} ${w.namespace}/${w.name}`),
  );

export const byKey = (objects: readonly KubeObject[]): ReadonlyMap<string, KubeObject> =>
  new Map(objects.filter((o) => !CONTROLLED.has(o.kind)).map((o) => [keyOf(refOf(o)), o]));
