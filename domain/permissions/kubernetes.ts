/**
 * RBAC of a function, out of the same `needs`: a group of its own (the one of its access entry), what it may read everywhere, and what it may write
 * where the plan says. Manifests that an administrator applies to each cluster; Repot grants itself nothing.
 */

import { REPOT_GROUP } from "../freeze-policy.ts";
import { byCodeUnit, type KubeObject } from "../kube.ts";
import { BUILT_IN_KINDS } from "../kube-kinds.ts";
import type { Side } from "../phases.ts";
import { arn, functionName, type Place } from "./place.ts";
import type { Declared } from "./policy.ts";

/** What a plan adds: without one, `planned` can't be told, and writes reach every namespace. */
export type PlannedFor = {
  readonly resources: readonly string[];
  readonly clusterScoped: readonly string[];
  readonly namespaces: readonly string[];
};

export type Rule = {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
};

/** Right of one entry: a verb on a resource, `deployments/scale` or `restores.velero.io`. */
type Right = { readonly verb: string; readonly resource: string };

const READS = new Set(["get", "list", "watch"]);

/** The group that the function's access entry puts it into. (Groups can't start with `system:`.) */
export const groupOf = (step: string): string => `${REPOT_GROUP}:${step}`;

const split = (resource: string): { readonly groups: readonly string[]; readonly name: string } => {
  const [base = "", subresource] = resource.split("/");
  const dot = base.indexOf(".");
  const plain = dot < 0 ? base : base.slice(0, dot);
  const name = subresource === undefined ? plain : `${plain}/${subresource}`;
  if (dot >= 0) return { groups: [base.slice(dot + 1)], name };
  const groups = BUILT_IN_KINDS.filter((kind) => kind.resource === base).map((kind) => kind.group);
  return { groups: [...new Set(groups)], name };
};

const isClusterScoped = (resource: string, planned: PlannedFor | undefined): boolean => {
  const [base = ""] = resource.split("/");
  const builtIn = BUILT_IN_KINDS.find((kind) => kind.resource === base);
  return builtIn ? !builtIn.namespaced : (planned?.clusterScoped.includes(base) ?? false);
};

/** The rights of a side, `planned` spelled out where a plan tells it; without one it stands as a note, and is granted nothing. */
const rightsOf = (declared: Declared, side: Side, planned: PlannedFor | undefined): readonly Right[] =>
  (declared.needs.kubernetes?.[side] ?? []).flatMap((entry) => {
    const [verb = "", resource = ""] = entry.split(" ");
    if (resource !== "planned") return [{ verb, resource }];
    return (planned?.resources ?? []).map((each) => ({ verb, resource: each }));
  });

/** One rule for the resources of a group that have the same verbs; sorted. @throws Error for a resource of no known group. */
const rulesOf = (rights: readonly Right[]): readonly Rule[] => {
  const verbs = new Map<string, Set<string>>();
  for (const { verb, resource } of rights) {
    const { groups, name } = split(resource);
    if (groups.length === 0)
      throw new Error(`${resource} is in no API group that is known: name it with its group.`);
    for (const group of groups) {
      const key = `${group}|${name}`;
      verbs.set(key, (verbs.get(key) ?? new Set()).add(verb));
    }
  }
  const rules = new Map<string, { group: string; verbs: readonly string[]; resources: string[] }>();
  for (const key of [...verbs.keys()].sort(byCodeUnit)) {
    const [group = "", name = ""] = key.split("|");
    const own = [...(verbs.get(key) ?? [])].sort(byCodeUnit);
    const rule = rules.get(`${group}|${own.join(",")}`) ?? { group, verbs: own, resources: [] };
    rule.resources.push(name);
    rules.set(`${group}|${own.join(",")}`, rule);
  }
  return [...rules.values()].map((r) => ({ apiGroups: [r.group], resources: r.resources, verbs: r.verbs }));
};

export type Rbac = {
  /** In the whole cluster: reads, and what lies in no namespace. */
  readonly everywhere: readonly Rule[];
  /** Writes in namespaces: those of the plan, or all where there is no plan. */
  readonly inNamespaces: readonly Rule[];
};

export const rbacOf = (declared: Declared, side: Side, planned?: PlannedFor): Rbac => {
  const rights = rightsOf(declared, side, planned);
  const wide = ({ verb, resource }: Right) => READS.has(verb) || isClusterScoped(resource, planned);
  return { everywhere: rulesOf(rights.filter(wide)), inNamespaces: rulesOf(rights.filter((r) => !wide(r))) };
};

const RBAC_API = "rbac.authorization.k8s.io";
const role = (name: string, rules: readonly Rule[]): KubeObject =>
  ({ apiVersion: `${RBAC_API}/v1`, kind: "ClusterRole", metadata: { name }, rules }) as unknown as KubeObject;

const binding = (name: string, group: string, namespace?: string): KubeObject =>
  ({
    apiVersion: `${RBAC_API}/v1`,
    kind: namespace === undefined ? "ClusterRoleBinding" : "RoleBinding",
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    roleRef: { apiGroup: RBAC_API, kind: "ClusterRole", name },
    subjects: [{ apiGroup: RBAC_API, kind: "Group", name: group }],
  }) as unknown as KubeObject;

/** The manifests of one function for one side; none where it needs nothing there. */
export const manifestsOf = (declared: Declared, side: Side, planned?: PlannedFor): readonly KubeObject[] => {
  const { everywhere, inNamespaces } = rbacOf(declared, side, planned);
  const group = groupOf(declared.name);
  const writes = `${group}:writes`;
  return [
    ...(everywhere.length === 0 ? [] : [role(group, everywhere), binding(group, group)]),
    ...(inNamespaces.length === 0
      ? []
      : [
          role(writes, inNamespaces),
          ...(planned
            ? planned.namespaces.map((namespace) => binding(writes, group, namespace))
            : [binding(writes, group)]),
        ]),
  ];
};

export type AccessEntry = {
  readonly clusterName: string;
  readonly principalArn: string;
  readonly username: string;
  readonly kubernetesGroups: readonly string[];
};

/** Who the function is to an EKS cluster (and to any that runs aws-iam-authenticator): its role, in its own group and in Repot's. */
export const accessEntryOf = (place: Place, clusterName: string, { name }: Declared): AccessEntry => ({
  clusterName,
  principalArn: arn({ ...place, region: "" }, "iam", `role/${functionName(place, name)}`),
  username: groupOf(name),
  kubernetesGroups: [REPOT_GROUP, groupOf(name)],
});
