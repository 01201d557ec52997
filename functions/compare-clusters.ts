/** Does the target equal the source, object by object and field by field, but for what the plan changes? And does nothing run there yet? Changes nothing. */

import { OWN_NAMESPACES } from "../domain/bundle.ts";
import type { Verdict } from "../domain/gates.ts";
import { type KubeObject, refOf, sentenceOf } from "../domain/kube.ts";
import { at, isLoose } from "../domain/pods.ts";
import { isAtZero } from "../domain/restore.ts";
import { bothSides, keyIn, unexplained, wantedOf } from "./equality.ts";
import { gate } from "./gate.ts";
import { kubernetesOf, planOf } from "./run.ts";
import type { Context } from "./step.ts";
import { judge } from "./verdicts.ts";

/** Verdicts that are kept one by one; the rest is counted. */
const NAMED_MAX = 40;
const FIELDS_MAX = 6;

export const compareClusters = gate({
  name: "compare-clusters",
  does: "Compares each object of the plan on both sides by meaning, and looks for pods on the target that nobody asked for. Secrets are compared and never shown.",
  needs: { kubernetes: { source: ["list planned"], target: ["list planned", "list pods"] } },
  measure: async ({ run }, context) => {
    const plan = await planOf(context, run);
    const wanted = await wantedOf(context, run);
    const { source, target } = await bothSides(
      context,
      wanted.map((w) => w.object),
    );
    const found: Verdict[] = [];
    let compared = 0;
    for (const { object, exact } of wanted) {
      const left = source.byKey.get(keyIn(object));
      const right = target.byKey.get(keyIn(object));
      if (!left) continue;
      compared += 1;
      if (!right) found.push(isMissing(context, object, target.unknownKinds));
      else if (exact)
        found.push(
          ...differs(
            context,
            left,
            unexplained(left, right, plan.changes).map((d) => d.field),
          ),
          ...runs(context, right),
        );
    }
    const pods = await kubernetesOf(context, "target").list({ apiVersion: "v1", kind: "Pod" });
    const namespaces = new Set(
      plan.workloads
        .map((w) => w.namespace)
        .filter((n) => n !== "kube-system" && !OWN_NAMESPACES.includes(n)),
    );
    found.push(
      ...pods
        .filter((p) => namespaces.has(p.metadata.namespace ?? "") && !isExpectedPod(p))
        .map((p) => isUnexpected(context, p)),
    );
    const equal = judge(context, found.length === 0, {
      check: "restore/equal",
      subject: plan.settings.target.name,
      sentence: `${compared} objects compared: ${found.length === 0 ? "the target equals the source but for what the plan changes" : `${found.length} are missing, differ or run`}.`,
      remedy:
        "Look at each object that is named; bring it to the source's state, or make it a change of a new plan.",
      value: found.length,
      threshold: "0 differences",
      samples: compared,
      source: "both API servers",
    });
    return [...found.slice(0, NAMED_MAX), equal];
  },
});

const isMissing = (context: Context, object: KubeObject, unknownKinds: ReadonlySet<string>): Verdict => {
  const unknown = unknownKinds.has(`${object.apiVersion}|${object.kind}`);
  return judge(context, false, {
    check: "restore/missing",
    subject: sentenceOf(refOf(object)),
    sentence: `${sentenceOf(refOf(object))} is on the source and not on the target${unknown ? `: the target serves no ${object.kind} of ${object.apiVersion}` : ""}.`,
    remedy: unknown
      ? `Install what defines ${object.kind} on the target, or convert the object to a version that the target serves.`
      : "Restore it by hand from the backup (what holds a secret is never written by Repot itself), then ask again.",
    value: "absent",
    threshold: "present",
    samples: 1,
    source: "the target's API",
  });
};

const differs = (context: Context, object: KubeObject, fields: readonly string[]): readonly Verdict[] => {
  if (fields.length === 0) return [];
  const who = sentenceOf(refOf(object));
  const shown = fields.slice(0, FIELDS_MAX).join(", ");
  return [
    judge(context, false, {
      check: "restore/differs",
      subject: who,
      sentence: `${who} differs from the source in ${shown}${fields.length > FIELDS_MAX ? ` and ${fields.length - FIELDS_MAX} more fields` : ""}.`,
      remedy:
        "What changed it on the target: a webhook, a controller, a person? Take that away, or make it a change of a new plan.",
      value: fields.length,
      threshold: "0 fields",
      samples: 1,
      source: "both API servers",
    }),
  ];
};

/** Whatever its replica count is on the source, here it is zero until its turn. */
const runs = (context: Context, object: KubeObject): readonly Verdict[] => {
  const holds =
    object.kind === "Deployment" ||
    object.kind === "StatefulSet" ||
    object.kind === "ReplicaSet" ||
    object.kind === "CronJob";
  if (!holds || isAtZero(object)) return [];
  return [
    judge(context, false, {
      check: "restore/at-zero",
      subject: sentenceOf(refOf(object)),
      sentence: `${sentenceOf(refOf(object))} is not at zero on the target.`,
      remedy:
        "Set it to zero (or suspend it) on the target, and find out what started it: an autoscaler has one owner too many.",
      value: String(at(object, "spec", object.kind === "CronJob" ? "suspend" : "replicas") ?? "absent"),
      threshold: object.kind === "CronJob" ? "suspended" : "0 replicas",
      samples: 1,
      source: "the target's API",
    }),
  ];
};

/** DaemonSets run on every node as soon as they are there: they come last, and theirs are the only pods. */
const isExpectedPod = (pod: KubeObject): boolean => {
  const owners = pod.metadata["ownerReferences"];
  return (
    Array.isArray(owners) &&
    owners.some((o) => isLoose(o) && (o["kind"] === "DaemonSet" || o["kind"] === "Node"))
  );
};

const isUnexpected = (context: Context, pod: KubeObject): Verdict =>
  judge(context, false, {
    check: "restore/pod",
    subject: sentenceOf(refOf(pod)),
    sentence: `${sentenceOf(refOf(pod))} runs on the target, and nothing was to run there yet.`,
    remedy:
      "Find out what created it before anything else is done: two of an exclusive thing may be running.",
    value: String(at(pod, "status", "phase") ?? "unknown"),
    threshold: "no pods but those of DaemonSets",
    samples: 1,
    source: "Pods of the target",
  });
