/** What `planned` in a step's needs stands for: the Kubernetes resources that a plan speaks of, and the namespaces that Repot writes to. */

import { bundleOf } from "../bundle.ts";
import { byCodeUnit } from "../kube.ts";
import { builtInKind, pluralOf } from "../kube-kinds.ts";
import { SIDES } from "../phases.ts";
import type { Plan } from "../plan.ts";

type Kinded = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
};

/** `deployments`, or `scaledobjects.keda.sh` for what isn't built in. */
const resourceOf = ({ apiVersion, kind }: Kinded): string => {
  const builtIn = builtInKind(apiVersion, kind);
  if (builtIn) return builtIn.resource;
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
  return group === "" ? pluralOf(kind) : `${pluralOf(kind)}.${group}`;
};

const objectsOf = (plan: Plan): readonly Kinded[] => [
  ...(plan.objects as unknown as readonly Kinded[]),
  ...SIDES.flatMap((side) => bundleOf(side, plan.migration) as readonly Kinded[]),
];

/** Kinds of the plan's objects, of what Repot installs, and of what Velero is asked with; sorted. */
export const plannedResources = (plan: Plan): readonly string[] =>
  [...new Set([...objectsOf(plan), ...ALSO].map(resourceOf))].sort(byCodeUnit);

/** Resources of the plan whose objects lie in no namespace; of custom kinds only the objects tell. */
export const clusterScoped = (plan: Plan): readonly string[] =>
  [
    ...new Set(
      objectsOf(plan)
        .filter((o) => o.metadata?.namespace === undefined)
        .map(resourceOf),
    ),
  ].sort(byCodeUnit);

/** On a target that has none of the plan's namespaces yet, the freeze is proved here, by writes that the server checks and doesn't make. */
const ALWAYS_THERE = "default";

/** Where Repot writes: the namespaces of the plan's objects and its own; sorted. */
export const plannedNamespaces = (plan: Plan): readonly string[] =>
  [
    ...new Set([
      ALWAYS_THERE,
      ...objectsOf(plan).flatMap((o) => {
        const name = o.kind === "Namespace" ? o.metadata?.name : o.metadata?.namespace;
        return name === undefined ? [] : [name];
      }),
    ]),
  ].sort(byCodeUnit);

const ALSO: readonly Kinded[] = [
  { apiVersion: "velero.io/v1", kind: "Backup" },
  { apiVersion: "velero.io/v1", kind: "Restore" },
  { apiVersion: "v1", kind: "ConfigMap" },
  // Copied volumes: the claims of a StatefulSet stand in no manifest.
  { apiVersion: "v1", kind: "PersistentVolume" },
  { apiVersion: "v1", kind: "PersistentVolumeClaim" },
  { apiVersion: "v1", kind: "Service" },
  { apiVersion: "batch/v1", kind: "Job" },
  // The probes: a platform may have no schedule of its own.
  { apiVersion: "batch/v1", kind: "CronJob" },
  { apiVersion: "apps/v1", kind: "Deployment" },
  { apiVersion: "admissionregistration.k8s.io/v1", kind: "ValidatingAdmissionPolicy" },
  { apiVersion: "admissionregistration.k8s.io/v1", kind: "ValidatingAdmissionPolicyBinding" },
  { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition" },
];
