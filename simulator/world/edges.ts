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
  /** From now on the target's pods don't reach what stays on the source, or can again. @returns how many workloads that concerns. */
  readonly cutOff: (off: boolean) => number;
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
  const crossing = crossingIn(plan);
  let severed = false;
  return {
    cutOff: (off) => {
      severed = off;
      changed();
      return crossing.length;
    },
    trouble: (side, trouble) => {
      if (trouble) now.set(side, trouble);
      else now.delete(side);
      changed();
    },
    isClosed: (side) => now.get(side)?.closed === true,
    troubles: () => [
      ...withoutRole,
      ...(severed ? crossing : []),
      ...[...now].flatMap(([side, refusal]) => entries.map((workload) => ({ side, workload, refusal }))),
    ],
  };
};

/** Workloads of the target that call what stays on the source. */
const crossingIn = (plan: Plan) => {
  const kept = new Set(plan.workloads.filter((w) => w.move === "keep-on-source").flatMap((w) => w.services));
  return plan.workloads.flatMap((w) => {
    const called = w.move === "keep-on-source" ? undefined : w.calls.find((c) => kept.has(c.service));
    const reason = `${nameOf(w)} in ${plan.settings.target.name} can't reach ${called?.service}, which stays on the source: the clusters are cut off from each other`;
    return called ? [{ side: "target" as const, workload: nameOf(w), refusal: { share: 1, reason } }] : [];
  });
};

const withOldRole = (plan: Plan): readonly string[] => {
  const names = new Set(plan.workloads.map(nameOf));
  return plan.objects.flatMap((object) => {
    const name = `${String(at(object, "metadata", "namespace"))}/${String(at(object, "metadata", "name"))}`;
    const annotations = at(object, "spec", "template", "metadata", "annotations") ?? {};
    return names.has(name) && OLD_ROLE in (annotations as object) ? [name] : [];
  });
};
