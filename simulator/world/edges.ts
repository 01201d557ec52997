/**
 * What befalls a whole side of the platform beyond its pods: its entry is closed, its answers are errors or come late; and what a cluster
 * doesn't give to a workload that it had elsewhere.
 */

import type { Side } from "../../domain/phases.ts";
import { nameOf, type Plan } from "../../domain/plan.ts";
import { at } from "../../domain/pods.ts";
import type { Refusal } from "./datastores.ts";

export type Trouble = Refusal & {
  /** Nobody gets in any more, probes neither. */
  readonly closed?: boolean;
};

export type Edges = {
  /** From now on a side has this trouble; undefined ends it. */
  readonly trouble: (side: Side, trouble: Trouble | undefined) => void;
  readonly isClosed: (side: Side) => boolean;
  readonly troubles: () => readonly {
    readonly side: Side;
    readonly workload: string;
    readonly refusal: Refusal;
  }[];
};

/** What kube2iam and kiam read; nothing on EKS does, and the pods run on the node's role, which may do nothing. */
const OLD_ROLE = "iam.amazonaws.com/role";

export const makeEdges = (plan: Plan, changed: () => void): Edges => {
  const now = new Map<Side, Trouble>();
  const entries = [
    ...new Set(
      plan.hosts.flatMap((h) =>
        plan.workloads.filter((w) => w.services.includes(`${h.namespace}/${h.service}`)).map(nameOf),
      ),
    ),
  ];
  const withoutRole = withOldRole(plan).map((workload) => ({
    side: "target" as const,
    workload,
    refusal: {
      share: 1,
      reason: `${workload} has no AWS role in ${plan.settings.target.name}: nothing there reads ${OLD_ROLE}`,
    },
  }));
  return {
    trouble: (side, trouble) => {
      if (trouble) now.set(side, trouble);
      else now.delete(side);
      changed();
    },
    isClosed: (side) => now.get(side)?.closed === true,
    troubles: () => [
      ...withoutRole,
      ...[...now].flatMap(([side, refusal]) => entries.map((workload) => ({ side, workload, refusal }))),
    ],
  };
};

const withOldRole = (plan: Plan): readonly string[] => {
  const names = new Set(plan.workloads.map(nameOf));
  return plan.objects.flatMap((object) => {
    const name = `${String(at(object, "metadata", "namespace"))}/${String(at(object, "metadata", "name"))}`;
    const annotations = at(object, "spec", "template", "metadata", "annotations") ?? {};
    return names.has(name) && OLD_ROLE in (annotations as object) ? [name] : [];
  });
};
