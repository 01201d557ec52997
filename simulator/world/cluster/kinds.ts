/** Which kinds an API server serves: the built-in ones of its version, and those that CustomResourceDefinitions add. */

import { byCodeUnit, type KubeObject } from "../../../domain/kube.ts";
import {
  apiVersionOf,
  BUILT_IN_KINDS,
  groupVersionOf,
  type KubeKind,
  pluralOf,
} from "../../../domain/kube-kinds.ts";
import { at, fieldsAt, listAt, textAt, textsAt } from "./fields.ts";
import { groupToday } from "./legacy.ts";
import { qualified } from "./status.ts";

/** A kind as one version of the API serves it. */
export type Resource = KubeKind & {
  /** `deployments.apps`: what objects of all its versions are stored under. */
  readonly key: string;
  readonly subresources: readonly string[];
  readonly shortNames: readonly string[];
  readonly custom: boolean;
  /** The version that objects are stored in. */
  readonly storageVersion: string;
  /** The same as an apiVersion, where even the group is another today. */
  readonly storedAs?: string;
};

const SCALED = new Set(["Deployment", "ReplicaSet", "StatefulSet", "ReplicationController"]);
const WITH_STATUS = new Set(
  `Namespace Node PersistentVolume Pod Service PersistentVolumeClaim ResourceQuota Deployment ReplicaSet StatefulSet DaemonSet Job CronJob
  HorizontalPodAutoscaler PodDisruptionBudget Ingress CustomResourceDefinition APIService ValidatingAdmissionPolicy
  CertificateSigningRequest FlowSchema PriorityLevelConfiguration ReplicationController`.split(/\s+/),
);
const SHORT: Readonly<Record<string, readonly string[]>> = {
  namespaces: ["ns"],
  nodes: ["no"],
  pods: ["po"],
  services: ["svc"],
  configmaps: ["cm"],
  serviceaccounts: ["sa"],
  endpoints: ["ep"],
  events: ["ev"],
  persistentvolumeclaims: ["pvc"],
  persistentvolumes: ["pv"],
  resourcequotas: ["quota"],
  limitranges: ["limits"],
  deployments: ["deploy"],
  replicasets: ["rs"],
  statefulsets: ["sts"],
  daemonsets: ["ds"],
  cronjobs: ["cj"],
  horizontalpodautoscalers: ["hpa"],
  poddisruptionbudgets: ["pdb"],
  ingresses: ["ing"],
  networkpolicies: ["netpol"],
  storageclasses: ["sc"],
  customresourcedefinitions: ["crd", "crds"],
};
/** Kinds of the table that came after Kubernetes 1.25, by the minor version from which they are on by default. */
const SINCE: Readonly<Record<string, number>> = {
  ValidatingAdmissionPolicy: 30,
  ValidatingAdmissionPolicyBinding: 30,
  FlowSchema: 29,
  PriorityLevelConfiguration: 29,
};

const builtIn = (kind: KubeKind): Resource => ({
  ...kind,
  key: qualified(kind),
  subresources: [
    ...(SCALED.has(kind.kind) ? ["scale"] : []),
    ...(WITH_STATUS.has(kind.kind) ? ["status"] : []),
    ...(kind.kind === "Pod" ? ["eviction"] : []),
  ],
  shortNames: SHORT[kind.resource] ?? [],
  custom: false,
  storageVersion: kind.kind === "HorizontalPodAutoscaler" ? "v2" : kind.version,
});

const known = (apiVersion: string, kind: string): boolean =>
  BUILT_IN_KINDS.some((k) => apiVersionOf(k) === apiVersion && k.kind === kind);

/** The definition that a cluster must have had for an object of this custom kind to be there. */
export const impliedDefinition = (apiVersion: string, kind: string, namespaced: boolean): KubeObject => {
  const slash = apiVersion.indexOf("/");
  const group = apiVersion.slice(0, slash);
  const plural = pluralOf(kind);
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      scope: namespaced ? "Namespaced" : "Cluster",
      versions: [
        {
          name: apiVersion.slice(slash + 1),
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
        },
      ],
    },
  };
};

export class Kinds {
  /** `1.31` → 31. */
  readonly minor: number;
  readonly #byPath = new Map<string, Resource>();
  readonly #byKind = new Map<string, Map<string, Resource>>();
  readonly #stored = new Map<string, Resource>();
  #sorted: readonly Resource[] | undefined;

  constructor(kubernetesVersion: string) {
    this.minor = Number(kubernetesVersion.split(".")[1]);
    for (const kind of BUILT_IN_KINDS) if (this.minor >= (SINCE[kind.kind] ?? 0)) this.#add(builtIn(kind));
  }

  byPath(group: string, version: string, resource: string): Resource | undefined {
    return this.#byPath.get(`${group}/${version}/${resource}`);
  }

  byKind(apiVersion: string, kind: string): Resource | undefined {
    return this.#byKind.get(apiVersion)?.get(kind);
  }

  /** All of them, by group, version and name. */
  all(): readonly Resource[] {
    this.#sorted ??= [...this.#byPath].sort(([a], [b]) => byCodeUnit(a, b)).map(([, resource]) => resource);
    return this.#sorted;
  }

  /** The version of a resource that its objects are stored in; `key` is `deployments.apps`. */
  stored(key: string): Resource | undefined {
    return this.#stored.get(key);
  }

  /** Serves an old version of a built-in kind as well. @returns whether the kind is a built-in one at all. */
  serveLegacy(apiVersion: string, kind: string): boolean {
    const { group, version } = groupVersionOf(apiVersion);
    const today = this.all().find(
      (r) =>
        !r.custom && r.kind === kind && r.group === groupToday(group, kind) && r.version === r.storageVersion,
    );
    if (today) this.#add({ ...today, group, version, storedAs: apiVersionOf(today) });
    return today !== undefined;
  }

  /** Serves what a CustomResourceDefinition names; a built-in kind is never replaced. */
  define(definition: KubeObject): void {
    const group = textAt(definition, "spec", "group") ?? "";
    const names = fieldsAt(definition, "spec", "names");
    const kind = textAt(names, "kind") ?? "";
    const resource = textAt(names, "plural") ?? pluralOf(kind);
    const versions = listAt(definition, "spec", "versions");
    const storage = versions.find((v) => v.storage === true) ?? versions[0];
    for (const version of versions) {
      const name = textAt(version, "name") ?? "";
      if (version.served === false || known(`${group}/${name}`, kind)) continue;
      this.#add({
        group,
        version: name,
        kind,
        resource,
        namespaced: at(definition, "spec", "scope") !== "Cluster",
        key: qualified({ group, resource }),
        subresources: Object.keys(fieldsAt(version, "subresources")).sort(),
        shortNames: textsAt(names, "shortNames"),
        custom: true,
        storageVersion: textAt(storage, "name") ?? name,
      });
    }
  }

  /** Serves it no longer. */
  undefine(definition: KubeObject): void {
    const key = qualified({
      group: textAt(definition, "spec", "group") ?? "",
      resource: textAt(definition, "spec", "names", "plural") ?? "",
    });
    for (const [path, resource] of this.#byPath) {
      if (resource.key !== key || !resource.custom) continue;
      this.#byPath.delete(path);
      this.#byKind.get(apiVersionOf(resource))?.delete(resource.kind);
      this.#stored.delete(key);
      this.#sorted = undefined;
    }
  }

  #add(resource: Resource): void {
    this.#byPath.set(`${resource.group}/${resource.version}/${resource.resource}`, resource);
    const apiVersion = apiVersionOf(resource);
    const kinds = this.#byKind.get(apiVersion) ?? new Map<string, Resource>();
    kinds.set(resource.kind, resource);
    this.#byKind.set(apiVersion, kinds);
    if (resource.version === resource.storageVersion && resource.storedAs === undefined)
      this.#stored.set(resource.key, resource);
    this.#sorted = undefined;
  }
}
