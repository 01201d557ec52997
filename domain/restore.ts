/**
 * Velero's part of the move as data: what is backed up, in which order it is restored, and the modifiers that bring everything up at zero.
 * Velero restores Pods and ReplicaSets before Deployments and strips their owners, so these stay out; a modifier whose group resource is
 * wrong matches nothing and says nothing, so its hits are counted.
 */

import { OWN_NAMESPACES, ours, SYSTEM_NAMESPACE, VELERO } from "./bundle.ts";
import { isHook } from "./hooks.ts";
import { byCodeUnit, type KubeObject, refOf } from "./kube.ts";
import { groupOf } from "./pods.ts";

/** In this order, each awaited: definitions before their objects, what gets in the way of others last. */
export const STAGES = ["definitions", "cluster", "namespaces", "last"] as const;
export type Stage = (typeof STAGES)[number];

/** What belongs to one cluster only, or would run or lock something at once. */
const NEVER = [
  "pods",
  "replicasets.apps",
  "jobs.batch",
  "controllerrevisions.apps",
  "events",
  "events.events.k8s.io",
  "endpoints",
  "endpointslices.discovery.k8s.io",
  "leases.coordination.k8s.io",
  "nodes",
  "nodeclaims.karpenter.sh",
  "persistentvolumes",
  "volumeattachments.storage.k8s.io",
  "csinodes.storage.k8s.io",
  "orders.acme.cert-manager.io",
  "challenges.acme.cert-manager.io",
  "certificaterequests.cert-manager.io",
  "backups.velero.io",
  "restores.velero.io",
  "backupstoragelocations.velero.io",
] as const;

const DEFINITIONS = ["customresourcedefinitions.apiextensions.k8s.io"] as const;

/** What refuses others, and what runs on every node as soon as it is there. */
const LAST = [
  "daemonsets.apps",
  "validatingadmissionpolicies.admissionregistration.k8s.io",
  "validatingadmissionpolicybindings.admissionregistration.k8s.io",
] as const;

/** The target has its own; the source's would fight it. */
export const NAMESPACES_NEVER: readonly string[] = [
  "kube-system",
  "kube-public",
  "kube-node-lease",
  ...OWN_NAMESPACES,
];

export const backupNameOf = (migration: string, name: string): string => `${migration}-${name}`;

/** The Backup of the whole source. */
export const backupOf = (migration: string, name: string): KubeObject =>
  ours(migration, {
    apiVersion: "velero.io/v1",
    kind: "Backup",
    metadata: { name: backupNameOf(migration, name), namespace: VELERO.namespace },
    spec: {
      includedNamespaces: ["*"],
      excludedNamespaces: [...NAMESPACES_NEVER],
      excludedResources: [
        "events",
        "events.events.k8s.io",
        "endpoints",
        "endpointslices.discovery.k8s.io",
        "leases.coordination.k8s.io",
      ],
      includeClusterResources: true,
      snapshotVolumes: false,
      storageLocation: VELERO.storage,
      ttl: "720h0m0s",
    },
  });

/** A kind as Velero names it: `deployments.apps`, `secrets`. */
export type GroupResource = string;

type ModifierRule = {
  readonly conditions: {
    readonly groupResource: GroupResource;
    readonly namespaces?: readonly string[];
    readonly resourceNameRegex?: string;
  };
  readonly mergePatches: readonly { readonly patchData: string }[];
};

const ZERO = '{"spec":{"replicas":0}}';
const SUSPENDED = '{"spec":{"suspend":true}}';

/** What comes back at zero, by kind: exact group resources. DaemonSets can't; they come last. */
const AT_ZERO: readonly (readonly [kind: string, group: string, resource: GroupResource, patch: string])[] = [
  ["CronJob", "batch", "cronjobs.batch", SUSPENDED],
  ["Deployment", "apps", "deployments.apps", ZERO],
  ["StatefulSet", "apps", "statefulsets.apps", ZERO],
];

/** Rules for the kinds that the platform has: one for a kind that isn't there would have no hits, and that is a failure. */
export const modifierRules = (objects: readonly KubeObject[]): readonly ModifierRule[] =>
  AT_ZERO.filter(([kind, group]) =>
    objects.some((o) => o.kind === kind && groupOf(o.apiVersion) === group),
  ).map(([, , groupResource, patchData]) => ({
    conditions: { groupResource },
    mergePatches: [{ patchData }],
  }));

type Change = { readonly object: string; readonly field: string; readonly to: unknown };

/** One field directly under spec of a workload, as the plan changes it; undefined for changes of other kinds, and for those that are zero anyway. */
const plannedRule = ({ object, field, to }: Change): ModifierRule | undefined => {
  const [, kind = "", namespace = "", name = ""] = /^(\S+) ([^/\s]+)\/(\S+)$/.exec(object) ?? [];
  const known = AT_ZERO.find(([k]) => k === kind);
  const key = /^spec\.([A-Za-z]+)$/.exec(field)?.[1];
  if (!known || key === undefined || key === "replicas" || key === "suspend") return undefined;
  const exactly = `^${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`;
  return {
    conditions: { groupResource: known[2], namespaces: [namespace], resourceNameRegex: exactly },
    mergePatches: [{ patchData: JSON.stringify({ spec: { [key]: to } }) }],
  };
};

/** What an object's spec gets by the plan's changes: for what Velero left out. */
export const plannedSpec = (
  object: KubeObject,
  changes: readonly Change[],
): Readonly<Record<string, unknown>> => {
  const who = `${object.kind} ${object.metadata.namespace ?? ""}/${object.metadata.name}`;
  const mine = changes.filter((c) => c.object === who && plannedRule(c) !== undefined);
  return Object.fromEntries(mine.map((c) => [c.field.slice("spec.".length), c.to]));
};

/** How many of these objects each rule has to hit, by its group resource. */
export const hitsWanted = (objects: readonly KubeObject[]): Readonly<Record<GroupResource, number>> =>
  Object.fromEntries(
    AT_ZERO.map(([kind, group, resource]) => [
      resource,
      objects.filter((o) => o.kind === kind && groupOf(o.apiVersion) === group && isRestored(o)).length,
    ]).filter(([, count]) => count !== 0),
  );

/** Whether an object shows that a modifier hit it. */
export const isAtZero = (object: KubeObject): boolean => {
  const spec = (object["spec"] ?? {}) as { readonly replicas?: number; readonly suspend?: boolean };
  return object.kind === "CronJob" ? spec.suspend === true : spec.replicas === 0;
};

export const modifiersNameOf = (migration: string): string => `${migration}-modifiers`;

/** The ConfigMap that Restores refer to; Velero wants exactly one key, in YAML (JSON is YAML). */
export const modifiersOf = (
  migration: string,
  objects: readonly KubeObject[],
  changes: readonly Change[],
): KubeObject =>
  ours(migration, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: modifiersNameOf(migration), namespace: SYSTEM_NAMESPACE },
    data: {
      "modifiers.yaml": JSON.stringify({
        version: "v1",
        resourceModifierRules: [...modifierRules(objects), ...changes.flatMap((c) => plannedRule(c) ?? [])],
      }),
    },
  });

/** Objects that Velero is to bring: none of another owner's, of a namespace that each cluster has for itself, or that runs at once. */
export const isRestored = (object: KubeObject): boolean => {
  const { namespace } = object.metadata;
  if (namespace !== undefined && NAMESPACES_NEVER.includes(namespace)) return false;
  if (object.kind === "Namespace" && NAMESPACES_NEVER.includes(object.metadata.name)) return false;
  return !KINDS_NEVER.has(`${groupOf(object.apiVersion)}|${object.kind}`);
};

const KINDS_NEVER: ReadonlySet<string> = new Set([
  "|Pod",
  "apps|ReplicaSet",
  "batch|Job",
  "apps|ControllerRevision",
  "|Event",
  "events.k8s.io|Event",
  "|Endpoints",
  "discovery.k8s.io|EndpointSlice",
  "coordination.k8s.io|Lease",
  "|Node",
  "karpenter.sh|NodeClaim",
  "|PersistentVolume",
  "storage.k8s.io|VolumeAttachment",
  "storage.k8s.io|CSINode",
  "acme.cert-manager.io|Order",
  "acme.cert-manager.io|Challenge",
  "cert-manager.io|CertificateRequest",
]);

export const restoreNameOf = (migration: string, stage: Stage, namespace?: string): string =>
  `${migration}-${stage}${namespace === undefined ? "" : `-${namespace}`}`;

/** Namespaces of the plan's objects that are restored, sorted. */
export const restoredNamespaces = (objects: readonly KubeObject[]): readonly string[] =>
  [...new Set(objects.filter(isRestored).flatMap((o) => o.metadata.namespace ?? []))].sort(byCodeUnit);

/** The Restores of one stage: one a namespace, so that each is small and repeatable; a restart of Velero fails one, not all. */
export const restoresOf = (
  migration: string,
  stage: Stage,
  objects: readonly KubeObject[],
): readonly KubeObject[] => {
  const restore = (spec: Readonly<Record<string, unknown>>, namespace?: string): KubeObject =>
    ours(migration, {
      apiVersion: "velero.io/v1",
      kind: "Restore",
      metadata: { name: restoreNameOf(migration, stage, namespace), namespace: VELERO.namespace },
      spec: {
        backupName: backupNameOf(migration, "freeze"),
        existingResourcePolicy: "none",
        restorePVs: false,
        resourceModifier: { kind: "configmap", name: modifiersNameOf(migration) },
        ...spec,
      },
    });
  switch (stage) {
    case "definitions":
      // All of the source's, whether the plan has them or not: manifests often come without the definitions of their kinds.
      return [restore({ includedResources: [...DEFINITIONS], includeClusterResources: true })];
    case "cluster":
      return [
        restore({
          includedNamespaces: ["*"],
          excludedNamespaces: [...NAMESPACES_NEVER],
          includedResources: clusterScoped(objects),
          includeClusterResources: true,
        }),
      ];
    case "namespaces":
      return restoredNamespaces(objects).map((namespace) =>
        restore(
          {
            includedNamespaces: [namespace],
            excludedResources: [...NEVER, ...LAST],
            includeClusterResources: false,
          },
          namespace,
        ),
      );
    case "last":
      return objects.some(isLast)
        ? [
            restore({
              includedNamespaces: ["*"],
              excludedNamespaces: [...NAMESPACES_NEVER],
              includedResources: [...LAST],
              includeClusterResources: true,
            }),
          ]
        : [];
  }
};

/** Which stage brings an object. */
export const stageOf = (object: KubeObject): Stage => {
  if (object.kind === "CustomResourceDefinition") return "definitions";
  if (isLast(object)) return "last";
  return object.metadata.namespace === undefined ? "cluster" : "namespaces";
};

const isLast = (object: KubeObject): boolean => LAST.includes(resourceOf(object) as (typeof LAST)[number]);

/** The plural as Kubernetes forms it for its own kinds; custom kinds name theirs in their definition. */
const resourceOf = (object: KubeObject): GroupResource => {
  const { apiVersion, kind } = refOf(object);
  const lower = kind.toLowerCase();
  const plural = /(s|x|z|ch|sh)$/.test(lower)
    ? `${lower}es`
    : /[^aeiou]y$/.test(lower)
      ? `${lower.slice(0, -1)}ies`
      : `${lower}s`;
  const group = groupOf(apiVersion);
  return group === "" ? plural : `${plural}.${group}`;
};

/** Plurals of custom kinds by group and kind, from the definitions. */
const defined = (objects: readonly KubeObject[]): ReadonlyMap<string, GroupResource> =>
  new Map(
    objects
      .filter((o) => o.kind === "CustomResourceDefinition")
      .map((o) => {
        const spec = o["spec"] as {
          readonly group?: string;
          readonly names?: { readonly kind?: string; readonly plural?: string };
        };
        return [
          `${spec?.group ?? ""}|${spec?.names?.kind ?? ""}`,
          `${spec?.names?.plural ?? ""}.${spec?.group ?? ""}`,
        ] as const;
      }),
  );

/** Cluster-scoped kinds that the plan has, Namespaces first of all. */
const clusterScoped = (objects: readonly KubeObject[]): readonly GroupResource[] => {
  const plurals = defined(objects);
  const found = objects
    .filter(
      (o) => o.metadata.namespace === undefined && stageOf(o) === "cluster" && isRestored(o) && !isAside(o),
    )
    .map((o) => plurals.get(`${groupOf(o.apiVersion)}|${o.kind}`) ?? resourceOf(o));
  return ["namespaces", ...[...new Set(found)].filter((r) => r !== "namespaces").sort(byCodeUnit)];
};

/** Comes by itself or later: the API server makes its own APIServices, and what needs somebody behind it waits for them (hooks.ts). */
const isAside = (object: KubeObject): boolean => isHook(object) || object.kind === "APIService";

/** What Velero's phases mean: over well, over badly, or not over. */
export const restoreState = (restore: KubeObject | undefined): "done" | "partly" | "failed" | "running" => {
  const phase = ((restore?.["status"] ?? {}) as { readonly phase?: string }).phase ?? "New";
  if (phase === "Completed") return "done";
  if (phase === "PartiallyFailed") return "partly";
  return phase === "Failed" || phase === "FailedValidation" ? "failed" : "running";
};
