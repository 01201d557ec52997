/** What etcd and its watches are to a cluster: the objects, a counter of versions, indexes, and listeners that are told of each change. */

import { byCodeUnit, type KubeObject } from "../../../domain/kube.ts";
import { namespaceOf, ownersOf, uidOf } from "./fields.ts";

export type Change = {
  /** `deployments.apps` */
  readonly key: string;
  readonly before?: KubeObject;
  /** Absent where the object is gone. */
  readonly after?: KubeObject;
};

type Table = Map<string, Map<string, KubeObject>>;

export class Store {
  #version = 1_000;
  readonly #tables = new Map<string, Table>();
  readonly #byUid = new Map<string, { readonly key: string; object: KubeObject }>();
  /** Uid of an owner → uids of what it owns. */
  readonly #owned = new Map<string, Set<string>>();
  readonly #sorted = new Map<string, readonly KubeObject[]>();
  /** Key → namespace → its objects by name. */
  readonly #sortedIn = new Map<string, Map<string, readonly KubeObject[]>>();
  readonly #listeners: ((change: Change) => void)[] = [];

  /** The version of the last write, as resourceVersion has it. */
  get version(): number {
    return this.#version;
  }

  onChange(listener: (change: Change) => void): void {
    this.#listeners.push(listener);
  }

  get(key: string, namespace: string, name: string): KubeObject | undefined {
    return this.#tables.get(key)?.get(namespace)?.get(name);
  }

  byUid(uid: string): { readonly key: string; readonly object: KubeObject } | undefined {
    return this.#byUid.get(uid);
  }

  /** Objects whose ownerReferences name this uid. */
  ownedBy(uid: string): readonly { readonly key: string; readonly object: KubeObject }[] {
    const found = [];
    for (const owned of this.#owned.get(uid) ?? []) {
      const entry = this.#byUid.get(owned);
      if (entry) found.push(entry);
    }
    return found;
  }

  /** Objects of a kind in one namespace, in no particular order. */
  in(key: string, namespace: string): Iterable<KubeObject> {
    return this.#tables.get(key)?.get(namespace)?.values() ?? [];
  }

  /** All objects of a kind by namespace and name; cached until one changes. */
  list(key: string): readonly KubeObject[] {
    const cached = this.#sorted.get(key);
    if (cached) return cached;
    const namespaces = [...(this.#tables.get(key)?.keys() ?? [])].sort(byCodeUnit);
    const all = namespaces.flatMap((namespace) => this.listIn(key, namespace));
    this.#sorted.set(key, all);
    return all;
  }

  /** Those of one namespace by name; cached until one of them changes. */
  listIn(key: string, namespace: string): readonly KubeObject[] {
    const lists = this.#sortedIn.get(key) ?? new Map<string, readonly KubeObject[]>();
    this.#sortedIn.set(key, lists);
    const cached = lists.get(namespace);
    if (cached) return cached;
    const all = [...this.in(key, namespace)].sort((a, b) => byCodeUnit(a.metadata.name, b.metadata.name));
    lists.set(namespace, all);
    return all;
  }

  keys(): readonly string[] {
    return [...this.#tables.keys()].sort(byCodeUnit);
  }

  /** Writes an object under a new resourceVersion and tells the listeners. @returns what is stored. */
  put(key: string, object: KubeObject): KubeObject {
    this.#version += 1;
    const stored: KubeObject = {
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(this.#version) },
    };
    const table = this.#tableOf(key, namespaceOf(stored));
    const before = table.get(stored.metadata.name);
    table.set(stored.metadata.name, stored);
    this.#index(key, before, stored);
    this.#tell({ key, ...(before ? { before } : {}), after: stored });
    return stored;
  }

  remove(key: string, object: KubeObject): void {
    const table = this.#tables.get(key)?.get(namespaceOf(object));
    const before = table?.get(object.metadata.name);
    if (!table || !before) return;
    this.#version += 1;
    table.delete(object.metadata.name);
    this.#index(key, before, undefined);
    this.#tell({ key, before });
  }

  #tell(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }

  #tableOf(key: string, namespace: string): Map<string, KubeObject> {
    const table = this.#tables.get(key) ?? new Map<string, Map<string, KubeObject>>();
    this.#tables.set(key, table);
    const inside = table.get(namespace) ?? new Map<string, KubeObject>();
    table.set(namespace, inside);
    return inside;
  }

  #index(key: string, before: KubeObject | undefined, after: KubeObject | undefined): void {
    this.#sorted.delete(key);
    this.#sortedIn.get(key)?.delete(namespaceOf((after ?? before) as KubeObject));
    if (before?.metadata.ownerReferences !== after?.metadata.ownerReferences || !before || !after) {
      if (before) for (const owner of ownersOf(before)) this.#owned.get(owner.uid)?.delete(uidOf(before));
      if (after) for (const owner of ownersOf(after)) this.#own(owner.uid, uidOf(after));
    }
    if (after) this.#byUid.set(uidOf(after), { key, object: after });
    else if (before) this.#byUid.delete(uidOf(before));
  }

  #own(owner: string, owned: string): void {
    const set = this.#owned.get(owner) ?? new Set<string>();
    set.add(owned);
    this.#owned.set(owner, set);
  }
}
