/** Repot's own objects come onto both clusters: its namespace, Velero, the load generator, the pipelines' switch. */

import { bundleOf } from "../domain/bundle.ts";
import type { Side } from "../domain/phases.ts";
import { BatchInput, makeNamed, place } from "./batch.ts";
import { withJournal } from "./effect.ts";
import { createObject } from "./objects.ts";
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
      SIDES.flatMap((side) =>
        bundleOf(side, input.run.migration, regionOf(context)).map((object, index) => ({
          move: `${side}.${place(index)}`,
          effect: createObject(side, object),
        })),
      ),
    ),
});

/** The region that this is deployed in, by the ARN of any machine: the clusters' own. */
const regionOf = ({ deployed }: Context): string => deployed.machineArn("roll-back").split(":")[3] ?? "";
