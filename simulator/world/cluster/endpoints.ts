/** What stands behind each Service, as the balancers know it: every change of the pods arrives there one to three seconds late. */

import { byCodeUnit, type KubeObject } from "../../../domain/kube.ts";
import type { Random } from "../../random.ts";
import { at, canonical, fieldsAt, labelsOf, listAt, namespaceOf, pathOf, textAt, uidOf } from "./fields.ts";
import { type Machine, splitKey } from "./machine.ts";
import type { Pod, Pods } from "./pods.ts";
import { ownerReference } from "./replicas.ts";

const LAG_MIN_MS = 1_000;
const LAG_MAX_MS = 3_000;
const MINUTE_MS = 60_000;

type Entry = {
  published: readonly Pod[];
  readonly externalName: string | undefined;
  /** Uids of the pods that the selector takes, ready or not. */
  readonly candidates: Set<string>;
  /** Publications arrive in order, however their lags are drawn. */
  lastArrival: number;
};

export class Endpoints {
  readonly #machine: Machine;
  readonly #pods: Pods;
  readonly #random: Random;
  readonly #services = new Map<string, Entry>();
  /** `namespace|label=value` → Services whose selector has that pair first: so that a pod finds its Services quickly. */
  readonly #bySelector = new Map<string, Set<string>>();
  readonly #dirty = new Set<string>();

  constructor(machine: Machine, pods: Pods) {
    this.#machine = machine;
    this.#pods = pods;
    this.#random = machine.ofWorkloads.fork("endpoints");
    machine.store.onChange(({ key, before, after }) => {
      if (key === "services") this.#serviceChanged(before, after);
      else if (key === "pods" && (!before || !after || labelsOf(before) !== labelsOf(after)))
        this.#relabelled(before, after);
    });
  }

  /** What the balancers hold now; undefined where there is no such Service. */
  of(
    namespace: string,
    service: string,
  ): { readonly pods: readonly Pod[]; readonly externalName?: string } | undefined {
    const entry = this.#services.get(`${namespace}/${service}`);
    if (!entry) return undefined;
    return {
      pods: entry.published,
      ...(entry.externalName === undefined ? {} : { externalName: entry.externalName }),
    };
  }

  /** A pod got ready, stopped being it, or goes: its Services will hear of it. */
  touched(pod: Pod): void {
    const object = this.#machine.store.get("pods", pod.namespace, pod.name);
    if (object && uidOf(object) === pod.uid)
      for (const service of this.#servicesOf(object)) this.#mark(service);
  }

  #relabelled(before: KubeObject | undefined, after: KubeObject | undefined): void {
    for (const service of before ? this.#servicesOf(before) : []) {
      this.#services.get(service)?.candidates.delete(uidOf(before as KubeObject));
      this.#mark(service);
    }
    for (const service of after ? this.#servicesOf(after) : []) {
      this.#services.get(service)?.candidates.add(uidOf(after as KubeObject));
      this.#mark(service);
    }
  }

  /** The Services whose selector takes a pod. */
  #servicesOf(pod: KubeObject): readonly string[] {
    const labels = labelsOf(pod);
    const found: string[] = [];
    for (const [key, value] of Object.entries(labels))
      for (const service of this.#bySelector.get(`${namespaceOf(pod)}|${key}=${value}`) ?? []) {
        const { namespace, name } = splitKey(service);
        const selector = selectorOf(this.#machine.store.get("services", namespace, name));
        if (selector.every(([k, v]) => labels[k] === v)) found.push(service);
      }
    return found;
  }

  #serviceChanged(before: KubeObject | undefined, after: KubeObject | undefined): void {
    const object = (after ?? before) as KubeObject;
    const key = pathOf(object);
    const slot = (service: KubeObject | undefined) => {
      const [first] = selectorOf(service);
      return first && service ? `${namespaceOf(service)}|${first[0]}=${first[1]}` : undefined;
    };
    const [was, is] = [slot(before), slot(after)];
    if (was !== undefined && was !== is) this.#bySelector.get(was)?.delete(key);
    if (is !== undefined) this.#bySelector.set(is, (this.#bySelector.get(is) ?? new Set()).add(key));
    if (!after) this.#services.delete(key);
    else {
      const external =
        at(after, "spec", "type") === "ExternalName" ? textAt(after, "spec", "externalName") : undefined;
      const entry = this.#services.get(key);
      const [lastArrival, published] = [entry?.lastArrival ?? 0, entry?.published ?? []];
      const unchanged =
        before !== undefined && canonical(selectorOf(before)) === canonical(selectorOf(after));
      const candidates = entry && unchanged ? entry.candidates : this.#taken(after);
      this.#services.set(key, { published, externalName: external, lastArrival, candidates });
      this.#mark(key);
    }
    this.#machine.changed(namespaceOf(object));
  }

  /** Collects what changes in one instant, then sends it off. */
  #mark(service: string): void {
    if (this.#machine.loading()) return;
    if (this.#dirty.size === 0)
      this.#machine.clock.after(0, () => {
        const all = [...this.#dirty].sort(byCodeUnit);
        this.#dirty.clear();
        for (const key of all) this.#send(key);
      });
    this.#dirty.add(service);
  }

  /** Everything as it is, at once: how the source stands at the start. */
  publishAll(): void {
    for (const key of [...this.#services.keys()].sort(byCodeUnit)) this.#publish(key, this.#members(key));
  }

  #send(service: string): void {
    const entry = this.#services.get(service);
    if (!entry) return;
    const members = this.#members(service);
    const now = this.#machine.clock.now();
    const chance = this.#random.fork(`${service} ${Math.floor(now / MINUTE_MS)}`);
    const arrival = Math.max(now + Math.round(chance.between(LAG_MIN_MS, LAG_MAX_MS)), entry.lastArrival);
    entry.lastArrival = arrival;
    this.#machine.clock.at(arrival, () => this.#publish(service, members));
  }

  #publish(service: string, members: readonly Pod[]): void {
    const entry = this.#services.get(service);
    if (!entry || same(entry.published, members)) return;
    entry.published = members;
    this.#writeObjects(service, members);
    this.#machine.changed(splitKey(service).namespace);
  }

  /** The ready pods that the selector takes, by name; not those that are going. */
  #members(service: string): readonly Pod[] {
    const { namespace, name } = splitKey(service);
    const object = this.#machine.store.get("services", namespace, name);
    const unready = at(object, "spec", "publishNotReadyAddresses") === true;
    const found: Pod[] = [];
    for (const uid of this.#services.get(service)?.candidates ?? []) {
      const pod = this.#pods.get(uid);
      if (pod && !pod.finished && !pod.terminating && (pod.ready || (unready && pod.accepting)))
        found.push(pod);
    }
    return found.sort((a, b) => byCodeUnit(a.name, b.name));
  }

  /** A selector's pods, looked for once; after that each pod's own events keep the set. */
  #taken(service: KubeObject): Set<string> {
    const selector = selectorOf(service);
    const taken = new Set<string>();
    if (selector.length === 0) return taken;
    for (const pod of this.#machine.store.in("pods", namespaceOf(service))) {
      const labels = labelsOf(pod);
      if (selector.every(([k, v]) => labels[k] === v)) taken.add(uidOf(pod));
    }
    return taken;
  }

  #writeObjects(service: string, members: readonly Pod[]): void {
    const { namespace, name } = splitKey(service);
    const { store, registry } = this.#machine;
    const object = store.get("services", namespace, name);
    if (!object) return;
    const ports = listAt(object, "spec", "ports").map((p) => ({
      name: p["name"] ?? "",
      port: p["port"],
      protocol: p["protocol"],
    }));
    const endpoints = members.map((pod) => ({
      addresses: [textAt(store.get("pods", pod.namespace, pod.name), "status", "podIP") ?? ""],
      conditions: { ready: true, serving: true, terminating: false },
      targetRef: { kind: "Pod", name: pod.name, namespace, uid: pod.uid },
    }));
    const slice = `${name}-1`;
    const old = store.get("endpointslices.discovery.k8s.io", namespace, slice);
    store.put("endpointslices.discovery.k8s.io", {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        name: slice,
        namespace,
        uid: old ? uidOf(old) : registry.uid(),
        labels: {
          "kubernetes.io/service-name": name,
          "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        },
        ownerReferences: [ownerReference(object) as never],
      },
      addressType: "IPv4",
      endpoints,
      ports,
    });
    const before = store.get("endpoints", namespace, name);
    const addresses = endpoints.map((e) => ({ ip: e.addresses[0], targetRef: e.targetRef }));
    store.put("endpoints", {
      apiVersion: "v1",
      kind: "Endpoints",
      metadata: {
        name,
        namespace,
        uid: before ? uidOf(before) : registry.uid(),
        labels: object.metadata.labels ?? {},
      },
      subsets: addresses.length === 0 ? [] : [{ addresses, ports }],
    });
  }
}

const selectorOf = (service: KubeObject | undefined): readonly (readonly [string, unknown])[] =>
  at(service, "spec", "type") === "ExternalName" ? [] : Object.entries(fieldsAt(service, "spec", "selector"));

const same = (a: readonly Pod[], b: readonly Pod[]): boolean =>
  a.length === b.length && a.every((pod, i) => pod === b[i]);
