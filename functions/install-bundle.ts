/** Repot's own objects come onto both clusters: its namespace, Velero, the load generator, the pipelines' switch. */

import { bundleOf } from "../domain/bundle.ts";
import type { KubeObject } from "../domain/kube.ts";
import type { Side } from "../domain/phases.ts";
import { BatchInput, createdTogether, makeNamed, type Named } from "./batch.ts";
import { withJournal } from "./effect.ts";
import { type Context, step } from "./step.ts";

const KINDS = [
  "namespaces",
  "customresourcedefinitions",
  "serviceaccounts",
  "clusterrolebindings",
  "backupstoragelocations.velero.io",
  "volumesnapshotlocations.velero.io",
  "configmaps",
  "deployments",
];
const RIGHTS = KINDS.flatMap((kind) => [`get ${kind}`, `create ${kind}`]);

const SIDES: readonly Side[] = ["source", "target"];

export const installBundle = step({
  name: "install-bundle",
  does: "Creates each object of the bundle on both clusters; what is there already stays, and stays after a rollback.",
  input: BatchInput,
  needs: withJournal({
    kubernetes: { source: RIGHTS, target: RIGHTS.filter((r) => !r.endsWith("configmaps")) },
  }),
  run: (input, context) =>
    makeNamed(
      context,
      input,
      { step: "install-bundle", operation: "install-bundle" },
      inStages(input.run.migration, regionOf(context)),
    ),
});

/**
 * Kinds first, on both sides, and objects of those kinds last: a server takes a moment until it serves a new kind, and everything else fills it.
 */
const inStages = (migration: string, region: string): readonly Named[] => {
  const bundles = SIDES.map((side) => [side, bundleOf(side, migration, region)] as const);
  return [isKind, isPlain, isOfItsKinds].flatMap((belongs, stage) =>
    bundles.flatMap(([side, objects]) => createdTogether(side, `${stage}.${side}`, objects.filter(belongs))),
  );
};

const isKind = ({ kind }: KubeObject): boolean => kind === "CustomResourceDefinition";
const isOfItsKinds = ({ apiVersion }: KubeObject): boolean => apiVersion.startsWith("velero.io/");
const isPlain = (object: KubeObject): boolean => !isKind(object) && !isOfItsKinds(object);

/** The region that this is deployed in, by the ARN of any machine: the clusters' own. */
const regionOf = ({ deployed }: Context): string => deployed.machineArn("roll-back").split(":")[3] ?? "";
