/** Fills in what repot.yaml leaves open, and writes down each thing that was assumed about the platform. A real start refuses assumptions. */

import { sha256 } from "../canonical.ts";
import type { Classified } from "../classes/classify.ts";
import { BadInput, Refused } from "../errors.ts";
import type { Inventory } from "../inventory.ts";
import { byCodeUnit, keyOf, refOf } from "../kube.ts";
import type { Plan } from "../plan.ts";
import { type GivenSettings, type Settings, type SettingsFile, SettingsSchema } from "../settings.ts";
import { checkWindow } from "../window.ts";
import type { Found } from "./hosts.ts";
import type { Resolve } from "./names.ts";

/** repot.yaml where there is none. */
export const NOTHING_GIVEN: GivenSettings = { fileName: "repot.yaml", given: {}, where: () => "repot.yaml" };

export type Filled = {
  readonly settings: Settings;
  readonly hosts: Plan["hosts"];
  readonly assumptions: readonly string[];
  readonly limits: readonly string[];
};

const ZONE = "platform.example";
const VERSIONS = { source: "1.31", target: "1.33" } as const;
/** TEST-NET-3 (RFC 5737): addresses that belong to nobody. */
const EGRESS = ["203.0.113.10"];
const LOAD = 20;
const CAPACITY = 100;
const APPROVERS = ["first-approver", "second-approver", "third-approver"];

/** The one namespace that applications live in, else a name made of the objects' names: the same for any order of the input. */
export const platformName = (inventory: Inventory): string => {
  const namespaces = [
    ...new Set(inventory.running.map((r) => r.namespace).filter((n) => n !== "kube-system")),
  ];
  const [only, ...others] = namespaces;
  if (only !== undefined && others.length === 0 && only !== "default") return only;
  return `platform-${sha256(inventory.objects.map((o) => keyOf(refOf(o))).join("\n")).slice(0, 8)}`;
};

type Pool = NonNullable<NonNullable<SettingsFile["source"]>["nodePools"]>[number];

const ARCH = "kubernetes.io/arch";
const OS = "kubernetes.io/os";

/** Pods run on the source now, so it has nodes with whatever labels they select. */
const sourcePools = (inventory: Inventory): Pool[] => {
  const selectors = new Map<string, Readonly<Record<string, string>>>();
  for (const { template } of inventory.running) {
    const selector = Object.entries(template.spec.nodeSelector ?? {}).sort(([a], [b]) => byCodeUnit(a, b));
    if (selector.length > 0) selectors.set(JSON.stringify(selector), Object.fromEntries(selector));
  }
  const special = [...selectors.entries()]
    .sort(([a], [b]) => byCodeUnit(a, b))
    .map(([, s], i) => poolFor(s, `selected-${i + 1}`));
  return [
    { name: "general" },
    ...special.filter((p) => Object.keys(p.labels ?? {}).length > 0 || p.os || p.arch),
  ];
};

const poolFor = (selector: Readonly<Record<string, string>>, name: string): Pool => {
  const labels = Object.fromEntries(
    Object.entries(selector).filter(([k]) => k !== OS && k !== ARCH && k !== "kubernetes.io/hostname"),
  );
  return {
    name,
    labels,
    ...(selector[OS] === "windows" ? { os: "windows" as const } : {}),
    ...(selector[ARCH] === "arm64" ? { arch: "arm64" as const } : {}),
  };
};

/** A short form of a list of hosts for a sentence. */
const some = (items: readonly string[]): string =>
  items.length <= 5 ? items.join(", ") : `${items.slice(0, 5).join(", ")} and ${items.length - 5} more`;

const clusters = (
  given: SettingsFile,
  platform: string,
  inventory: Inventory,
  assume: (line: string) => void,
) => {
  const one = (side: "source" | "target", pools: Pool[]) => {
    const said = given[side] ?? {};
    const filled = {
      name: `${platform}-${side}`,
      kubernetesVersion: VERSIONS[side],
      nodePools: pools,
      egressAddresses: EGRESS,
      ...said,
    };
    if (said.name === undefined) assume(`The ${side} cluster is called ${filled.name}.`);
    if (said.kubernetesVersion === undefined)
      assume(`The ${side} cluster runs Kubernetes ${VERSIONS[side]}.`);
    if (said.nodePools === undefined)
      assume(
        `The ${side} cluster's nodes: ${pools.map((p) => p.name).join(", ")}, 16 CPU and 64 GiB each${side === "source" && pools.length > 1 ? ", with the labels that node selectors ask for" : ""}.`,
      );
    if (said.egressAddresses === undefined)
      assume(`Third parties see the ${side} cluster as ${EGRESS.join(", ")}.`);
    return filled;
  };
  return { source: one("source", sourcePools(inventory)), target: one("target", [{ name: "general" }]) };
};

/** The longest end that hosts share, at least two labels, never a whole host unless it has but two. */
const sharedEnd = (hosts: readonly string[]): string | undefined => {
  const labels = hosts.map((h) => h.replace(/^\*\./, "").split(".").reverse());
  const [first, ...rest] = labels;
  if (!first) return undefined;
  const shortest = Math.min(...labels.map((l) => l.length));
  let shared = 0;
  while (
    shared < Math.max(2, shortest - 1) &&
    first[shared] !== undefined &&
    rest.every((l) => l[shared] === first[shared])
  )
    shared += 1;
  return shared >= 2 ? first.slice(0, shared).reverse().join(".") : undefined;
};

/** The registrable end of most hosts; all hosts of the zone must lie in one. */
const assumedZone = (hosts: readonly string[]): string => {
  const groups = new Map<string, string[]>();
  for (const host of hosts) {
    const end = host.split(".").slice(-2).join(".");
    groups.set(end, [...(groups.get(end) ?? []), host]);
  }
  const [largest] = [...groups.values()].sort(
    (a, b) => b.length - a.length || byCodeUnit(a[0] ?? "", b[0] ?? ""),
  );
  return sharedEnd(largest ?? []) ?? ZONE;
};

const inZone = (host: string, zone: string): boolean => host === zone || host.endsWith(`.${zone}`);

type Names = {
  readonly dns: Settings["dns"];
  readonly hosts: Plan["hosts"];
  readonly limits: readonly string[];
};

/** Zone and hosts, from what was said and what was found. */
const namesOf = (
  said: GivenSettings,
  found: Found,
  inventory: Inventory,
  assume: (line: string) => void,
): Names => {
  const { given, where } = said;
  const named = found.routes.flatMap((r) => (r.host === null ? [] : [r.host.toLowerCase()]));
  const listed = (given.dns?.hosts ?? []).map((h) => h.host);
  const zone = given.dns?.zone ?? assumedZone([...listed, ...named]);
  if (given.dns?.zone === undefined) assume(`The zone is ${zone}: repot.yaml names none.`);
  const parent = given.dns?.parent ?? zone.split(".").slice(1).join(".");
  if (given.dns?.parent === undefined)
    assume(`The zone ${zone} is delegated by ${parent}, and we may change that.`);
  if (!inZone(zone, parent) || zone === parent || parent === "")
    throw new BadInput(`${where(["dns", "parent"])}: ${parent} is no parent of the zone ${zone}.`);
  const outside = listed.find((h) => !inZone(h, zone));
  if (outside !== undefined)
    throw new BadInput(
      `${where(["dns", "hosts", listed.indexOf(outside), "host"])}: ${outside} is in no zone that is defined here: dns.zone is ${zone}.`,
    );
  if (given.dns?.ttlSeconds === undefined) assume("The zone's NS records have Route 53's TTL of 172,800 s.");
  if (given.dns?.recordTtlSeconds === undefined) assume("The zone's other records have a TTL of 300 s.");
  const dns = SettingsSchema.shape.dns.parse({ ...given.dns, zone, parent });
  return { dns, ...hostsOf(said, found, zone, inventory, assume) };
};

const hostsOf = (
  { given, where }: GivenSettings,
  found: Found,
  zone: string,
  inventory: Inventory,
  assume: (line: string) => void,
): { hosts: Plan["hosts"]; limits: readonly string[] } => {
  const hosts: { host: string; namespace: string; service: string }[] = [];
  const limits: string[] = [];
  const invented: string[] = [];
  for (const { host, namespace, service, field } of found.routes) {
    if (!inventory.serviceById.has(`${namespace}/${service}`)) {
      limits.push(
        `${field} names Service ${namespace}/${service}, which the manifests don't have: nothing answers there.`,
      );
      continue;
    }
    const name =
      host?.toLowerCase() ?? `${service}${clash(found, service, namespace) ? `.${namespace}` : ""}.${zone}`;
    if (host === null) invented.push(`${name} for Service ${namespace}/${service}`);
    if (inZone(name, zone)) hosts.push({ host: name, namespace, service });
    else if (given.dns?.zone !== undefined)
      throw new Refused(`${field}: ${name} is in no zone that repot.yaml defines: dns.zone is ${zone}.`);
    else
      limits.push(
        `${name} (${field}) is in no zone that is known: its traffic is not moved. Repot moves one zone at a time.`,
      );
  }
  for (const [i, { host, service }] of (given.dns?.hosts ?? []).entries()) {
    if (service === undefined && hosts.some((h) => h.host === host)) continue;
    const info = service === undefined ? undefined : inventory.serviceById.get(service);
    if (!info)
      throw new BadInput(
        `${where(["dns", "hosts", i, service === undefined ? "host" : "service"])}: ${service === undefined ? `${host} has no service, and no Ingress names it` : `there is no Service ${service} (written namespace/name)`}.`,
      );
    hosts.push({ host, namespace: info.namespace, service: info.name });
  }
  if (invented.length > 0) assume(`${FROM[found.from]}: ${some(invented)}.`);
  if (hosts.length === 0) assume("No public host was found: nobody is simulated to ask for anything.");
  const sorted = [...new Map(hosts.map((h) => [`${h.host}|${h.namespace}/${h.service}`, h])).entries()];
  return { hosts: sorted.sort(([a], [b]) => byCodeUnit(a, b)).map(([, h]) => h), limits };
};

const FROM: Readonly<Record<Found["from"], string>> = {
  routes: "Routes without a host answer to these names",
  "load-balancers": "No Ingress names a host, so the public hosts are the LoadBalancer Services",
  "load-generator":
    "Neither an Ingress nor a LoadBalancer Service was found, so the public hosts are what the in-cluster load generator aims at",
  roots: "Nothing says what is public, so it is the Services that nobody of the platform calls",
  nothing: "",
};

/** The same Service name in two namespaces needs two hosts. */
const clash = (found: Found, service: string, namespace: string): boolean =>
  found.routes.some((r) => r.host === null && r.service === service && r.namespace !== namespace);

const loadOf = (
  { given, where }: GivenSettings,
  hosts: Plan["hosts"],
  assume: (line: string) => void,
): SettingsFile["load"] => {
  const names = [...new Set(hosts.map((h) => h.host))];
  for (const [i, { host }] of (given.load ?? []).entries())
    if (!names.includes(host))
      throw new BadInput(
        `${where(["load", i, "host"])}: ${host} is no public host of this platform; those are ${some(names)}.`,
      );
  const missing = names.filter((n) => !(given.load ?? []).some((l) => l.host === n));
  if (missing.length > 0)
    assume(`Each of these hosts gets ${LOAD} requests a second on average: ${some(missing)}.`);
  return [...(given.load ?? []), ...missing.map((host) => ({ host, requestsPerSecond: LOAD }))];
};

const peopleAndTime = (given: SettingsFile, assume: (line: string) => void) => {
  const window = { timeZone: "UTC", start: "00:00", end: "23:59", ...given.window };
  if (given.window === undefined) assume("Traffic may be moved at any time of any day (00:00 to 23:59 UTC).");
  else
    for (const key of ["timeZone", "start", "end"] as const)
      if (given.window[key] === undefined) assume(`The window's ${key} is ${window[key]}.`);
  const approvers =
    given.approvals?.approvers ?? APPROVERS.map((person) => ({ person, role: "platform-team" }));
  if (given.approvals?.approvers === undefined)
    assume(`Three people of the platform team approve: ${APPROVERS.join(", ")}.`);
  return { window, approvals: { ...given.approvals, approvers } };
};

/** Groups and queues that configuration shows without naming all of them. */
const messagingOf = (
  classified: readonly Classified[],
  given: SettingsFile,
  assume: (line: string) => void,
) => {
  const groups = [...(given.groups ?? [])];
  const queues = [...(given.queues ?? [])];
  for (const c of classified) {
    const id = c.subject.running.id;
    if (c.class === "group-member" && c.group && !groups.some((g) => g.workload === id)) {
      const group = {
        group: c.group.group ?? id.replace("/", "."),
        topic: c.group.topic ?? "unknown-topic",
        workload: id,
      };
      groups.push(group);
      const inferred = c.evidence.some((e) => e.inferred);
      assume(
        `${id} consumes topic ${group.topic} as group ${group.group}, 12 partitions, 50 messages a second${inferred ? "; that it consumes at all is inferred: no Service selects it (if it only produces, say so under classes in repot.yaml)" : ""}.`,
      );
    }
    if (c.class === "queue-worker" && c.queue && !queues.some((q) => q.workload === id)) {
      const queue = { queue: c.queue.queue ?? id.replace("/", "."), kind: c.queue.kind, workload: id };
      queues.push(queue);
      assume(
        `${id} works on the ${queue.kind === "sqs" ? "SQS" : "RabbitMQ"} queue ${queue.queue}, 20 messages a second.`,
      );
    }
  }
  return { groups, queues: queues.map((queue) => withBroker(queue, assume)) };
};

/** The management API of a broker that nobody named. */
const MANAGEMENT = "https://rabbitmq.platform.example:15671";

type GivenQueue = NonNullable<SettingsFile["queues"]>[number];

const withBroker = (queue: GivenQueue, assume: (line: string) => void): GivenQueue => {
  if (queue.kind !== "rabbitmq" || queue.managementUrl !== undefined) return queue;
  assume(`The broker of queue ${queue.queue} has its management API at ${MANAGEMENT}.`);
  return { ...queue, managementUrl: MANAGEMENT };
};

/** Every name of a workload in repot.yaml, written in full. @throws BadInput for one that nothing has. */
const namesInFull = ({ given, where }: GivenSettings, resolve: Resolve): SettingsFile => {
  const full = (name: string, ...path: (string | number)[]) =>
    resolve(name, `${where(path)}: ${path.filter((p) => typeof p === "string").join(".")}`);
  const keys = <V>(record: Readonly<Record<string, V>>, ...path: (string | number)[]) =>
    Object.fromEntries(Object.entries(record).map(([k, v]) => [full(k, ...path, k), v]));
  return {
    ...given,
    ...(given.capacity && {
      capacity: given.capacity.map((c, i) => ({
        ...c,
        workload: c.workload === "*" ? "*" : full(c.workload, "capacity", i, "workload"),
      })),
    }),
    ...(given.groups && {
      groups: given.groups.map((g, i) => ({ ...g, workload: full(g.workload, "groups", i, "workload") })),
    }),
    ...(given.queues && {
      queues: given.queues.map((q, i) => ({ ...q, workload: full(q.workload, "queues", i, "workload") })),
    }),
    ...(given.decisions && { decisions: keys(given.decisions, "decisions") }),
    ...(given.pauses && { pauses: keys(given.pauses, "pauses") }),
    ...(given.classes && { classes: keys(given.classes, "classes") }),
    ...(given.datastores && {
      datastores: given.datastores.map((d, i) => ({
        ...d,
        connectionsPerPod: keys(d.connectionsPerPod, "datastores", i, "connectionsPerPod"),
      })),
    }),
    ...(given.thirdParties && {
      thirdParties: given.thirdParties.map((t, i) => ({
        ...t,
        calledBy: (t.calledBy ?? []).map((w, j) => full(w, "thirdParties", i, "calledBy", j)),
      })),
    }),
    ...(given.pipelines && {
      pipelines: given.pipelines.map((p, i) => ({
        ...p,
        deploys: p.deploys.map((w, j) => full(w, "pipelines", i, "deploys", j)),
      })),
    }),
  };
};

/** Writes names in full, before anything is classified by them. */
export const resolveGiven = (said: GivenSettings, resolve: Resolve): GivenSettings => ({
  ...said,
  given: namesInFull(said, resolve),
});

/** @param said with names in full. */
export const fillSettings = (
  said: GivenSettings,
  inventory: Inventory,
  classified: readonly Classified[],
  found: Found,
): Filled => {
  const assumptions: string[] = [];
  const assume = (line: string) => void assumptions.push(line);
  const { given, where } = said;
  const platform = given.platform ?? platformName(inventory);
  if (given.platform === undefined) assume(`The platform is called ${platform}.`);
  const { dns, hosts, limits } = namesOf(said, found, inventory, assume);
  const capacity = given.capacity?.some((c) => c.workload === "*")
    ? given.capacity
    : [...(given.capacity ?? []), { workload: "*", requestsPerSecondPerPod: CAPACITY }];
  if (capacity !== given.capacity)
    assume(`A pod carries ${CAPACITY} requests a second before requests fail.`);
  const settings = SettingsSchema.parse({
    ...given,
    ...clusters(given, platform, inventory, assume),
    ...peopleAndTime(given, assume),
    ...messagingOf(classified, given, assume),
    platform,
    dns,
    capacity,
    load: loadOf(said, hosts, assume),
    network: given.network ?? {},
    gates: given.gates ?? {},
    policy: given.policy ?? {},
  });
  checkWindow(settings.window, where(["window", "start"]));
  if (given.datastores === undefined)
    assume("No datastore has a limit of connections that both fleets could exceed.");
  if (given.thirdParties === undefined) assume("No third party lets in certain addresses only.");
  if (given.network?.flowLogGroup === undefined)
    assume(`The VPC's flow logs are in the log group ${settings.network.flowLogGroup}.`);
  if (given.pipelines === undefined) assume("No pipeline deploys to the platform during the migration.");
  return { settings, hosts, assumptions, limits };
};
