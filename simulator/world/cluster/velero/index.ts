/**
 * Velero in a cluster: does its work only while its server is ready and its definitions are there, in the server's own namespace. One Backup or
 * Restore at a time; a restart of the server fails what was running.
 */

import type { KubeObject } from "../../../../domain/kube.ts";
import { at, fieldsAt, isDeleting, listAt, namespaceOf, numberAt, textAt, uidOf } from "../fields.ts";
import { type Controller, type Machine, serviceAccount, splitKey } from "../machine.ts";
import type { Who } from "../registry.ts";
import { selfKey } from "../replicas.ts";
import { feltMs } from "../slowness.ts";
import { collect } from "./backup.ts";
import { type Modifiers, parseModifiers } from "./modifiers.ts";
import { type FromSnapshots, type Outcome, planRestore, restoreItem } from "./restore.ts";
import { SNAPSHOT_CALL_MS, takeSnapshots, toSnapshot } from "./snapshots.ts";
import { type BackupItem, type BackupStorage, bucketOf, type StoredBackup } from "./storage.ts";

const BACKUPS = "backups.velero.io";
const RESTORES = "restores.velero.io";
const LOCATIONS = "backupstoragelocations.velero.io";
const DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io";
const START_MS = 3_000;
/** Definitions come first, and Velero waits for each batch of them to be served. */
const ESTABLISHED_MS = 1_000;
const ITEM_MS = 40;
/** Restored together in one turn of the clock, to spare it timers. */
const BATCH = 10;
const SYNC_MS = 60_000;
const SENTENCES_MAX = 50;

const SELECTION =
  "includedNamespaces excludedNamespaces includedResources excludedResources includeClusterResources labelSelector";
/** Fields of a spec that mean something here, and those that may be set without meaning anything. */
const BACKUP_FIELDS = new Set(
  `${SELECTION} storageLocation ttl snapshotVolumes defaultVolumesToFsBackup metadata csiSnapshotTimeout volumeSnapshotLocations`.split(
    " ",
  ),
);
const RESTORE_FIELDS = new Set(
  `${SELECTION} backupName resourceModifier existingResourcePolicy restorePVs preserveNodePorts itemOperationTimeout`.split(
    " ",
  ),
);

/** What a spec asks that isn't simulated: said, never passed over. */
const notSimulated = (object: KubeObject, known: ReadonlySet<string>): string | undefined => {
  const strange = Object.entries(fieldsAt(object, "spec")).find(
    ([key, value]) => !known.has(key) && value !== undefined,
  );
  const asked =
    strange?.[0] ?? (at(object, "spec", "preserveNodePorts") === true ? "preserveNodePorts" : undefined);
  return asked === undefined ? undefined : `spec.${asked} of a ${object.kind} isn't simulated`;
};

/** The folder of a bucket that a location means. */
const folderOf = (location: KubeObject | undefined): string | undefined => {
  const bucket = textAt(location, "spec", "objectStorage", "bucket");
  return bucket && `${bucket}/${textAt(location, "spec", "objectStorage", "prefix") ?? ""}`;
};

/** A server is known by its image, whatever its Deployment is called and wherever it runs. */
const isServer = (deployment: KubeObject): boolean =>
  listAt(deployment, "spec", "template", "spec", "containers").some((c) =>
    /(^|\/)velero\/velero(:|@|$)/.test(textAt(c, "image") ?? ""),
  );

export const velero = (machine: Machine, storage: BackupStorage): readonly Controller[] => {
  const servers = new Map<string, Server>();
  const consider = (table: string) => (key: string) =>
    servers.get(splitKey(key).namespace)?.consider(table, key);
  const backups: Controller = {
    name: "velero-backup",
    watches: { [BACKUPS]: selfKey },
    reconcile: consider(BACKUPS),
  };
  const restores: Controller = {
    name: "velero-restore",
    watches: { [RESTORES]: selfKey },
    reconcile: consider(RESTORES),
  };
  const wake = () => {
    for (const object of machine.store.list(BACKUPS))
      machine.queue.enqueue(backups, selfKey(object)[0] ?? "");
    for (const object of machine.store.list(RESTORES))
      machine.queue.enqueue(restores, selfKey(object)[0] ?? "");
  };
  machine.store.onChange(({ key, before, after }) => {
    const deployment = after ?? before;
    if (key !== "deployments.apps" || !deployment || !isServer(deployment)) return;
    const namespace = namespaceOf(deployment);
    const server = servers.get(namespace) ?? new Server(machine, storage, namespace);
    servers.set(namespace, server);
    server.look(deployment, after !== undefined, wake);
  });
  return [backups, restores];
};

class Server {
  readonly #machine: Machine;
  readonly #storage: BackupStorage;
  readonly #namespace: string;
  #who: Who;
  /** Keys that wait for their turn. */
  readonly #waiting: (readonly [string, string])[] = [];
  #running: string | undefined;
  #up = false;
  /** Each start of the server is another life: what the one before began is failed. */
  #life = 0;

  constructor(machine: Machine, storage: BackupStorage, namespace: string) {
    this.#machine = machine;
    this.#storage = storage;
    this.#namespace = namespace;
    this.#who = serviceAccount(namespace, "velero");
  }

  /** The server's Deployment changed: it may have come up or gone down. */
  look(deployment: KubeObject, there: boolean, wake: () => void): void {
    const ready = (numberAt(deployment, "status", "readyReplicas") ?? 0) > 0;
    const up = there && ready && !isDeleting(deployment);
    const account = textAt(deployment, "spec", "template", "spec", "serviceAccountName") ?? "default";
    this.#who = serviceAccount(this.#namespace, account);
    if (up === this.#up) return;
    this.#up = up;
    if (!up) {
      this.#life += 1;
      this.#running = undefined;
      this.#waiting.length = 0;
      return;
    }
    this.#failInterrupted();
    this.#sync(this.#life);
    wake();
  }

  consider(table: string, key: string): void {
    const object = this.#live(table, key);
    const phase = textAt(object, "status", "phase");
    if (!this.#up || !object || isDeleting(object)) return;
    if (phase !== undefined && phase !== "" && phase !== "New") return;
    if (this.#running === `${table} ${key}` || this.#waiting.some(([t, k]) => t === table && k === key))
      return;
    this.#waiting.push([table, key]);
    this.#next();
  }

  #live(table: string, key: string): KubeObject | undefined {
    const { namespace, name } = splitKey(key);
    return this.#machine.store.get(table, namespace, name);
  }

  #next(): void {
    const next = this.#running === undefined ? this.#waiting.shift() : undefined;
    if (!next) return;
    const [table, key] = next;
    const object = this.#live(table, key);
    if (!object) {
      this.#next();
      return;
    }
    this.#running = `${table} ${key}`;
    if (table === BACKUPS) this.#backup(object);
    else this.#restore(object);
  }

  #later(milliseconds: number, run: () => void): void {
    const life = this.#life;
    this.#machine.clock.after(milliseconds, () => {
      if (this.#life === life && !this.#machine.queue.stopped) run();
    });
  }

  #status(table: string, object: KubeObject, status: Readonly<Record<string, unknown>>): KubeObject {
    const live = this.#machine.store.byUid(uidOf(object))?.object ?? object;
    return this.#machine.registry.setStatus(table, live, { ...fieldsAt(live, "status"), ...status });
  }

  #finish(table: string, object: KubeObject, status: Readonly<Record<string, unknown>>): KubeObject {
    const done = this.#status(table, object, {
      ...status,
      completionTimestamp: this.#machine.registry.stamp(),
    });
    this.#running = undefined;
    this.#machine.clock.after(0, () => this.#next());
    return done;
  }

  #backup(object: KubeObject): void {
    const unknown = notSimulated(object, BACKUP_FIELDS);
    if (unknown !== undefined) {
      this.#finish(BACKUPS, object, { phase: "FailedValidation", validationErrors: [unknown] });
      return;
    }
    const location = this.#location(object);
    const bucket = folderOf(location);
    const readOnly = textAt(location, "spec", "accessMode") === "ReadOnly";
    if (bucket === undefined || readOnly) {
      const name = textAt(object, "spec", "storageLocation") ?? "default";
      const why = readOnly
        ? `backup can't be created because backup storage location ${name} is currently in read-only mode`
        : `an existing backup storage location was not specified at backup creation time and the default '${name}' was not found`;
      this.#finish(BACKUPS, object, { phase: "FailedValidation", validationErrors: [why] });
      return;
    }
    const startTimestamp = this.#machine.registry.stamp();
    this.#status(BACKUPS, object, {
      version: 1,
      formatVersion: "1.1.0",
      phase: "InProgress",
      startTimestamp,
    });
    this.#later(START_MS, () => {
      const items = collect(this.#machine, object["spec"]);
      const wanted = toSnapshot(this.#machine, this.#namespace, object["spec"], items);
      const snapshots = takeSnapshots(this.#machine, this.#storage, wanted);
      this.#later(items.length * ITEM_MS + wanted.length * SNAPSHOT_CALL_MS, () => {
        const errors = wanted.length - snapshots.size;
        const done = this.#finish(BACKUPS, object, {
          phase: errors > 0 ? "PartiallyFailed" : "Completed",
          progress: { totalItems: items.length, itemsBackedUp: items.length },
          errors,
          warnings: 0,
          // Numbers that are zero aren't written.
          ...(wanted.length > 0 ? { volumeSnapshotsAttempted: wanted.length } : {}),
          ...(snapshots.size > 0 ? { volumeSnapshotsCompleted: snapshots.size } : {}),
        });
        const { name } = object.metadata;
        bucketOf(this.#storage, bucket).set(name, { name, object: done, items, snapshots });
      });
    });
  }

  /** The location that an object names, else the one that is marked or called default. */
  #location(object?: KubeObject): KubeObject | undefined {
    const name = textAt(object, "spec", "storageLocation");
    const all = [...this.#machine.store.in(LOCATIONS, this.#namespace)];
    if (name !== undefined) return all.find((l) => l.metadata.name === name);
    return (
      all.find((l) => at(l, "spec", "default") === true) ?? all.find((l) => l.metadata.name === "default")
    );
  }

  #restore(object: KubeObject): void {
    const checked = this.#validate(object);
    if (typeof checked === "string") {
      this.#finish(RESTORES, object, { phase: "FailedValidation", validationErrors: [checked] });
      return;
    }
    const startTimestamp = this.#machine.registry.stamp();
    this.#status(RESTORES, object, { phase: "InProgress", startTimestamp });
    this.#later(START_MS, () => {
      const items = planRestore(this.#machine, checked.backup, object["spec"]);
      this.#batch(object, items, 0, checked.rules, []);
    });
  }

  #validate(object: KubeObject): { readonly backup: StoredBackup; readonly rules: Modifiers } | string {
    const name = textAt(object, "spec", "backupName") ?? "";
    const unknown = notSimulated(object, RESTORE_FIELDS);
    if (unknown !== undefined) return unknown;
    const backup = this.#stored().find((b) => b.name === name);
    if (name === "")
      return "Either a backup or schedule must be specified as a source for the restore, but not both";
    if (!backup || !this.#machine.store.get(BACKUPS, this.#namespace, name))
      return `Error retrieving backup: Backup.velero.io "${name}" not found`;
    const reference = fieldsAt(object, "spec", "resourceModifier");
    const configMap = textAt(reference, "name");
    if (configMap === undefined) return { backup, rules: [] };
    const found = this.#machine.store.get("configmaps", this.#namespace, configMap);
    if (!found) return `failed to get resource modifiers configmap ${this.#namespace}/${configMap}`;
    const rules = parseModifiers(found);
    return typeof rules === "string"
      ? `Error in parsing resource modifiers provided in configmap: ${rules}`
      : { backup, rules };
  }

  #batch(
    object: KubeObject,
    items: readonly BackupItem[],
    from: number,
    rules: Modifiers,
    outcomes: Outcome[],
  ): void {
    const labels = {
      "velero.io/backup-name": textAt(object, "spec", "backupName") ?? "",
      "velero.io/restore-name": object.metadata.name,
    };
    const snapshots = this.#snapshotsFor(object);
    const updates = at(object, "spec", "existingResourcePolicy") === "update";
    const defines = items[from]?.key === DEFINITIONS;
    const batch = items.slice(from, from + BATCH).filter((item) => (item.key === DEFINITIONS) === defines);
    const served = !defines && items[from - 1]?.key === DEFINITIONS ? ESTABLISHED_MS : 0;
    const { slowness } = this.#machine;
    const late = feltMs(slowness, slowness.restoreSeconds);
    this.#later(batch.length * (ITEM_MS + late) + served, () => {
      for (const item of batch)
        outcomes.push(
          this.#leftOut(item) ??
            restoreItem(this.#machine, item, labels, rules, this.#who, updates, snapshots),
        );
      const done = from + batch.length;
      if (done < items.length) {
        this.#batch(object, items, done, rules, outcomes);
        return;
      }
      this.#restored(object, items.length, outcomes);
    });
  }

  /** The backup whose snapshots volumes are made of; none where the Restore leaves volumes alone. */
  #snapshotsFor(object: KubeObject): FromSnapshots | undefined {
    if (at(object, "spec", "restorePVs") === false) return undefined;
    const backup = this.#stored().find((b) => b.name === textAt(object, "spec", "backupName"));
    return backup && { backup, storage: this.#storage };
  }

  /** What a fault keeps it from restoring. */
  #leftOut({ key, object }: BackupItem): Outcome | undefined {
    const { slowness } = this.#machine;
    if (key !== slowness.leftOut) return undefined;
    slowness.felt();
    return { kind: "error", sentence: `error restoring ${key}/${object.metadata.name}: it can't be read` };
  }

  #restored(object: KubeObject, total: number, outcomes: readonly Outcome[]): void {
    const sentences = (kind: "error" | "warning") =>
      outcomes.flatMap((o) => (o.kind === kind && "sentence" in o ? [o.sentence] : []));
    const [errors, warnings] = [sentences("error"), sentences("warning")];
    this.#finish(RESTORES, object, {
      phase: errors.length > 0 ? "PartiallyFailed" : "Completed",
      errors: errors.length,
      warnings: warnings.length,
      progress: { totalItems: total, itemsRestored: total },
      ...(errors.length > 0 ? { failureReason: errors.slice(0, SENTENCES_MAX).join("\n") } : {}),
    });
  }

  /** What is in the buckets of all locations. */
  #stored(): readonly StoredBackup[] {
    return [...this.#machine.store.in(LOCATIONS, this.#namespace)].flatMap((location) => {
      const bucket = folderOf(location);
      return bucket === undefined ? [] : [...bucketOf(this.#storage, bucket).values()];
    });
  }

  #failInterrupted(): void {
    for (const table of [BACKUPS, RESTORES])
      for (const object of this.#machine.store.in(table, this.#namespace))
        if (at(object, "status", "phase") === "InProgress")
          this.#status(table, object, {
            phase: "Failed",
            failureReason: `found a ${object.kind.toLowerCase()} with status "InProgress" during the server starting, mark it as "Failed"`,
          });
  }

  /** Once a minute: locations are looked at, and backups that another cluster's Velero wrote show up here as objects. */
  #sync(life: number): void {
    if (!this.#up || life !== this.#life || this.#machine.queue.stopped) return;
    const { store, registry, clock, slowness } = this.#machine;
    const isBlind = clock.now() < slowness.bucketFromMs;
    if (isBlind) slowness.felt();
    for (const location of isBlind ? [] : [...store.in(LOCATIONS, this.#namespace)])
      if (at(location, "status", "phase") !== "Available")
        registry.setStatus(LOCATIONS, location, { phase: "Available", lastValidationTime: registry.stamp() });
    if (registry.kinds.stored(BACKUPS) && !isBlind)
      for (const backup of this.#stored()) {
        if (store.get(BACKUPS, this.#namespace, backup.name)) continue;
        const { uid: _, resourceVersion: __, ...metadata } = backup.object.metadata;
        const copied = {
          ...metadata,
          namespace: this.#namespace,
          uid: registry.uid(),
        } as KubeObject["metadata"];
        store.put(BACKUPS, { ...backup.object, metadata: copied });
      }
    clock.after(SYNC_MS, () => this.#sync(life));
  }
}
