/** Which Kubernetes resources a plan speaks of, in the words of RBAC: what `planned` in a step's needs stands for. */

import { bundleOf } from "../../domain/bundle.ts";
import { builtInKind } from "../../domain/kube-kinds.ts";
import { SIDES } from "../../domain/phases.ts";
import type { Plan } from "../../domain/plan.ts";
import { pluralOf } from "../world/cluster/kinds.ts";

type Kinded = { readonly apiVersion: string; readonly kind: string };

/** `deployments`, or `scaledobjects.keda.sh` for what isn't built in. */
const resourceOf = ({ apiVersion, kind }: Kinded): string => {
  const builtIn = builtInKind(apiVersion, kind);
  if (builtIn) return builtIn.resource;
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
  return group === "" ? pluralOf(kind) : `${pluralOf(kind)}.${group}`;
};

/** Kinds of the plan's objects, of what Repot installs, and of what Velero is asked with. */
export const plannedResources = (plan: Plan): ((resource: string) => boolean) => {
  const kinds = [
    ...(plan.objects as unknown as readonly Kinded[]),
    ...SIDES.flatMap((side) => bundleOf(side, plan.migration) as readonly Kinded[]),
    ...ALSO,
  ];
  const planned = new Set(kinds.map(resourceOf));
  return (resource) => planned.has(resource) || planned.has(resource.split("/")[0] ?? "");
};

const ALSO: readonly Kinded[] = [
  { apiVersion: "velero.io/v1", kind: "Backup" },
  { apiVersion: "velero.io/v1", kind: "Restore" },
  { apiVersion: "v1", kind: "ConfigMap" },
  { apiVersion: "v1", kind: "Node" },
  { apiVersion: "v1", kind: "Service" },
  { apiVersion: "batch/v1", kind: "Job" },
  { apiVersion: "apps/v1", kind: "Deployment" },
  { apiVersion: "admissionregistration.k8s.io/v1", kind: "ValidatingAdmissionPolicy" },
  { apiVersion: "admissionregistration.k8s.io/v1", kind: "ValidatingAdmissionPolicyBinding" },
  { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition" },
];
