/**
 * The freeze as a ValidatingAdmissionPolicy (GA from Kubernetes 1.30) and its binding: workloads are changed by Repot, by the cluster's own
 * controllers, by named autoscalers and by break-glass; everybody else is refused, with a sentence that says why and what to do.
 */

import { OWN_NAMESPACES, ours, VELERO } from "./bundle.ts";
import { byCodeUnit, type KubeObject } from "./kube.ts";
import { at, isLoose } from "./pods.ts";

export const FREEZE_POLICY = "repot-freeze";
/** Members of this group may change anything meanwhile; what they change is carried to the other side. */
export const BREAK_GLASS_GROUP = "repot:break-glass";
/** The group of Repot's own identities. (Groups of EKS access entries can't start with `system:`.) */
export const REPOT_GROUP = "repot";
/** An object of this name is refused to everybody, Repot included: what proves the freeze without acting as somebody else. */
export const FREEZE_PROBE = "repot-freeze-probe";
/** From here on the API has the policies. */
export const FREEZE_MINOR_MIN = 30;

const serviceAccounts = (namespace: string, names: string): readonly string[] =>
  names
    .trim()
    .split(/\s+/)
    .map((name) => `system:serviceaccount:${namespace}:${name}`);

/**
 * By name, each of them: `system:*` would let every service account through. These are the loops of kube-controller-manager that write
 * workloads or pods, the scheduler (preemption), and Velero.
 */
const CONTROLLERS: readonly string[] = [
  "system:kube-controller-manager",
  "system:kube-scheduler",
  ...serviceAccounts(
    "kube-system",
    `cronjob-controller daemon-set-controller deployment-controller generic-garbage-collector horizontal-pod-autoscaler job-controller
     namespace-controller node-controller pod-garbage-collector replicaset-controller replication-controller statefulset-controller
     taint-eviction-controller ttl-after-finished-controller`,
  ),
  ...serviceAccounts(VELERO.namespace, VELERO.name),
];

/** Kubelets finish and mirror the pods of their own node. */
const GROUPS = [REPOT_GROUP, BREAK_GLASS_GROUP, "system:nodes"];

const rule = (group: string, resources: string, operations = ["CREATE", "UPDATE", "DELETE"]) => ({
  apiGroups: [group],
  apiVersions: ["*"],
  operations,
  resources: resources.split(" "),
  scope: "Namespaced",
});

/** Resources by name: `*` with a namespace selector would freeze cluster-scoped writes as well. Evictions have to be named. */
const RULES = [
  rule(
    "apps",
    "deployments statefulsets daemonsets replicasets deployments/scale statefulsets/scale replicasets/scale",
  ),
  rule("batch", "cronjobs jobs"),
  rule("", "pods replicationcontrollers replicationcontrollers/scale"),
  rule("", "pods/eviction", ["CREATE"]),
  rule("autoscaling", "horizontalpodautoscalers"),
  rule("keda.sh", "scaledobjects scaledjobs"),
];

const list = (texts: readonly string[]): string =>
  `[${texts.map((t) => `'${t.replace(/[\\']/g, "\\$&")}'`).join(", ")}]`;

/**
 * `request.name` and the groups are absent where they are empty (a ReplicaSet's pods have generated names): reading them unasked is an error,
 * and with failurePolicy Fail an error refuses everybody.
 */
export const freezeExpression = (controllers: readonly string[]): string => {
  const isProbe = `(has(request.name) && request.name == '${FREEZE_PROBE}')`;
  const byGroup = `(has(request.userInfo.groups) && request.userInfo.groups.exists(g, g in ${list(GROUPS)}))`;
  const byName = `(has(request.userInfo.username) && request.userInfo.username in ${list([...CONTROLLERS, ...controllers])})`;
  return `!${isProbe} && (${byGroup} || ${byName})`;
};

export const FREEZE_SENTENCE = (target: string): string =>
  `Repot is moving this platform to ${target} right now, so workloads are frozen. Your change is not lost: pipelines run again by themselves as soon as the move is over. If it can't wait, ask your platform team for break-glass.`;

/** What the source says once the move is over. */
export const MOVED_SENTENCE = (target: string): string =>
  `This platform has moved to ${target}; nothing is changed here any more. Deploy there: pipelines already do, and kubectl works with the new context.`;

export type Validation = { readonly expression: string; readonly message: string };

/** The policy's one validation; replaced as a whole when the sentence changes. */
export const freezeValidations = (
  sentence: string,
  controllers: readonly string[],
): readonly Validation[] => [{ expression: freezeExpression(controllers), message: sentence }];

/**
 * The policy and its binding, in the order of their creation.
 * @param controllers Users beside the cluster's own loops that may go on: see `scalersOf`.
 */
export const freezeObjects = (
  migration: string,
  target: string,
  controllers: readonly string[],
): readonly KubeObject[] => [
  ours(migration, {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicy",
    metadata: { name: FREEZE_POLICY },
    spec: {
      failurePolicy: "Fail",
      matchConstraints: {
        matchPolicy: "Equivalent",
        // By the label that the API server itself sets and keeps: others can be taken off by an administrator.
        namespaceSelector: {
          matchExpressions: [
            {
              key: "kubernetes.io/metadata.name",
              operator: "NotIn",
              values: ["kube-system", ...OWN_NAMESPACES],
            },
          ],
        },
        resourceRules: RULES,
      },
      validations: freezeValidations(FREEZE_SENTENCE(target), controllers),
    },
  }),
  ours(migration, {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicyBinding",
    metadata: { name: FREEZE_POLICY },
    spec: { policyName: FREEZE_POLICY, validationActions: ["Deny"] },
  }),
];

type Rule = {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly verbs?: readonly string[];
};

const WRITES = new Set(["*", "create", "update", "patch", "delete"]);
const SCALES = ["deployments/scale", "statefulsets/scale", "*/scale"];
const WORKLOADS = ["deployments", "statefulsets", "daemonsets", "*"];

const writes = (rules: readonly Rule[], resources: readonly string[]): boolean =>
  rules.some(
    (r) =>
      (r.verbs ?? []).some((verb) => WRITES.has(verb)) &&
      (r.apiGroups ?? []).some((g) => g === "apps" || g === "*") &&
      (r.resources ?? []).some((resource) => resources.includes(resource)),
  );

/**
 * Autoscalers of the platform by what they may do, not by their names: service accounts that are granted the scale of workloads and not the
 * workloads themselves. (Whoever may write workloads deploys, and is what the freeze is for.) Users as admission sees them, sorted.
 * @param except Users that are pipelines, whatever they are granted.
 */
export const scalersOf = (
  objects: readonly KubeObject[],
  except: readonly string[] = [],
): readonly string[] => {
  const roles = new Map<string, readonly Rule[]>();
  for (const o of objects)
    if (o.kind === "ClusterRole" || o.kind === "Role")
      roles.set(
        `${o.kind}|${o.kind === "Role" ? (o.metadata.namespace ?? "") : ""}|${o.metadata.name}`,
        (o["rules"] ?? []) as readonly Rule[],
      );
  const granted = new Map<string, Rule[]>();
  for (const binding of objects.filter((o) => o.kind === "ClusterRoleBinding" || o.kind === "RoleBinding")) {
    const kind = String(at(binding, "roleRef", "kind") ?? "");
    const inside = kind === "Role" ? (binding.metadata.namespace ?? "") : "";
    const rules = roles.get(`${kind}|${inside}|${String(at(binding, "roleRef", "name") ?? "")}`) ?? [];
    const subjects = at(binding, "subjects");
    for (const subject of Array.isArray(subjects) ? subjects : []) {
      if (!isLoose(subject) || subject["kind"] !== "ServiceAccount") continue;
      const user = `system:serviceaccount:${String(subject["namespace"] ?? binding.metadata.namespace ?? "")}:${String(subject["name"])}`;
      granted.set(user, [...(granted.get(user) ?? []), ...rules]);
    }
  }
  return [...granted]
    .filter(([user, rules]) => !except.includes(user) && writes(rules, SCALES) && !writes(rules, WORKLOADS))
    .map(([user]) => user)
    .sort(byCodeUnit);
};
