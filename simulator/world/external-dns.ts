/**
 * external-dns as it runs in a cluster: once an interval it compares what its cluster's Ingresses want with the records that its registry (TXT
 * records with an owner id) says are its own, creates what is missing, brings its own up to date, and under the policy `sync` deletes those of its
 * own that nobody wants any more. Two with one owner id therefore undo each other's work.
 */

import { ownerIn, valuesOf } from "../../domain/controllers.ts";
import type { RecordSet } from "../../domain/effects.ts";
import { byCodeUnit, type KubeObject } from "../../domain/kube.ts";
import { SIDES, type Side } from "../../domain/phases.ts";
import { nameOf, type Plan } from "../../domain/plan.ts";
import { at } from "../../domain/pods.ts";
import type { Clock } from "../clock.ts";
import type { SimulatedDns } from "./dns/index.ts";
import { fqdn, isUnder } from "./dns/names.ts";
import { podsOf } from "./traffic/pods.ts";
import type { Cluster, Emit } from "./types.ts";

export type ExternalDnsOptions = {
  readonly plan: Plan;
  readonly clock: Clock;
  readonly dns: Pick<SimulatedDns, "zones">;
  readonly clusters: { readonly [S in Side]: Cluster };
  readonly emit: Emit;
};

/** `--interval`, its default. */
const INTERVAL_MS = 60_000;
/** Where load balancers' names lie: what an alias has to say. */
const BALANCER_ZONE = "Z215JYRZR1TBD5";

/** The TXT record beside a host's A record (the registry's format since 0.12). */
export const registryName = (host: string): string => `a-${fqdn(host)}`;

export const heritage = (owner: string): string =>
  `"heritage=external-dns,external-dns/owner=${owner},external-dns/resource=ingress"`;

/** The owner id of the source's external-dns where the platform has one; and the zone that it is pinned to. */
export const registered = (plan: Plan): { readonly owner: string; readonly zoneId?: string } | undefined => {
  const found = plan.workloads.find((w) => w.controller?.product === "external-dns" && w.replicas > 0);
  const object =
    found &&
    plan.objects.find(
      (o) =>
        o["kind"] === found.kind &&
        `${at(o, "metadata", "namespace")}/${at(o, "metadata", "name")}` === nameOf(found),
    );
  const args = argumentsOf(object as KubeObject | undefined, ["spec", "template", "spec", "containers"]);
  const owner = valuesOf(args, "txt-owner-id").at(-1);
  const [zoneId] = valuesOf(args, "zone-id-filter");
  return owner === undefined ? undefined : { owner, ...(zoneId === undefined ? {} : { zoneId }) };
};

/** Lets it run in both clusters. Nothing is done for platforms without one. */
export const runExternalDns = (options: ExternalDnsOptions): void => {
  const names = options.plan.workloads.filter((w) => w.controller?.product === "external-dns").map(nameOf);
  if (names.length === 0) return;
  let due = false;
  // It looks once an interval; where nothing has changed since the last look, a look changes nothing.
  const wake = (): void => {
    if (due) return;
    due = true;
    options.clock.after(INTERVAL_MS, () => {
      due = false;
      for (const side of SIDES) for (const name of names) look(options, side, name);
    });
  };
  for (const side of SIDES) options.clusters[side].onChange(wake);
  options.dns.zones.onServed(wake);
};

const argumentsOf = (object: KubeObject | undefined, path: readonly string[]): readonly string[] =>
  ((at(object, ...path) ?? []) as readonly { readonly args?: readonly string[] }[]).flatMap(
    (c) => c.args ?? [],
  );

/** Each ready pod looks; it was started with the arguments that its own spec has. */
const look = (options: ExternalDnsOptions, side: Side, name: string): void => {
  const cluster = options.clusters[side];
  if (!cluster.exists()) return;
  for (const pod of podsOf(cluster).of(name)) {
    if (!pod.ready || pod.terminating) continue;
    const object = cluster.get({ apiVersion: "v1", kind: "Pod", namespace: pod.namespace, name: pod.name });
    const args = argumentsOf(object, ["spec", "containers"]);
    const owner = valuesOf(args, "txt-owner-id").at(-1) ?? "default";
    const wanted = wantedBy(cluster);
    for (const zone of options.dns.zones.all().filter((z) => takes(args, z)))
      sync(options, side, { zoneId: zone.id, zone: zone.name, owner, wanted, deletes: deletes(args) });
  }
};

const takes = (args: readonly string[], zone: { readonly id: string; readonly name: string }): boolean => {
  const ids = valuesOf(args, "zone-id-filter").flatMap((v) => v.split(","));
  const domains = valuesOf(args, "domain-filter").flatMap((v) => v.split(","));
  if (ids.length > 0) return ids.includes(zone.id);
  return domains.length === 0 || domains.some((d) => isUnder(zone.name, fqdn(d)));
};

const deletes = (args: readonly string[]): boolean => (valuesOf(args, "policy").at(-1) ?? "sync") === "sync";

/** Hosts of the Ingresses that have a load balancer, with its name. */
export const wantedBy = (cluster: Cluster): ReadonlyMap<string, string> => {
  const wanted = new Map<string, string>();
  for (const object of cluster.all()) {
    if (object.kind !== "Ingress") continue;
    const list = (at(object, "status", "loadBalancer", "ingress") ?? []) as readonly {
      readonly hostname?: string;
    }[];
    const hostname = list[0]?.hostname;
    if (hostname === undefined) continue;
    for (const rule of (at(object, "spec", "rules") ?? []) as readonly { readonly host?: string }[])
      if (rule.host !== undefined) wanted.set(fqdn(rule.host), hostname);
  }
  return wanted;
};

type Look = {
  readonly zoneId: string;
  readonly zone: string;
  readonly owner: string;
  readonly wanted: ReadonlyMap<string, string>;
  readonly deletes: boolean;
};

const LEADS: ReadonlySet<string> = new Set(["A", "AAAA", "CNAME"]);

const sync = ({ dns, emit }: ExternalDnsOptions, side: Side, seen: Look): void => {
  const records = dns.zones.records(seen.zoneId);
  const owners = new Map(
    records
      .filter((r) => r.type === "TXT")
      .map((r) => [fqdn(r.name), ownerIn((r.values ?? []).join(""))] as const),
  );
  let after = [...records];
  const say = (host: string, was: string, is: string) =>
    emit({
      type: "actor",
      who: `external-dns ${seen.owner}`,
      cluster: side,
      object: `Record ${host}`,
      field: seen.zoneId,
      before: was,
      after: is,
      allowed: true,
    });
  for (const [host, balancer] of [...seen.wanted].sort(([a], [b]) => byCodeUnit(a, b))) {
    if (!isUnder(host, seen.zone)) continue;
    const present = after.find((r) => fqdn(r.name) === host && LEADS.has(r.type));
    const isOurs = owners.get(registryName(host)) === seen.owner;
    if (present ? !isOurs || leadsTo(present) === fqdn(balancer) : owners.has(registryName(host)) && !isOurs)
      continue;
    const record: RecordSet = {
      name: host,
      type: "A",
      alias: { hostedZoneId: BALANCER_ZONE, dnsName: `${balancer.replace(/\.$/, "")}.` },
    };
    const text: RecordSet = {
      name: registryName(host),
      type: "TXT",
      ttlSeconds: 300,
      values: [heritage(seen.owner)],
    };
    after = [...after.filter((r) => r !== present && fqdn(r.name) !== registryName(host)), record, text];
    say(host, present ? leadsTo(present) : "none", balancer);
  }
  if (seen.deletes)
    for (const [registry, owner] of owners) {
      const host = registry.replace(/^a-/, "");
      if (owner !== seen.owner || seen.wanted.has(host) || registry === host) continue;
      after = after.filter((r) => fqdn(r.name) !== registry && !(fqdn(r.name) === host && LEADS.has(r.type)));
      say(host, "a record of its own", "none");
    }
  if (after.length !== records.length || after.some((r, i) => r !== records[i]))
    dns.zones.replace(seen.zoneId, after);
};

const leadsTo = (record: RecordSet): string => fqdn(record.alias?.dnsName ?? record.values?.[0] ?? "");
