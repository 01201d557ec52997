/**
 * The machinery of an API server below its HTTP surface: every create, update and delete, by whomever, passes here: defaults, validation,
 * admission, generation, finalizers, and the store. Controllers write through it under their own identities.
 */

import type { KubeObject } from "../../../domain/kube.ts";
import { apiVersionOf } from "../../../domain/kube-kinds.ts";
import type { Clock } from "../../clock.ts";
import type { Random } from "../../random.ts";
import { withDefaults } from "./defaults.ts";
import {
  at,
  type Fields,
  isDeleting,
  namespaceOf,
  numberAt,
  same,
  textAt,
  textsAt,
  uidOf,
  withMetadata,
} from "./fields.ts";
import type { Kinds, Resource } from "./kinds.ts";
import * as status from "./status.ts";
import type { Store } from "./store.ts";
import { validate, validateUpdate } from "./validate.ts";

/** Who writes, as admission and managedFields see it. */
export type Who = { readonly user: string; readonly groups: readonly string[]; readonly manager: string };

export type Attempt = {
  readonly operation: "CREATE" | "UPDATE" | "DELETE";
  readonly resource: Resource;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly before: KubeObject | undefined;
  readonly after: KubeObject | undefined;
  readonly who: Who;
  readonly dryRun: boolean;
  /** Its name was made by the server: the request had none. */
  readonly generated?: boolean;
};

/** Admission: may change the object (defaults of policy), or throw an ApiError. */
export type Admit = (attempt: Attempt) => KubeObject | undefined;

export type WriteOptions = {
  readonly dryRun?: boolean;
  readonly subresource?: string;
  /** New managedFields from what was and what will be; absent for writers whose fields nobody asks about. */
  readonly track?: (before: KubeObject | undefined, after: KubeObject) => readonly unknown[];
};
export type DeleteOptions = {
  readonly dryRun?: boolean;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagation?: "Background" | "Foreground" | "Orphan";
  readonly graceSeconds?: number;
};

const SUFFIX = "bcdfghjklmnpqrstvwxz2456789";

export class Registry {
  readonly kinds: Kinds;
  readonly store: Store;
  readonly clock: Clock;
  readonly #random: Random;
  /** The last second that was written out: many objects are stamped within one. */
  #second = Number.NaN;
  #stamp = "";
  /** Installed once the parts that it asks are there. */
  admit: Admit = ({ after }) => after;
  /** Brings Leases up to date; called before somebody reads them. */
  refreshLeases: () => void = () => {};
  /** While the source is put up as it stands: nothing is judged, everything keeps its identity. */
  loading = false;

  constructor(parts: { kinds: Kinds; store: Store; clock: Clock; random: Random }) {
    this.kinds = parts.kinds;
    this.store = parts.store;
    this.clock = parts.clock;
    this.#random = parts.random.fork("registry");
  }

  /** Now (or some seconds later), as timestamps in objects have it: whole seconds. */
  stamp(laterSeconds = 0): string {
    const second = Math.floor(this.clock.now() / 1_000) + laterSeconds;
    if (second !== this.#second) {
      this.#second = second;
      this.#stamp = `${new Date(second * 1_000).toISOString().slice(0, 19)}Z`;
    }
    return this.#stamp;
  }

  uid(): string {
    const id = this.#random.id();
    return `${id.slice(0, 8)}-${id.slice(8, 12)}-4${id.slice(13, 16)}-a${id.slice(17, 20)}-${id.slice(20, 32)}`;
  }

  /** Five characters, as generateName appends. */
  suffix(): string {
    return Array.from({ length: 5 }, () => SUFFIX[this.#random.whole(0, SUFFIX.length - 1)]).join("");
  }

  resource(key: string): Resource {
    const found = this.kinds.stored(key);
    if (!found) throw status.unknownPath();
    return found;
  }

  create(resource: Resource, given: KubeObject, who: Who, options: WriteOptions = {}): KubeObject {
    const named = this.#name(resource, given);
    const { name } = named.metadata;
    if (resource.namespaced) this.#needNamespace(resource, namespaceOf(named), name);
    if (this.store.get(resource.key, namespaceOf(named), name)) throw status.alreadyExists(resource, name);
    const defaulted = this.#stored(resource, withDefaults(this.#fresh(resource, named)));
    if (!this.loading) validate(resource, defaulted);
    const admitted = this.#admitted("CREATE", resource, "", undefined, defaulted, who, options);
    const stamped = withMetadata(admitted, {
      uid: this.loading ? (textAt(given, "metadata", "uid") ?? this.uid()) : this.uid(),
      creationTimestamp: this.loading
        ? (textAt(given, "metadata", "creationTimestamp") ?? this.stamp())
        : this.stamp(),
      ...(admitted["spec"] === undefined ? {} : { generation: 1 }),
    });
    return this.#put(resource, undefined, stamped, options);
  }

  /** `after` is the whole object as the writer wants it; a resourceVersion in it must be the current one. */
  update(
    resource: Resource,
    before: KubeObject,
    given: KubeObject,
    who: Who,
    options: WriteOptions = {},
  ): KubeObject {
    this.#checkIdentity(resource, before, given);
    const merged = this.#scoped(resource, before, given, options.subresource ?? "");
    const after = options.subresource === "status" ? merged : this.#stored(resource, withDefaults(merged));
    if (options.subresource !== "status") {
      validate(resource, after);
      validateUpdate(resource, before, after);
    }
    const admitted = this.#admitted(
      "UPDATE",
      resource,
      options.subresource ?? "",
      before,
      after,
      who,
      options,
    );
    if (sameContent(before, admitted)) {
      const managedFields = options.track?.(before, admitted);
      if (!managedFields || same(timeless(managedFields), timeless(before.metadata["managedFields"])))
        return before;
      return this.#put(resource, before, before, { ...options, track: () => managedFields });
    }
    const generation = numberAt(before, "metadata", "generation");
    const stamped =
      generation === undefined || !specChanged(before, admitted)
        ? admitted
        : withMetadata(admitted, { generation: generation + 1 });
    if (
      isDeleting(stamped) &&
      textsAt(stamped, "metadata", "finalizers").length === 0 &&
      !isGraceful(resource)
    ) {
      if (!options.dryRun) this.#finish(resource, stamped);
      return stamped;
    }
    return this.#put(resource, before, stamped, options);
  }

  /** A controller's write of status: judged by nobody, skipped where nothing changes. */
  setStatus(key: string, object: KubeObject, next: unknown): KubeObject {
    const current = this.store.get(key, namespaceOf(object), object.metadata.name);
    if (!current || uidOf(current) !== uidOf(object) || same(current.status, next)) return current ?? object;
    return this.store.put(key, { ...current, status: next });
  }

  /** @returns the object where it stays for now (finalizers, grace period), undefined where it is gone. */
  delete(
    resource: Resource,
    object: KubeObject,
    who: Who,
    options: DeleteOptions = {},
  ): KubeObject | undefined {
    const { name } = object.metadata;
    if (options.uid !== undefined && options.uid !== uidOf(object))
      throw status.conflict(resource, name, precondition("UID", options.uid, uidOf(object)));
    const version = textAt(object, "metadata", "resourceVersion") ?? "";
    if (options.resourceVersion !== undefined && options.resourceVersion !== version)
      throw status.conflict(
        resource,
        name,
        precondition("ResourceVersion", options.resourceVersion, version),
      );
    this.#admitted("DELETE", resource, "", object, undefined, who, options);
    const marked = this.#marked(resource, object, options);
    if (options.dryRun) return marked;
    if (!marked) {
      this.#finish(resource, object);
      return undefined;
    }
    return same(marked, object) ? object : this.store.put(resource.key, marked);
  }

  /** Takes an object away at once: what the kubelet and the finalizing controllers do at the end. */
  finish(key: string, object: KubeObject): void {
    this.#finish(this.resource(key), object);
  }

  #finish(resource: Resource, object: KubeObject): void {
    this.store.remove(resource.key, object);
  }

  /** The object with a deletionTimestamp, or undefined where nothing holds it. */
  #marked(resource: Resource, object: KubeObject, options: DeleteOptions): KubeObject | undefined {
    const finalizers = new Set(textsAt(object, "metadata", "finalizers"));
    if (options.propagation === "Foreground") finalizers.add("foregroundDeletion");
    if (options.propagation === "Orphan") finalizers.add("orphan");
    const grace = isGraceful(resource) ? this.#graceSeconds(object, options) : 0;
    const namespaceHeld = resource.key === "namespaces";
    if (finalizers.size === 0 && grace === 0 && !namespaceHeld) return undefined;
    const marked = withMetadata(object, {
      finalizers: finalizers.size === 0 ? undefined : [...finalizers],
      // The moment at which the grace period is over, as the API server sets it.
      deletionTimestamp: textAt(object, "metadata", "deletionTimestamp") ?? this.stamp(grace),
      deletionGracePeriodSeconds: grace,
    });
    return namespaceHeld ? { ...marked, status: { phase: "Terminating" } } : marked;
  }

  /** Pods that no kubelet holds go at once. */
  #graceSeconds(pod: KubeObject, options: DeleteOptions): number {
    const phase = at(pod, "status", "phase");
    if (textAt(pod, "spec", "nodeName") === undefined || phase === "Succeeded" || phase === "Failed")
      return 0;
    return options.graceSeconds ?? numberAt(pod, "spec", "terminationGracePeriodSeconds") ?? 30;
  }

  #name(resource: Resource, given: KubeObject): KubeObject {
    const metadata: Fields = given.metadata ?? {};
    const prefix = textAt(metadata, "generateName");
    if (textAt(metadata, "name") !== undefined) return given;
    if (prefix === undefined)
      throw status.invalid(resource.kind, resource.group, "", [
        { field: "metadata.name", type: "Required value", detail: "name or generateName is required" },
      ]);
    return withMetadata(given, { name: `${prefix}${this.suffix()}` });
  }

  #needNamespace(resource: Resource, namespace: string, name: string): void {
    const found = this.store.get("namespaces", "", namespace);
    if (!found) throw status.notFound({ group: "", resource: "namespaces" }, namespace);
    if (isDeleting(found) && !this.loading)
      throw status.forbidden(
        resource,
        name,
        `unable to create new content in namespace ${namespace} because it is being terminated`,
      );
  }

  /** Without what only the server sets. */
  #fresh(resource: Resource, given: KubeObject): KubeObject {
    const bare = withMetadata(given, {
      resourceVersion: undefined,
      uid: undefined,
      generation: undefined,
      creationTimestamp: undefined,
      deletionTimestamp: undefined,
      deletionGracePeriodSeconds: undefined,
      selfLink: undefined,
      managedFields: undefined,
      ...(resource.namespaced ? {} : { namespace: undefined }),
    });
    if (this.loading || !resource.subresources.includes("status")) return bare;
    const { status: _, ...rest } = bare;
    return rest as KubeObject;
  }

  #stored(resource: Resource, object: KubeObject): KubeObject {
    const apiVersion =
      resource.storedAs ?? apiVersionOf({ group: resource.group, version: resource.storageVersion });
    return object.apiVersion === apiVersion ? object : { ...object, apiVersion };
  }

  #checkIdentity(resource: Resource, before: KubeObject, given: KubeObject): void {
    const { name } = before.metadata;
    const version = textAt(given, "metadata", "resourceVersion");
    if (version !== undefined && version !== "" && version !== textAt(before, "metadata", "resourceVersion"))
      throw status.conflict(resource, name, status.MODIFIED);
    const uid = textAt(given, "metadata", "uid");
    if (uid !== undefined && uid !== uidOf(before))
      throw status.conflict(resource, name, precondition("UID", uid, uidOf(before)));
  }

  /** What a write through this door may change: status only through its own, and nothing of the server's own metadata. */
  #scoped(resource: Resource, before: KubeObject, given: KubeObject, subresource: string): KubeObject {
    if (subresource === "status") return { ...before, status: given.status };
    const metadata = withMetadata(given, {
      ...serverOwned(before),
      managedFields: given.metadata.managedFields ?? before.metadata.managedFields,
    });
    if (!resource.subresources.includes("status")) return metadata;
    const { status: _, ...rest } = metadata;
    return (before.status === undefined ? rest : { ...rest, status: before.status }) as KubeObject;
  }

  #admitted(
    operation: Attempt["operation"],
    resource: Resource,
    subresource: string,
    before: KubeObject | undefined,
    after: KubeObject | undefined,
    who: Who,
    options: { readonly dryRun?: boolean },
  ): KubeObject {
    const object = (after ?? before) as KubeObject;
    if (this.loading) return object;
    const { name } = object.metadata;
    const namespace = namespaceOf(object);
    const dryRun = options.dryRun ?? false;
    return (
      this.admit({ operation, resource, subresource, namespace, name, before, after, who, dryRun }) ?? object
    );
  }

  #put(
    resource: Resource,
    before: KubeObject | undefined,
    object: KubeObject,
    options: WriteOptions,
  ): KubeObject {
    const tracked = options.track
      ? withMetadata(object, { managedFields: options.track(before, object) })
      : object;
    if (options.dryRun) return tracked;
    return this.store.put(resource.key, tracked);
  }
}

const SERVER_OWNED = [
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "namespace",
  "name",
  "generateName",
] as const;

const serverOwned = (object: KubeObject): Fields =>
  Object.fromEntries(SERVER_OWNED.map((field) => [field, object.metadata[field]]));

const sameContent = (a: KubeObject, b: KubeObject): boolean =>
  same(withMetadata(a, { managedFields: undefined }), withMetadata(b, { managedFields: undefined }));

/** Who owns what, without when: a write that changes nothing isn't one. */
const timeless = (managedFields: unknown): unknown =>
  Array.isArray(managedFields) ? managedFields.map((entry: Fields) => ({ ...entry, time: "" })) : [];

const isGraceful = (resource: Resource): boolean => resource.key === "pods";

const specChanged = (before: KubeObject, after: KubeObject): boolean => {
  const { metadata: _a, status: _b, ...was } = before;
  const { metadata: _c, status: _d, ...is } = after;
  return !same(was, is);
};

const precondition = (what: string, wanted: string, found: string): string =>
  `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${found}`;
