/**
 * What Repot installs on both clusters before it moves anything: its namespace, Velero with a bucket of its own, the load generator, and
 * the switch that pipelines read. As data, in the order in which it has to be created.
 */

import type { KubeObject } from "./kube.ts";
import { CREATED_BY } from "./kube.ts";
import type { Side } from "./phases.ts";
import { LOAD_GENERATOR } from "./queries.ts";

/** Where everything of Repot's lives in both clusters. */
export const SYSTEM_NAMESPACE = "repot-system";
/** Keeps Repot's own objects out of the backups, so that they are never restored over themselves. */
export const NOT_BACKED_UP = "velero.io/exclude-from-backup";

/** The central switch: simulated and real pipelines read it before they deploy. */
export const PIPELINES = { name: "repot-pipelines", namespace: SYSTEM_NAMESPACE } as const;
export const VELERO = { name: "velero", namespace: SYSTEM_NAMESPACE, storage: "default" } as const;
/** Where the target's Velero writes what goes back to the source; the source only reads there. */
export const VELERO_BACK = "back";

const VELERO_IMAGE = "velero/velero:v1.17.2";
const VELERO_PLUGIN_IMAGE = "velero/velero-plugin-for-aws:v1.13.2";
const LOAD_GENERATOR_IMAGE = "ghcr.io/repot-dev/load-generator:0.1.0";

/** Velero's bucket: never the one that holds the journal. */
export const veleroBucketOf = (migration: string): string => `repot-velero-${migration}`;

/** Everything that Repot creates carries whose it is, and stays out of backups. */
export const ours = (migration: string, object: KubeObject): KubeObject => ({
  ...object,
  metadata: {
    ...object.metadata,
    labels: { ...object.metadata.labels, [NOT_BACKED_UP]: "true" },
    annotations: { ...object.metadata.annotations, [CREATED_BY]: migration },
  },
});

const namespace = (name: string): KubeObject => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } });

type Defined = readonly [kind: string, plural: string, version: string];
/** The kinds that the Velero server wants to find when it starts (v1.17). */
const VELERO_KINDS: readonly Defined[] = [
  ["Backup", "backups", "v1"],
  ["BackupRepository", "backuprepositories", "v1"],
  ["BackupStorageLocation", "backupstoragelocations", "v1"],
  ["DeleteBackupRequest", "deletebackuprequests", "v1"],
  ["DownloadRequest", "downloadrequests", "v1"],
  ["PodVolumeBackup", "podvolumebackups", "v1"],
  ["PodVolumeRestore", "podvolumerestores", "v1"],
  ["Restore", "restores", "v1"],
  ["Schedule", "schedules", "v1"],
  ["ServerStatusRequest", "serverstatusrequests", "v1"],
  ["VolumeSnapshotLocation", "volumesnapshotlocations", "v1"],
  ["DataDownload", "datadownloads", "v2alpha1"],
  ["DataUpload", "datauploads", "v2alpha1"],
];

/** The server checks its objects itself; the schema only lets them through. */
const definition = ([kind, plural, version]: Defined): KubeObject => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `${plural}.velero.io`, labels: { component: "velero" } },
  spec: {
    group: "velero.io",
    scope: "Namespaced",
    names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
    versions: [
      {
        name: version,
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
      },
    ],
  },
});

/** One location for each cluster's backups, under a prefix of its own: Velero refuses a bucket with strange folders at its root. */
const storageLocation = (side: Side, migration: string, writer: Side): KubeObject => ({
  apiVersion: "velero.io/v1",
  kind: "BackupStorageLocation",
  metadata: { name: writer === "source" ? VELERO.storage : VELERO_BACK, namespace: VELERO.namespace },
  spec: {
    provider: "aws",
    ...(writer === "source" ? { default: true } : {}),
    // The other one only reads: whatever happens there, these backups stay.
    accessMode: side === writer ? "ReadWrite" : "ReadOnly",
    objectStorage: { bucket: veleroBucketOf(migration), prefix: writer },
  },
});

/** How snapshots of volumes are taken and found again: by name, on both sides. Both clusters lie in one account and region, and the plugin wants it named. */
const snapshotLocation = (region: string | undefined): KubeObject => ({
  apiVersion: "velero.io/v1",
  kind: "VolumeSnapshotLocation",
  metadata: { name: VELERO.storage, namespace: VELERO.namespace },
  spec: { provider: "aws", ...(region === undefined ? {} : { config: { region } }) },
});

const serviceAccount = (name: string, inside: string): KubeObject => ({
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { name, namespace: inside },
});

/** Velero reads and writes every kind there is: the one account of Repot's that may, and only while the bundle is there. */
const veleroMayEverything = (): KubeObject => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRoleBinding",
  metadata: { name: "repot-velero" },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
  subjects: [{ kind: "ServiceAccount", name: VELERO.name, namespace: VELERO.namespace }],
});

type Container = Readonly<Record<string, unknown>>;
type Deployed = {
  readonly name: string;
  readonly namespace: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly serviceAccountName?: string;
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes?: readonly Readonly<Record<string, unknown>>[];
};

const deployment = ({ name, namespace: inside, annotations, ...pod }: Deployed): KubeObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: {
    name,
    namespace: inside,
    ...(annotations ? { annotations } : {}),
    labels: { "app.kubernetes.io/name": name },
  },
  spec: {
    replicas: 1,
    selector: { matchLabels: { "app.kubernetes.io/name": name } },
    template: { metadata: { labels: { "app.kubernetes.io/name": name } }, spec: pod },
  },
});

const velero = (): KubeObject =>
  deployment({
    name: VELERO.name,
    namespace: VELERO.namespace,
    serviceAccountName: VELERO.name,
    initContainers: [
      {
        name: "plugin-for-aws",
        image: VELERO_PLUGIN_IMAGE,
        volumeMounts: [{ name: "plugins", mountPath: "/target" }],
      },
    ],
    containers: [
      {
        name: "velero",
        image: VELERO_IMAGE,
        command: ["/velero"],
        args: ["server", "--uploader-type=kopia"],
        env: [{ name: "VELERO_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } }],
        resources: { requests: { cpu: "500m", memory: "128Mi" }, limits: { memory: "1Gi" } },
        volumeMounts: [{ name: "plugins", mountPath: "/plugins" }],
      },
    ],
    volumes: [{ name: "plugins", emptyDir: {} }],
  });

const loadGenerator = (): KubeObject =>
  deployment({
    name: LOAD_GENERATOR.name,
    namespace: LOAD_GENERATOR.namespace,
    annotations: { [LOAD_GENERATOR.annotation]: String(LOAD_GENERATOR.requestsPerSecond) },
    containers: [
      {
        name: "load-generator",
        image: LOAD_GENERATOR_IMAGE,
        resources: { requests: { cpu: "100m", memory: "64Mi" }, limits: { memory: "128Mi" } },
      },
    ],
  });

/** Pipelines run, against the source: what pause-pipelines and resume-pipelines change, field by field. */
const pipelineSwitch = (): KubeObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: PIPELINES.name, namespace: PIPELINES.namespace },
  data: { paused: "false", target: "source" },
});

/**
 * The objects of one side, in the order of their creation. The order never changes: the journal's keys count on it.
 * @param region Where the clusters lie; without it the bundle only tells its kinds.
 */
export const bundleOf = (side: Side, migration: string, region?: string): readonly KubeObject[] =>
  [
    ...[...new Set([SYSTEM_NAMESPACE, LOAD_GENERATOR.namespace])].map(namespace),
    ...(side === "source" ? [pipelineSwitch()] : []),
    ...VELERO_KINDS.map(definition),
    serviceAccount(VELERO.name, VELERO.namespace),
    veleroMayEverything(),
    storageLocation(side, migration, "source"),
    velero(),
    loadGenerator(),
    storageLocation(side, migration, "target"),
    snapshotLocation(region),
  ].map((object) => ours(migration, object));

/** What must be Ready before the bundle counts as installed. */
export const BUNDLE_DEPLOYMENTS = [
  { namespace: VELERO.namespace, name: VELERO.name },
  { namespace: LOAD_GENERATOR.namespace, name: LOAD_GENERATOR.name },
] as const;

/** Namespaces that are Repot's own in both clusters. */
export const OWN_NAMESPACES: readonly string[] = [...new Set([SYSTEM_NAMESPACE, LOAD_GENERATOR.namespace])];
