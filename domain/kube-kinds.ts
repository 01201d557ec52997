/** The kinds that every Kubernetes cluster knows, with their paths in the API. Kinds of custom resources are found by discovery. */

/** What the API's paths need of a kind. */
export type KubeKind = {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Plural, lower case: the last part of the path. */
  readonly resource: string;
  readonly namespaced: boolean;
};

/** `apiVersion: kind plural`, a `*` before the kind says cluster-scoped. Source: the Kubernetes API reference, 1.30 to 1.36. */
const TABLE: Readonly<Record<string, string>> = {
  v1: `*Namespace namespaces, *Node nodes, *PersistentVolume persistentvolumes, Pod pods, Service services,
    ConfigMap configmaps, Secret secrets, ServiceAccount serviceaccounts, Endpoints endpoints, Event events,
    PersistentVolumeClaim persistentvolumeclaims, ResourceQuota resourcequotas, LimitRange limitranges,
    ReplicationController replicationcontrollers, PodTemplate podtemplates`,
  "apps/v1": `Deployment deployments, ReplicaSet replicasets, StatefulSet statefulsets, DaemonSet daemonsets,
    ControllerRevision controllerrevisions`,
  "batch/v1": "Job jobs, CronJob cronjobs",
  "autoscaling/v2": "HorizontalPodAutoscaler horizontalpodautoscalers",
  "autoscaling/v1": "HorizontalPodAutoscaler horizontalpodautoscalers",
  "policy/v1": "PodDisruptionBudget poddisruptionbudgets",
  "networking.k8s.io/v1": "Ingress ingresses, NetworkPolicy networkpolicies, *IngressClass ingressclasses",
  "discovery.k8s.io/v1": "EndpointSlice endpointslices",
  "coordination.k8s.io/v1": "Lease leases",
  "events.k8s.io/v1": "Event events",
  "rbac.authorization.k8s.io/v1": `Role roles, RoleBinding rolebindings, *ClusterRole clusterroles,
    *ClusterRoleBinding clusterrolebindings`,
  "storage.k8s.io/v1": `*StorageClass storageclasses, *CSIDriver csidrivers, *CSINode csinodes,
    *VolumeAttachment volumeattachments, CSIStorageCapacity csistoragecapacities`,
  "scheduling.k8s.io/v1": "*PriorityClass priorityclasses",
  "node.k8s.io/v1": "*RuntimeClass runtimeclasses",
  "certificates.k8s.io/v1": "*CertificateSigningRequest certificatesigningrequests",
  "apiregistration.k8s.io/v1": "*APIService apiservices",
  "apiextensions.k8s.io/v1": "*CustomResourceDefinition customresourcedefinitions",
  "flowcontrol.apiserver.k8s.io/v1":
    "*FlowSchema flowschemas, *PriorityLevelConfiguration prioritylevelconfigurations",
  "admissionregistration.k8s.io/v1": `*ValidatingWebhookConfiguration validatingwebhookconfigurations,
    *MutatingWebhookConfiguration mutatingwebhookconfigurations, *ValidatingAdmissionPolicy validatingadmissionpolicies,
    *ValidatingAdmissionPolicyBinding validatingadmissionpolicybindings`,
};

/** `apps/v1` is group `apps`, version `v1`; `v1` is the core group. */
export const groupVersionOf = (apiVersion: string): { readonly group: string; readonly version: string } => {
  const slash = apiVersion.indexOf("/");
  return slash < 0
    ? { group: "", version: apiVersion }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
};

export const apiVersionOf = ({ group, version }: Pick<KubeKind, "group" | "version">): string =>
  group === "" ? version : `${group}/${version}`;

const parse = (apiVersion: string, entry: string): KubeKind => {
  const [kind = "", resource = ""] = entry.trim().split(/\s+/);
  return {
    ...groupVersionOf(apiVersion),
    kind: kind.replace("*", ""),
    resource,
    namespaced: !kind.startsWith("*"),
  };
};

/** The kinds of the table, in its order. */
export const BUILT_IN_KINDS: readonly KubeKind[] = Object.entries(TABLE).flatMap(([apiVersion, entries]) =>
  entries.split(",").map((entry) => parse(apiVersion, entry)),
);

const byName = new Map(BUILT_IN_KINDS.map((kind) => [`${apiVersionOf(kind)}|${kind.kind}`, kind]));

/** The built-in kind, or undefined where only discovery can tell. */
export const builtInKind = (apiVersion: string, kind: string): KubeKind | undefined =>
  byName.get(`${apiVersion}|${kind}`);

/** The path of a kind's collection, below the server's base URL. Cluster-scoped kinds, and all namespaces, take no namespace. */
export const collectionPath = (kind: KubeKind, namespace?: string): string => {
  const root = kind.group === "" ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const scope =
    kind.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${root}${scope}/${kind.resource}`;
};

/** A plural as most authors of CRDs form it. */
export const pluralOf = (kind: string): string => {
  const lower = kind.toLowerCase();
  if (/(s|x|z|ch|sh)$/.test(lower)) return `${lower}es`;
  if (/[^aeiou]y$/.test(lower)) return `${lower.slice(0, -1)}ies`;
  return `${lower}s`;
};
