/** What is true when a phase is over, as sentences about what isn't. */

import { BUNDLE_DEPLOYMENTS, SYSTEM_NAMESPACE, VELERO } from "../../domain/bundle.ts";
import { suiteNameOf } from "../../domain/e2e.ts";
import type { RunEvent } from "../../domain/events.ts";
import type { KubeObject, Ref } from "../../domain/kube.ts";
import { CREATED_BY, refOf, sentenceOf } from "../../domain/kube.ts";
import { SIDES, type Side } from "../../domain/phases.ts";
import { nameOf, type Plan, type Workload } from "../../domain/plan.ts";
import { at } from "../../domain/pods.ts";
import { demandsOf, fitOf } from "../../domain/warmth.ts";
import type { Observed } from "../services/seam.ts";
import { podsOf } from "../world/traffic/pods.ts";
import type { Cluster } from "../world/types.ts";
import type { SceneWorld } from "./scene.ts";
import { isStarted } from "./standing.ts";

const dotted = (name: string): string => (name.endsWith(".") ? name : `${name}.`);

/** An alias is answered with this, whatever anybody wants. */
const ALIAS_TTL_SECONDS = 60;

/** The record sets that a server answers with for a name. */
const served = ({ dns }: Pick<SceneWorld, "dns">, server: string, name: string) =>
  dns.zones.view(server, dotted(name))?.byName.get(dotted(name)) ?? [];

/** Preflight: every server answers with the lowered TTLs. */
export const prepared = (plan: Plan, world: SceneWorld): readonly string[] => {
  const { zone, loweredTtlSeconds } = plan.settings.dns;
  const names = [zone, ...hostsOf(plan)];
  const asked = [
    ...world.dns.parent.nameServers.map((server) => [server, zone] as const),
    ...world.dns.child.nameServers.flatMap((server) => names.map((name) => [server, name] as const)),
  ];
  return asked.flatMap(([server, name]) =>
    served(world, server, name)
      .filter((record) => record.type !== "SOA" && record.type !== "TXT")
      .filter(
        (r) =>
          (r.alias ? ALIAS_TTL_SECONDS : (r.ttlSeconds ?? 0)) >
          Math.max(loweredTtlSeconds, ALIAS_TTL_SECONDS),
      )
      .map(
        (r) =>
          `Preflight is over, and ${server} answers ${r.type} ${name} with a TTL of ${r.ttlSeconds ?? 0} s.`,
      ),
  );
};

/** Build: Repot's own runs on both sides, everything has room on the target, and the target reaches whom the source reaches. */
export const built = (plan: Plan, world: SceneWorld): readonly string[] => {
  const over = "The target is said to be built, and";
  const { clusters, outside } = world;
  const missing = SIDES.flatMap((side) =>
    BUNDLE_DEPLOYMENTS.filter(
      ({ namespace, name }) => readyOf(clusters[side], `${namespace}/${name}`) === 0,
    ).map(({ namespace, name }) => `${over} ${namespace}/${name} doesn't run on the ${side}.`),
  );
  const location = {
    apiVersion: "velero.io/v1",
    kind: "BackupStorageLocation",
    namespace: VELERO.namespace,
    name: VELERO.storage,
  };
  const blind = SIDES.filter(
    (side) => at(clusters[side].get(location), "status", "phase") !== "Available",
  ).map((side) => `${over} Velero on the ${side} doesn't reach its bucket.`);
  const all = clusters.target.all();
  const fit = fitOf(
    demandsOf(plan.workloads, plan.objects as unknown as readonly KubeObject[]),
    all.filter((o) => o.kind === "Node"),
    all.filter((o) => o.kind === "Pod"),
  );
  const tight =
    fit.placed < fit.wanted
      ? [`${over} ${fit.placed} of the plan's ${fit.wanted} pods have room on its Ready nodes.`]
      : [];
  const cutOff = outside.all
    .filter((o) => outside.dropped("target", o) !== undefined && outside.dropped("source", o) === undefined)
    .map((o) => `${over} it can't reach ${o.name}, which the source reaches.`);
  return [...missing, ...blind, ...tight, ...cutOff];
};

/** Move: both sides hold the same. */
export const moved = (plan: Plan, { clusters: { source, target } }: SceneWorld): readonly string[] => {
  const over = "The workloads are said to be moved, and";
  const differing = (plan.objects as unknown as readonly KubeObject[]).flatMap((planned) => {
    const ref = refOf(planned);
    const [here, there] = [source.get(ref), target.get(ref)];
    if (!here || !COMPARED.has(planned.kind) || isOwnOfCluster(ref)) return [];
    if (!there) return [`${over} ${sentenceOf(ref)} isn't on the target.`];
    return sameContent(here, there)
      ? []
      : [`${over} ${sentenceOf(ref)} isn't on the target what it is on the source.`];
  });
  return [
    ...differing,
    ...leftBehind(plan, source, target).map((who) => `${over} ${who} isn't on the target.`),
  ];
};

/** What people brought to the platform on the source while it moved. */
const leftBehind = (plan: Plan, source: Cluster, target: Cluster): readonly string[] => {
  const namespaces = new Set(plan.workloads.map((w) => w.namespace));
  const objects = plan.objects as unknown as readonly KubeObject[];
  const kinds = new Set(
    objects.map((o) => o.kind).filter((kind) => COMPARED.has(kind) || kind === "Service"),
  );
  const planned = new Set(objects.map((o) => sentenceOf(refOf(o))));
  return source
    .all()
    .filter((o) => kinds.has(o.kind) && namespaces.has(o.metadata.namespace ?? ""))
    .filter(({ metadata }) => metadata["ownerReferences"] === undefined)
    .filter((o) => o.metadata.annotations?.[CREATED_BY] === undefined && !isOwnOfCluster(refOf(o)))
    .map(refOf)
    .filter((ref) => !planned.has(sentenceOf(ref)) && !target.get(ref))
    .map(sentenceOf);
};

const isExclusive = (w: Workload): boolean =>
  w.move === "stop-then-start" || (w.move === "hand-over-controller" && w.controller?.way === "owned");

/** What a restore brings as it is, and nobody but people changes. */
const COMPARED = new Set([
  "ConfigMap",
  "CronJob",
  "Deployment",
  "MutatingWebhookConfiguration",
  "Secret",
  "StatefulSet",
  "ValidatingWebhookConfiguration",
]);

const isOwnOfCluster = ({ namespace = "", name }: Ref): boolean =>
  namespace.startsWith("kube-") || name === "kube-root-ca.crt";

/** Data of what holds data, images of what runs. */
const sameContent = (here: KubeObject, there: KubeObject): boolean => {
  const contentOf = (object: KubeObject): string =>
    JSON.stringify([object["data"] ?? null, imagesIn(at(object, "spec", "template", "spec"))]);
  return contentOf(here) === contentOf(there);
};

const imagesIn = (spec: unknown): readonly unknown[] =>
  ((at(spec, "containers") ?? []) as readonly unknown[]).map((container) => at(container, "image"));

/** Before the source gives anything up: the new servers are named everywhere, and whoever asks the old ones is led to the target. */
export const led = (plan: Plan, world: SceneWorld): readonly string[] => {
  const { zone } = plan.settings.dns;
  const { dns } = world;
  const over = "The source is to give up capacity, and";
  const old = new Set(dns.child.nameServers.map(dotted));
  const names = [...dns.parent.nameServers, ...dns.child.nameServers].filter((server) =>
    served(world, server, zone).some(
      (r) => r.type === "NS" && (r.values ?? []).some((v) => old.has(dotted(v))),
    ),
  );
  return [
    ...names.map((server) => `${over} ${server} still names the old servers.`),
    ...astray(plan, world, over),
  ];
};

/** Cut: the source stays at its floor. */
export const cut = (plan: Plan, { clusters }: SceneWorld): readonly string[] =>
  plan.workloads
    .filter((w) => w.move === "half-and-half" && isStarted(w))
    .flatMap((w) => {
      const wanted = Number(at(clusters.source.get(w), "spec", "replicas") ?? 0);
      const floor = Math.min(w.floor, w.replicas);
      return wanted > floor
        ? [
            `Traffic is said to be cut, and ${nameOf(w)} wants ${wanted} pods on the source, where ${floor} stay.`,
          ]
        : [];
    });

/** Servers of the old zone that lead a host to the source. */
const astray = (plan: Plan, world: SceneWorld, over: string): readonly string[] =>
  hostsOf(plan).flatMap((host) =>
    world.dns.child.nameServers
      .filter((server) =>
        served(world, server, host).some(
          (r) => leadsTo(world, r.alias?.dnsName ?? r.values?.[0]) === "source",
        ),
      )
      .map((server) => `${over} ${server} still leads ${host} to the source.`),
  );

const leadsTo = ({ addresses }: SceneWorld, name: string | undefined): Side | undefined =>
  name === undefined ? undefined : addresses.behind(dotted(name))?.side;

const readyOf = (cluster: Cluster, workload: string): number =>
  cluster.exists()
    ? podsOf(cluster)
        .of(workload)
        .filter((pod) => pod.ready).length
    : 0;

const hostsOf = (plan: Plan): readonly string[] => [...new Set(plan.hosts.map((h) => h.host))];

/** The end-to-end suite takes its Jobs away again: that they succeeded has to be seen while they are there. */
export const makeSuite = () => {
  let begun = false;
  const passed = new Set<string>();
  return {
    look: (plan: Plan, { clusters: { target } }: SceneWorld, call: Observed): void => {
      if (call.service !== "kubernetes" || call.side !== "target") return;
      if (call.invocation.step === "run-e2e-suite") begun = true;
      if (!begun || !target.exists()) return;
      for (const host of hostsOf(plan)) {
        const name = suiteNameOf(host);
        const job = target.get({ apiVersion: "batch/v1", kind: "Job", namespace: SYSTEM_NAMESPACE, name });
        if (Number(at(job, "status", "succeeded") ?? 0) > 0) passed.add(host);
      }
    },
    missing: (plan: Plan): readonly string[] =>
      hostsOf(plan)
        .filter((host) => !passed.has(host))
        .map(
          (host) =>
            `The workloads are said to be moved, and the end-to-end suite has not passed for ${host}.`,
        ),
  };
};

/** Before the delegation: what is exclusive runs on the target only. */
export const owned = (plan: Plan, { clusters: { source } }: SceneWorld): readonly string[] => {
  const over = "Traffic is to be cut, and";
  return plan.workloads
    .filter((w) => isExclusive(w) && podsOf(source).accepting(nameOf(w)) > 0)
    .map((w) => `${over} ${nameOf(w)} still runs on the source.`);
};

/** Before the delegation: whoever asks the new servers hears of every name what the old ones say, but for the hosts. */
export const unlike = (plan: Plan, { dns }: SceneWorld): readonly string[] => {
  const { zones, child } = dns;
  const over = "Traffic is to be cut, and";
  const fresh = zones.all().find((zone) => zone.name === child.name && zone.id !== child.id);
  const hosts = new Set(hostsOf(plan).map(dotted));
  const own = (id: string | undefined) =>
    (id === undefined ? [] : zones.records(id))
      .filter((r) => r.type !== "SOA" && !(r.type === "NS" && r.name === child.name))
      .filter((r) => !hosts.has(dotted(r.name)) && !isHeritage(r.values));
  const old = own(child.id);
  const missing = old.filter((r) => {
    const there = fresh?.nameServers.map((server) => served({ dns }, server, r.name)) ?? [[]];
    return there.some((found) => !found.some((f) => f.type === r.type && saysSame(f, r)));
  });
  const left = own(fresh?.id).filter((r) => !old.some((o) => o.type === r.type && o.name === r.name));
  return [
    ...missing.map(
      (r) => `${over} the new zone's servers don't say of ${r.type} ${r.name} what the old zone has.`,
    ),
    ...left.map((r) => `${over} the new zone has ${r.type} ${r.name}, and the old one has it no more.`),
  ];
};

type Said = { readonly values?: readonly string[] | undefined; readonly alias?: unknown };

const saysSame = (a: Said, b: Said): boolean =>
  JSON.stringify([[...(a.values ?? [])].sort(), a.alias ?? null]) ===
  JSON.stringify([[...(b.values ?? [])].sort(), b.alias ?? null]);

/** What external-dns notes of its records names another owner in each zone. */
const isHeritage = (values: readonly string[] = []): boolean =>
  values.some((value) => value.includes("heritage=external-dns"));

/** Cut: the source is left to nobody. What still comes is below what counts as nobody. */
export const left = (plan: Plan, { traffic }: SceneWorld): readonly string[] => {
  const [here, there] = [traffic.arriving("source"), traffic.arriving("target")];
  const share = here.requestsPerSecond / Math.max(1e-9, here.requestsPerSecond + there.requestsPerSecond);
  return share > plan.settings.policy.stragglerShareMax * STRAGGLERS_MARGIN
    ? [
        `Traffic is said to be cut, and ${(share * 100).toFixed(1)} % of all requests still arrive at the source.`,
      ]
    : [];
};

/** Demand moves between the gate's look and the phase's end. */
const STRAGGLERS_MARGIN = 2;

/** What clients wait before and after the delegation, as the record's lines of traffic have it. */
export const makePace = () => {
  let beforeMs: number | undefined;
  let afterMs: number | undefined;
  return {
    see: (event: RunEvent, isCut: boolean): void => {
      if (event.type !== "traffic") return;
      if (!isCut) beforeMs = event.source.p99Ms ?? beforeMs;
      else if (event.target.served > 0) afterMs = event.target.p99Ms ?? afterMs;
    },
    /** Before the source gives anything up, and when it has: clients of the target wait about as long as they did. */
    slow: (plan: Plan, over: string): readonly string[] => {
      if (beforeMs === undefined || afterMs === undefined) return [];
      return afterMs > beforeMs * plan.settings.gates.p99RatioMax * PACE_MARGIN
        ? [`${over} p99 on the target is ${Math.round(afterMs)} ms, where it was ${Math.round(beforeMs)} ms.`]
        : [];
    },
  };
};

/** A line of the record is a quarter of an hour old, and its hour another one. */
const PACE_MARGIN = 1.3;
