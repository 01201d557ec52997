/** Where the target will differ from the source when all is done, field by field, and why. */

import type { Inventory } from "../inventory.ts";
import { byCodeUnit, type KubeObject, refOf, sentenceOf } from "../kube.ts";
import { nameOf, type Plan, type Workload } from "../plan.ts";
import { at } from "../pods.ts";

type Change = Plan["changes"][number];

/** Shorter than any schedule's interval, longer than a hand-over's resume takes. */
const STARTING_DEADLINE_SECONDS = 60;

const changesOfWorkload = (w: Workload, inventory: Inventory): Change[] => {
  const object = inventory.byId.get(nameOf(w))?.object;
  const name = `${w.kind} ${nameOf(w)}`;
  if (w.move === "keep-on-source")
    return [
      {
        object: name,
        field: "spec.replicas",
        from: w.replicas,
        to: 0,
        why: "It stays on the source; two of it would diverge.",
      },
    ];
  if (w.move === "hand-over-controller")
    return containersOfObject(object).flatMap((container) =>
      ["args", "env"].map((part) => ({
        object: name,
        field: `spec.template.spec.containers[${container}].${part}`,
        from: "the source's identity",
        to: "the target's own",
        why: "Two controllers of one identity take each other's things for leftovers, and delete them.",
      })),
    );
  if (w.kind === "CronJob" && at(object, "spec", "startingDeadlineSeconds") === undefined)
    return [
      {
        object: name,
        field: "spec.startingDeadlineSeconds",
        from: null,
        to: STARTING_DEADLINE_SECONDS,
        why: "Without it, resuming on the target would at once run a tick that the source has run.",
      },
    ];
  if (w.kind === "Job" && at(object, "spec", "suspend") !== true)
    return [
      {
        object: name,
        field: "spec.suspend",
        from: (at(object, "spec", "suspend") ?? null) as boolean | null,
        to: true,
        why: "It ran on the source and must not run again.",
      },
    ];
  return [];
};

const containersOfObject = (object: KubeObject | undefined): readonly string[] =>
  ((at(object, "spec", "template", "spec", "containers") ?? []) as readonly { readonly name: string }[]).map(
    (c) => c.name,
  );

/** `*` stands for every object: how each came to the target stays readable on it. */
const MARKS: readonly Change[] = [
  {
    object: "*",
    field: "metadata.labels.velero.io/backup-name",
    from: null,
    to: "the backup",
    why: "Velero marks what it restores.",
  },
  {
    object: "*",
    field: "metadata.labels.velero.io/restore-name",
    from: null,
    to: "the restore",
    why: "Velero marks what it restores.",
  },
  {
    object: "*",
    field: "metadata.labels.velero.io/exclude-from-backup",
    from: null,
    to: "true",
    why: "What Repot itself brings is in no backup.",
  },
  {
    object: "*",
    field: "metadata.annotations.repot.dev/created-by",
    from: null,
    to: "the migration",
    why: "What Velero leaves out (kube-system, kinds that it can't discover), Repot creates and marks as its own.",
  },
];

/** Claims are bound to volumes of the target's own. */
const boundAnew = (object: KubeObject): Change[] =>
  object.kind === "PersistentVolumeClaim"
    ? [
        {
          object: sentenceOf(refOf(object)),
          field: "spec.volumeName",
          from: "its volume",
          to: "a volume of the target",
          why: "The target binds claims to volumes of its own.",
        },
      ]
    : [];

/** @returns the changes sorted by object and field. */
export const changesOf = (
  workloads: readonly Workload[],
  links: readonly { readonly service: string; readonly on: "source" | "target"; readonly workload: string }[],
  inventory: Inventory,
  sourceName: string,
): readonly Change[] => {
  const linked = links
    .filter((l) => l.on === "target")
    .map((l): Change => {
      const service = inventory.serviceById.get(l.service);
      return {
        object: `Service ${l.service}`,
        field: "spec",
        from: service?.type ?? "ClusterIP",
        to: `leads to ${sourceName}`,
        why: `${l.workload} stays on the source and is reached through this Service.`,
      };
    });
  return [
    ...workloads.flatMap((w) => changesOfWorkload(w, inventory)),
    ...linked,
    ...inventory.objects.flatMap(boundAnew),
    ...MARKS,
  ].sort((a, b) => byCodeUnit(`${a.object} ${a.field}`, `${b.object} ${b.field}`));
};
