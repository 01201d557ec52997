/** Completed isn't complete: what Velero left out or skipped is created from the source's own objects, at zero, definitions first. */

import { asNew } from "../adapters/effects/objects.ts";
import { ours } from "../domain/bundle.ts";
import { canonicalLine } from "../domain/canonical.ts";
import type { KubeObject } from "../domain/kube.ts";
import { maskObjects } from "../domain/masking.ts";
import type { Plan } from "../domain/plan.ts";
import { plannedSpec, STAGES, stageOf } from "../domain/restore.ts";
import { BatchInput, makeNamed, type Named, slug } from "./batch.ts";
import { withJournal } from "./effect.ts";
import { bothSides, keyIn, wantedOf } from "./equality.ts";
import { createObject } from "./objects.ts";
import { planOf } from "./run.ts";
import { step } from "./step.ts";

export const completeRestore = step({
  name: "complete-restore",
  does: "Creates on the target each object of the plan that the source has and the target lacks; never one that holds a secret, since effects are on record.",
  input: BatchInput,
  needs: withJournal({ kubernetes: { source: ["list planned"], target: ["list planned", "get planned", "create planned"] } }),
  run: async (input, context) => {
    const { changes } = await planOf(context, input.run);
    const wanted = (await wantedOf(context, input.run)).map((w) => w.object);
    const { source, target } = await bothSides(context, wanted);
    const missing = wanted.flatMap((object) => {
      const live = source.byKey.get(keyIn(object));
      return live && !target.byKey.has(keyIn(object)) && mayBeRecorded(live) && !isWithoutKind(live, wanted, target.unknownKinds) ? [live] : [];
    });
    const effects: readonly Named[] = [...missing].sort(byStage).map((live) => ({
      move: `${STAGES.indexOf(stageOf(live))}.${slug(live.kind, live.metadata.namespace, live.metadata.name)}`,
      effect: createObject("target", atZero(input.run.migration, live, changes)),
    }));
    // What was created is no longer missing: each batch starts at the beginning of what is left.
    return makeNamed(context, { ...input, from: 0 }, { step: "complete-restore", operation: "complete-restore" }, effects);
  },
});

/** Effects are written down with all their values; what holds a secret is Velero's to bring, and the comparison names it where it doesn't. */
const mayBeRecorded = (object: KubeObject): boolean => {
  if (object.kind === "Secret") return false;
  const [masked] = maskObjects([object]);
  return canonicalLine(masked) === canonicalLine(object);
};

/** A kind that the target doesn't serve waits for its definition: created in this batch, found by the next. */
const isWithoutKind = (object: KubeObject, wanted: readonly KubeObject[], unknownKinds: ReadonlySet<string>): boolean =>
  unknownKinds.has(`${object.apiVersion}|${object.kind}`) && !wanted.some((o) => defines(o, object));

const defines = (definition: KubeObject, object: KubeObject): boolean => {
  if (definition.kind !== "CustomResourceDefinition") return false;
  const spec = definition["spec"] as { readonly group?: string; readonly names?: { readonly kind?: string } };
  return spec.names?.kind === object.kind && object.apiVersion.startsWith(`${spec.group}/`);
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
  const labels = Object.entries((template?.metadata?.["labels"] ?? {}) as Loose).filter(([key]) => !/controller-uid$|job-name$/.test(key));
  return { ...rest, suspend: true, template: { ...template, metadata: { ...template?.metadata, labels: Object.fromEntries(labels) } } };
};

const serviceSpec = ({ clusterIP, clusterIPs: _ips, healthCheckNodePort: _port, ...rest }: Loose): Loose => ({
  ...rest,
  ...(clusterIP === "None" ? { clusterIP } : {}),
  ports: ((rest["ports"] ?? []) as readonly Loose[]).map(({ nodePort: _node, ...port }) => port),
});
