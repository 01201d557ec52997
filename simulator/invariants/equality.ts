/** After a completed migration the target is what the source was: object by object, and with the old TTLs in DNS. */

import { type KubeObject, keyOf, refOf, sentenceOf } from "../../domain/kube.ts";
import { diffObjects, isExpected } from "../../domain/object-diff.ts";
import type { Ended, EndInvariant } from "./ending.ts";
import { autoscaled, byKey, changedByOthers, isTheirs } from "./leaves.ts";

export const equality: EndInvariant = {
  name: "equality",
  sentence:
    "After a completed migration the target's objects equal the source's, but for what the plan changes.",
  check: (ended) => (ended.outcome === "completed" ? objectsDiffer(ended) : undefined),
};

const objectsDiffer = ({ plan, events, sourceBefore, targetAfter }: Ended): readonly string[] => {
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
  return breaches;
};
