/** The simulated world of one rehearsal: two clusters, DNS, clients, metrics, and everybody else who goes on with their work. */

import type { RecordSet } from "../../domain/effects.ts";
import type { KubeObject } from "../../domain/kube.ts";
import type { Side } from "../../domain/phases.ts";
import type { Plan } from "../../domain/plan.ts";
import type { Clock } from "../clock.ts";
import type { Random } from "../random.ts";
import { LOAD_BALANCER_ZONE } from "../services/balancers.ts";
import { statusFor } from "../services/probes.ts";
import { makeActors } from "../world/actors.ts";
import { type Addresses, makeAddresses } from "../world/addresses.ts";
import type { Signals } from "../world/cluster/autoscalers.ts";
import { loadBalancerName } from "../world/cluster/balancers.ts";
import {
  type BackupStorage,
  makeBackupStorage,
  makeCluster,
  type SimulatedCluster,
} from "../world/cluster/index.ts";
import type { Ended } from "../world/cluster/machine.ts";
import type { Cloud } from "../world/cluster/velero/storage.ts";
import { type Datastores, makeDatastores } from "../world/datastores.ts";
import type { Disks } from "../world/disks.ts";
import { makeDns, type SimulatedDns } from "../world/dns/index.ts";
import { heritage, registered, registryName, runExternalDns, wantedBy } from "../world/external-dns.ts";
import { type FlowRecords, makeFlowRecords } from "../world/flow-records.ts";
import { type KafkaWorld, makeKafka } from "../world/kafka/index.ts";
import { type Gauges, type MetricsWorld, makeMetricsWorld } from "../world/metrics.ts";
import { makeProgram } from "../world/probe-pods.ts";
import { makeQueues, type QueueWorld } from "../world/queues.ts";
import { makeThirdParties, type ThirdParties } from "../world/third-parties.ts";
import { makeControl, noCluster } from "../world/traffic/control.ts";
import { makeTraffic, type TrafficWorld } from "../world/traffic/traffic.ts";
import type { Emit } from "../world/types.ts";
import { watchWriters } from "../world/volume-writers.ts";

export type RehearsedWorld = {
  readonly clusters: { readonly [S in Side]: SimulatedCluster };
  readonly dns: SimulatedDns;
  readonly traffic: TrafficWorld;
  readonly queues: QueueWorld;
  readonly kafka: KafkaWorld;
  readonly metrics: MetricsWorld;
  readonly addresses: Addresses;
  readonly outside: ThirdParties;
  readonly flowRecords: FlowRecords;
  readonly disks: Disks;
  /** What the cloud does with snapshots of them. */
  readonly cloud: Cloud;
};

type Making = { readonly plan: Plan; readonly clock: Clock; readonly random: Random; readonly emit: Emit };
type Stored = Making & {
  readonly velero: BackupStorage;
  readonly program?: (side: Side, pod: KubeObject) => Ended;
};

/** The world of a run, with the control run beside it. */
export const makeWorld = (making: Making): RehearsedWorld => {
  const { plan, clock, random, emit } = making;
  const addresses = makeAddresses(plan);
  const outside = makeThirdParties(plan);
  const program = makeProgram(
    plan,
    outside,
    () => flowRecords,
    answering(plan, () => ({ source, target })),
  );
  const stored = { ...making, velero: makeBackupStorage(() => clock.now()), program };
  const clusters = { source: clusterOf(stored, "source"), target: clusterOf(stored, "target") };
  const { source, target } = clusters;
  watchWriters(plan, clusters, stored.velero.disks);
  const dns = dnsOf(making, addresses, source);
  makeActors({
    ...making,
    pipelines: plan.settings.pipelines,
    clusters,
    targetOf: () => "source",
  });
  const control = makeControl({
    startsAt: clock.startedAt,
    random,
    plan,
    build: (own) => {
      const quiet = { ...making, clock: own, emit: () => {}, velero: makeBackupStorage(() => own.now()) };
      const untouched = clusterOf(quiet, "source");
      const target = noCluster("target");
      // The same developers at the same moments: what their deploys break without a move is not the move's doing.
      makeActors({
        ...quiet,
        pipelines: plan.settings.pipelines,
        clusters: { source: untouched, target },
        targetOf: () => "source",
      });
      return { source: untouched, target, dns: dnsOf(quiet, addresses, untouched) };
    },
  });
  const traffic = makeTraffic({ clock, random, plan, source, target, dns, emit, control, outside });
  const flowRecords = makeFlowRecords({ now: () => clock.now(), traffic, outside, clusters });
  const queues = makeQueues({ clock, plan, source, target, targetShare: () => targetShareOf(traffic) });
  const kafka = makeKafka({ clock, plan, source, target, emit, targetShare: () => targetShareOf(traffic) });
  runExternalDns({ plan, clock, dns, clusters, emit });
  const datastores = makeDatastores({ plan, source, target });
  for (const cluster of [source, target]) cluster.setSignals(signalsOf(cluster.side, traffic, queues, kafka));
  const gauges = (side: Side): Gauges => ({
    ...queues.gauges(side),
    ...kafka.gauges(),
    datastore_connections: connectionsOf(datastores, side),
  });
  const metrics = makeMetricsWorld({ clock, random, plan, source, target, traffic, gauges });
  return {
    clusters,
    dns,
    traffic,
    queues,
    kafka,
    metrics,
    addresses,
    outside,
    flowRecords,
    disks: stored.velero.disks,
    cloud: stored.velero.cloud,
  };
};

/** With which status a side answers for a host now. */
const answering =
  (plan: Plan, clusters: () => { readonly [S in Side]: SimulatedCluster }) =>
  (side: Side, host: string): number =>
    statusFor(plan, clusters()[side], host);

/** What autoscalers go by: how much of its pods' capacity a workload uses, and how many pods its backlog calls for. */
const signalsOf = (side: Side, traffic: TrafficWorld, queues: QueueWorld, kafka: KafkaWorld): Signals => ({
  cpuShare: (workload) => {
    const flow = traffic.workload(side, workload);
    return flow && flow.capacity > 0 ? flow.requestsPerSecond / flow.capacity : undefined;
  },
  podsForBacklog: (workload) => {
    const waiting = kafka.waiting(workload) ?? queues.queues().find((q) => q.workload === workload)?.waiting;
    return waiting === undefined ? undefined : Math.ceil(waiting / MESSAGES_PER_POD);
  },
});

/** Waiting messages for which a scaler wants one pod more. */
const MESSAGES_PER_POD = 500;

/** The share of the clients that the target serves now: producers among the applications work where their requests are. */
const targetShareOf = (traffic: TrafficWorld): number => {
  const [source, target] = [
    traffic.arriving("source").requestsPerSecond,
    traffic.arriving("target").requestsPerSecond,
  ];
  return source + target > 0 ? target / (source + target) : 0;
};

/** What each database's exporter shows of the connections that come from one side. */
const connectionsOf = (datastores: Datastores, side: Side) => () =>
  datastores.counts().map((c) => ({ labels: { datastore: c.datastore }, value: c.bySide[side] }));

const clusterOf = ({ plan, clock, random, emit, velero, program }: Stored, side: Side): SimulatedCluster =>
  makeCluster({
    side,
    clock,
    random,
    settings: plan.settings[side],
    objects: side === "source" ? (plan.objects as unknown as readonly KubeObject[]) : [],
    exists: side === "source",
    // Public Services without an Ingress are taken to have a load balancer of their own: the plan lists that as an assumption.
    exposed: new Set(plan.hosts.map((h) => `${h.namespace}/${h.service}`)),
    velero,
    emit,
    ...(program ? { program: (pod: KubeObject) => program(side, pod) } : {}),
  });

const dnsOf = (
  { plan, clock, random }: Making,
  addresses: Addresses,
  source: SimulatedCluster,
): SimulatedDns =>
  makeDns({
    clock,
    random,
    settings: plan.settings.dns,
    ...(registered(plan)?.zoneId === undefined ? {} : { zoneId: registered(plan)?.zoneId ?? "" }),
    records: [
      ...ordinary(plan.settings.dns),
      ...plan.hosts.flatMap((host) => [
        recordOf(host, plan.settings.dns, source, addresses),
        ...registryOf(plan, host.host, source),
      ]),
    ],
    sideOf: (name) => addresses.behind(name)?.side,
    addressesOf: (name) => addresses.of(name),
  });

/** What any zone has beside its hosts: where its mail goes, and who may send it. */
const ordinary = ({ zone, recordTtlSeconds: ttlSeconds }: Plan["settings"]["dns"]): readonly RecordSet[] => [
  { name: `${zone}.`, type: "MX", ttlSeconds, values: ["10 mail.example."] },
  { name: `_dmarc.${zone}.`, type: "TXT", ttlSeconds, values: ['"v=DMARC1; p=none"'] },
];

/** What external-dns of the source has written beside the record of a host that its Ingresses want, where the platform has one. */
const registryOf = (plan: Plan, host: string, source: SimulatedCluster): readonly RecordSet[] => {
  const found = registered(plan);
  return found && wantedBy(source).has(`${host}.`)
    ? [{ name: registryName(host), type: "TXT", ttlSeconds: 300, values: [heritage(found.owner)] }]
    : [];
};

/** Where a host leads when the run begins: an alias to the load balancer of its Ingress, else of its Service; or that one's addresses. */
const recordOf = (
  { host, namespace, service }: Plan["hosts"][number],
  { hosts, recordTtlSeconds }: Plan["settings"]["dns"],
  source: SimulatedCluster,
  addresses: Addresses,
): RecordSet => {
  const ingress = source
    .all()
    .find((o) => o.kind === "Ingress" && JSON.stringify(o["spec"] ?? {}).includes(JSON.stringify(host)));
  const dnsName =
    hostnameOf(ingress) ??
    hostnameOf(source.get({ apiVersion: "v1", kind: "Service", namespace, name: service })) ??
    loadBalancerName("source", namespace, service);
  const [name, type] = [`${host}.`, "A"];
  return hosts.some((each) => each.host === host && each.records === "addresses")
    ? { name, type, ttlSeconds: recordTtlSeconds, values: [...addresses.of(dnsName)] }
    : { name, type, alias: { hostedZoneId: LOAD_BALANCER_ZONE, dnsName: `${dnsName}.` } };
};

const hostnameOf = (object: KubeObject | undefined): string | undefined =>
  (
    object?.["status"] as
      | { readonly loadBalancer?: { readonly ingress?: readonly { readonly hostname?: string }[] } }
      | undefined
  )?.loadBalancer?.ingress?.[0]?.hostname;
