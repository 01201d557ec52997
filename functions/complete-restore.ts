/**
 * Completed isn't complete: what Velero left out is created from the source's own objects, at zero, definitions first; what it skipped because
 * the target had one of that name is given the source's fields.
 */

import { fieldOf } from "../adapters/effects/fields.ts";
import { asNew } from "../adapters/effects/objects.ts";
import { ours } from "../domain/bundle.ts";
import { canonicalLine } from "../domain/canonical.ts";
import { type KubeObject, refOf } from "../domain/kube.ts";
import { maskObjects } from "../domain/masking.ts";
import type { Difference } from "../domain/object-diff.ts";
import type { Plan } from "../domain/plan.ts";
import { plannedSpec, STAGES, stageOf } from "../domain/restore.ts";
import { BatchInput, makeNamed, type Named, slug } from "./batch.ts";
import { withJournal } from "./effect.ts";
import { bothSides, keyIn, unexplained, wantedOf } from "./equality.ts";
import { createObject, deleteObject, setField } from "./objects.ts";
import { planOf } from "./run.ts";
import { step } from "./step.ts";

export const completeRestore = step({
  name: "complete-restore",
  does: "Creates on the target each object of the plan that it lacks, and sets the fields in which one of its own differs; never what holds a secret, since effects are on record.",
  input: BatchInput,
  needs: withJournal({
    kubernetes: {
      source: ["list planned"],
      target: ["list planned", "get planned", "create planned", "patch planned", "delete storageclasses"],
    },
  }),
  run: async (input, context) => {
    const { changes } = await planOf(context, input.run);
    const wanted = await wantedOf(context, input.run);
    const { source, target } = await bothSides(
      context,
      wanted.map((w) => w.object),
    );
    const effects = [...wanted]
      .sort((a, b) => byStage(a.object, b.object))
      .flatMap(({ object, exact }): readonly Named[] => {
        const left = source.byKey.get(keyIn(object));
        const right = target.byKey.get(keyIn(object));
        if (!left) return [];
        if (right)
          return exact ? aligning(input.run.migration, left, right, unexplained(left, right, changes)) : [];
        if (!mayBeRecorded(left) || target.unknownKinds.has(`${left.apiVersion}|${left.kind}`)) return [];
        return [
          { move: moveOf(left), effect: createObject("target", atZero(input.run.migration, left, changes)) },
        ];
      });
    // What is done is no longer missing: each batch starts at the beginning of what is left.
    return makeNamed(
      context,
      { ...input, from: 0 },
      { step: "complete-restore", operation: "complete-restore" },
      effects,
    );
  },
});

const moveOf = (object: KubeObject, ...more: readonly string[]): string =>
  `${STAGES.indexOf(stageOf(object))}.${slug(object.kind, object.metadata.namespace, object.metadata.name, ...more)}`;

/** Of a StorageClass everything else can't be changed, only made anew; it is used when a volume is made and not after. */
const CLASS_MUTABLE = /^(metadata\.|allowVolumeExpansion$)/;

/** The source's fields on an object that the target had before: field by field, or the whole of it where the API allows no change. */
const aligning = (
  migration: string,
  left: KubeObject,
  right: KubeObject,
  differences: readonly Difference[],
): readonly Named[] => {
  if (left.kind === "Secret" || differences.length === 0) return [];
  if (left.kind === "StorageClass" && differences.some((d) => !CLASS_MUTABLE.test(d.field))) {
    // Another provisioner is the target's own kind of disk: that is for people to plan.
    if (left["provisioner"] !== right["provisioner"]) return [];
    return [
      { move: moveOf(left, "0"), effect: deleteObject("target", asNew(right)) },
      { move: moveOf(left, "1"), effect: createObject("target", ours(migration, asNew(left))) },
    ];
  }
  const [masked] = maskObjects([left]);
  const paths = new Map(differences.map((d) => [d.path.join("\n"), d.path]));
  return [...paths.values()].flatMap((path): readonly Named[] => {
    const after = fieldOf(left, path);
    if (canonicalLine(fieldOf(masked, path)) !== canonicalLine(after)) return [];
    return [
      {
        move: moveOf(left, ...path),
        effect: setField("target", refOf(left), path, fieldOf(right, path), after),
      },
    ];
  });
};

/** Effects are written down with all their values; what holds a secret is Velero's to bring, and the comparison names it where it doesn't. */
const mayBeRecorded = (object: KubeObject): boolean => {
  if (object.kind === "Secret") return false;
  const [masked] = maskObjects([object]);
  return canonicalLine(masked) === canonicalLine(object);
};

const rank = (o: KubeObject): number => STAGES.indexOf(stageOf(o)) * 10 + (o.kind === "Namespace" ? 0 : 1);
const byStage = (a: KubeObject, b: KubeObject): number => rank(a) - rank(b) || (keyIn(a) < keyIn(b) ? -1 : 1);

/** As the target may take it: nothing that the source's servers allocated, no owner from there, and no pods yet. */
const atZero = (migration: string, live: KubeObject, changes: Plan["changes"]): KubeObject => {
  const { ownerReferences: _owners, finalizers: _finalizers, ...metadata } = asNew(live).metadata;
  const fresh = ours(migration, { ...asNew(live), metadata } as KubeObject);
  const spec = { ...(fresh["spec"] as Loose | undefined), ...plannedSpec(live, changes) };
  switch (live.kind) {
    case "Deployment":
    case "StatefulSet":
    case "ReplicaSet":
      return { ...fresh, spec: { ...spec, replicas: 0 } };
    case "CronJob":
      return { ...fresh, spec: { ...spec, suspend: true } };
    case "Job":
      return { ...fresh, spec: jobSpec(spec) };
    case "Service":
      return { ...fresh, spec: serviceSpec(spec) };
    case "PersistentVolumeClaim": {
      const { volumeName: _volume, ...rest } = spec;
      return { ...fresh, spec: rest };
    }
    default:
      return fresh;
  }
};

type Loose = Readonly<Record<string, unknown>>;

/** A Job that has run on the source doesn't run again; its selector is made by the server. */
const jobSpec = ({ selector: _selector, ...rest }: Loose): Loose => {
  const template = rest["template"] as { readonly metadata?: Loose } | undefined;
  const labels = Object.entries((template?.metadata?.["labels"] ?? {}) as Loose).filter(
    ([key]) => !/controller-uid$|job-name$/.test(key),
  );
  return {
    ...rest,
    suspend: true,
    template: { ...template, metadata: { ...template?.metadata, labels: Object.fromEntries(labels) } },
  };
};

const serviceSpec = ({ clusterIP, clusterIPs: _ips, healthCheckNodePort: _port, ...rest }: Loose): Loose => ({
  ...rest,
  ...(clusterIP === "None" ? { clusterIP } : {}),
  ports: ((rest["ports"] ?? []) as readonly Loose[]).map(({ nodePort: _node, ...port }) => port),
});
