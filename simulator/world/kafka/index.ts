/**
 * Kafka: brokers outside the clusters (or kept on the source) that both reach, or a second, empty cluster of brokers on the target where a
 * person decided to rebuild them. Groups are event-driven: nothing is computed for a single message.
 */

import type { GroupProtocol, KafkaBroker, Offset } from "../../../domain/kafka.ts";
import type { Producer } from "../../../domain/kafka-drain.ts";
import { byCodeUnit } from "../../../domain/kube.ts";
import { SIDES, type Side } from "../../../domain/phases.ts";
import { nameOf, type Plan } from "../../../domain/plan.ts";
import { resolvesFrom } from "../../../domain/planning/addresses.ts";
import { groupsOf } from "../../../domain/planning/groups.ts";
import type { KafkaGroupSettings } from "../../../domain/settings/messaging.ts";
import type { Clock } from "../../clock.ts";
import { namespaceIn } from "../changes.ts";
import type { Gauges } from "../metrics.ts";
import { type Broker, brokerOf } from "../queue-consumers.ts";
import { podsOf } from "../traffic/pods.ts";
import type { Cluster, Emit } from "../types.ts";
import { advertisedBy } from "./advertised.ts";
import { GroupRun, type GroupView } from "./run.ts";
import { Topic } from "./topic.ts";

export type { GroupView } from "./run.ts";

/** What the administration's service asks; brokers of the source where a rebuilt pair has two. */
export type KafkaBrokers = {
  readonly brokers: () => readonly KafkaBroker[];
  readonly groups: () => readonly string[];
  readonly describe: (group: string) => DescribedGroup | undefined;
  readonly committed: (group: string) => readonly Offset[] | undefined;
  readonly ends: (topic: string) => readonly Offset[] | undefined;
  readonly producers: (topic: string) => readonly Producer[] | undefined;
};

export type DescribedGroup = {
  readonly protocol: GroupProtocol;
  readonly assignor?: string;
  readonly state: "stable" | "rebalancing" | "empty";
  readonly members: readonly {
    readonly memberId: string;
    readonly clientId: string;
    readonly host: string;
    readonly instanceId: string | undefined;
    readonly partitions: readonly number[];
  }[];
  readonly topic: string;
};

export type KafkaWorld = {
  readonly groups: () => readonly GroupView[];
  readonly brokers: KafkaBrokers;
  /** Messages that wait for a workload's groups; undefined where it has none. */
  readonly waiting: (workload: string) => number | undefined;
  readonly gauges: () => Gauges;
  /** The last lines of the record. */
  readonly flush: () => void;
  /** Faults. */
  /** Told of each group that may have changed, in the instant of the change. */
  readonly onChange: (listener: (group: GroupView) => void) => void;
  /** A fault of the world begins, or is over: what happens meanwhile isn't the moves' doing. */
  readonly strain: (on: boolean) => void;
  readonly disturb: () => number;
  readonly intrude: () => number;
  readonly floodBy: (times: number) => number;
  /** Consumers that start from now on need so much longer until they join. @returns how many groups there are. */
  readonly delayJoins: (ms: number) => number;
  /** From now on the target's pods don't reach brokers that run in the source, or can again. @returns how many groups that concerns. */
  readonly cutOff: (off: boolean) => number;
  /** Sets what is written to a topic, in messages a second. */
  readonly produce: (topic: string, messagesPerSecond: number) => void;
};

export type KafkaOptions = {
  readonly clock: Clock;
  readonly plan: Plan;
  readonly source: Cluster;
  readonly target: Cluster;
  readonly emit: Emit;
  /** Share of the producers' work that is done on the target now: the share of the clients there. */
  readonly targetShare?: () => number;
  /** What members have in hand, uncommitted, when they give partitions back: some clients' way. */
  readonly inHandSeconds?: number;
  /** From a container's start to its first request to the brokers. */
  readonly startMs?: number;
};

/** How often producers on both sides share their work anew, where each side has brokers of its own. */
const SHARE_EVERY_MS = 300_000;
const START_MS = 500;
/** A producer is forgotten a day after its last write. */
const PRODUCER_EXPIRES_MS = 86_400_000;

type Place = "shared" | Side;

export const makeKafka = (options: KafkaOptions): KafkaWorld => {
  const { clock, plan } = options;
  const topics = new Map<string, Topic>();
  const runs: { readonly run: GroupRun; readonly place: Place; readonly broker: Broker | undefined }[] = [];
  const rates = new Map<string, number>();
  const listeners: ((group: GroupView) => void)[] = [];
  const settings = groupsOf(plan);
  const late = { ms: 0 };
  for (const g of settings) rates.set(g.topic, Math.max(rates.get(g.topic) ?? 0, g.messagesPerSecond));
  const topicAt = (place: Place, g: KafkaGroupSettings): Topic => {
    const key = `${place}/${g.topic}`;
    const known = topics.get(key);
    if (known) return known;
    const partitions = Math.max(...settings.filter((s) => s.topic === g.topic).map((s) => s.partitions));
    const made = new Topic(
      g.topic,
      partitions,
      place === "target" ? 0 : (rates.get(g.topic) ?? 0),
      clock.now(),
    );
    topics.set(key, made);
    return made;
  };
  for (const g of settings) {
    const workload = plan.workloads.find((w) => nameOf(w) === g.workload);
    const broker = brokerOf({ kind: "kafka", workload: g.workload }, plan);
    const places: readonly Place[] = broker?.rebuilt === true ? SIDES : ["shared"];
    for (const place of places) {
      const clusters = place === "shared" ? [options.source, options.target] : [options[place]];
      const run = new GroupRun({
        clock,
        emit: options.emit,
        settings: g,
        topic: topicAt(place, g),
        wanted: workload?.replicas ?? 1,
        workload: workload && {
          apiVersion: workload.apiVersion,
          kind: workload.kind,
          namespace: workload.namespace,
          name: workload.name,
        },
        onChange: (changed) => {
          for (const listen of listeners) listen(changed.view());
        },
        ordinals: workload?.kind === "StatefulSet",
        clusters,
        // What the source's own clients use, they resolve.
        reaches: (side) => side === "source" || broker?.rebuilt === true || isResolved(plan, broker),
        ...(place === "shared" ? {} : { apart: place }),
        inHandSeconds: options.inHandSeconds ?? 0,
        startMs: () => (options.startMs ?? START_MS) + late.ms,
      });
      runs.push({ run, place, broker });
    }
  }
  const world = makeWorld(options, runs, topics, rates, listeners, late);
  for (const { run } of runs) run.say();
  return world;
};

/** Whether the target resolves what the brokers tell their clients to use: with one that it doesn't, some partitions are read by nobody. */
const isResolved = (plan: Plan, broker: Broker | undefined): boolean => {
  const services = plan.workloads.flatMap((w) => w.services);
  return advertisedBy(plan, broker?.workload).every(({ host }) => resolvesFrom(host, services));
};

type Placed = { readonly run: GroupRun; readonly place: Place; readonly broker: Broker | undefined };

const makeWorld = (
  options: KafkaOptions,
  runs: readonly Placed[],
  topics: ReadonlyMap<string, Topic>,
  rates: Map<string, number>,
  listeners: ((group: GroupView) => void)[],
  late: { ms: number },
): KafkaWorld => {
  const { clock } = options;
  let times = 1;
  const share = () => (runs.some((r) => r.place === "target") ? (options.targetShare?.() ?? 0) : 0);
  const flow = () => {
    const onTarget = Math.min(1, Math.max(0, share()));
    for (const [key, topic] of topics) {
      const part = key.startsWith("shared/") ? 1 : key.startsWith("target/") ? onTarget : 1 - onTarget;
      topic.setRate((rates.get(topic.name) ?? 0) * part * times, clock.now());
    }
  };
  watch(options, runs);
  if (runs.some((r) => r.place === "target")) {
    const again = () =>
      void clock.after(SHARE_EVERY_MS, () => {
        flow();
        again();
      });
    again();
  }
  const own = runs.filter((r) => r.place !== "target");
  const every = (act: (run: GroupRun) => void) => {
    for (const { run } of own) act(run);
    return own.length;
  };
  return {
    groups: () => runs.map(({ run }) => run.view()),
    brokers: brokersOf(clock, own, topics, options.plan),
    waiting: (workload) => {
      const mine = runs.filter(({ run }) => run.settings.workload === workload);
      return mine.length === 0 ? undefined : mine.reduce((n, { run }) => n + run.group.unread(), 0);
    },
    gauges: () => ({
      kafka_consumergroup_lag: () =>
        own.map(({ run }) => ({
          labels: { consumergroup: run.settings.group, topic: run.settings.topic },
          value: run.group.unread(),
        })),
    }),
    onChange: (listener) => void listeners.push(listener),
    flush: () => every((run) => run.say()),
    strain: (on) => void every((run) => run.strain(on)),
    disturb: () => every((run) => run.coordinator.disturb()),
    intrude: () => own.filter(({ run }) => run.intrude()).length,
    floodBy: (factor) => {
      times = factor;
      flow();
      return own.length;
    },
    delayJoins: (ms) => {
      late.ms = ms;
      return own.length;
    },
    cutOff: (off) => {
      const crossing = own.filter(({ broker, place }) => place === "shared" && broker !== undefined);
      for (const { run } of crossing) run.cutOff("target", off);
      return crossing.length;
    },
    produce: (topic, messagesPerSecond) => {
      rates.set(topic, messagesPerSecond);
      flow();
    },
  };
};

/** Pods come and go; brokers in the clusters, too, and where no volume holds their log it goes with them. */
const watch = (options: KafkaOptions, runs: readonly Placed[]): void => {
  const up = new Map<Placed, boolean>();
  const brokerUp = ({ broker, place }: Placed): boolean => {
    const side = place === "shared" ? (broker?.side ?? "source") : place;
    return broker === undefined || podsOf(options[side]).accepting(broker.workload) > 0;
  };
  for (const placed of runs) up.set(placed, brokerUp(placed));
  const look = (placed: Placed): void => {
    placed.run.look();
    if (!placed.broker) return;
    const now = brokerUp(placed);
    if (up.get(placed) === true && !now && placed.broker.volatile) {
      placed.run.group.drop(placed.place === "shared");
      placed.run.say();
    }
    up.set(placed, now);
  };
  // Where the members and the broker of a group are: most news is about other namespaces.
  const places = runs.map((placed) => ({
    placed,
    member: namespaceIn(placed.run.settings.workload),
    broker: placed.broker && namespaceIn(placed.broker.workload),
  }));
  const here = new Map<string, number[]>();
  for (const [at, { member, broker }] of places.entries())
    for (const namespace of new Set([member, broker ?? member]))
      here.set(namespace, [...(here.get(namespace) ?? []), at]);
  const concerned = (namespaces: ReadonlySet<string>): readonly number[] =>
    [...new Set([...namespaces].flatMap((namespace) => here.get(namespace) ?? []))].sort((a, b) => a - b);
  for (const side of SIDES)
    options[side].onChange((change) => {
      for (const at of change ? concerned(change.namespaces) : places.keys()) {
        const place = places[at];
        if (place) look(place.placed);
      }
    });
};

const brokersOf = (
  clock: Clock,
  own: readonly Placed[],
  topics: ReadonlyMap<string, Topic>,
  plan: Plan,
): KafkaBrokers => {
  const runOf = (group: string) => own.find(({ run }) => run.settings.group === group)?.run;
  const topicOf = (name: string) => topics.get(`shared/${name}`) ?? topics.get(`source/${name}`);
  const each = <T>(topic: Topic, make: (partition: number) => T): T[] =>
    Array.from({ length: topic.partitions }, (_, partition) => make(partition));
  return {
    brokers: () => advertisedBy(plan, own[0]?.broker?.workload),
    groups: () => own.map(({ run }) => run.settings.group),
    describe: (name) => {
      const run = runOf(name);
      return run && describe(run);
    },
    committed: (name) =>
      runOf(name)
        ?.group.committed()
        .map((offset, partition) => ({ topic: runOf(name)?.settings.topic ?? "", partition, offset })),
    ends: (name) => {
      const topic = topicOf(name);
      const offset = Math.floor(topic?.end(clock.now()) ?? 0);
      return topic && each(topic, (partition) => ({ topic: name, partition, offset }));
    },
    producers: (name) => {
      const topic = topicOf(name);
      const lastWriteAt = topic?.lastWriteAt(clock.now());
      if (!topic) return undefined;
      if (lastWriteAt === undefined || clock.now() - lastWriteAt > PRODUCER_EXPIRES_MS) return [];
      return each(topic, (partition) => ({ topic: name, partition, producerId: "1000", lastWriteAt }));
    },
  };
};

const assignorOf = ({ protocol, assignor }: KafkaGroupSettings): string =>
  protocol === "kip-848" ? "uniform" : assignor === "cooperative" ? "cooperative-sticky" : "range";

const describe = (run: GroupRun): DescribedGroup => ({
  protocol: run.settings.protocol,
  // An empty group has agreed on nothing.
  ...(run.group.members.size === 0 ? {} : { assignor: assignorOf(run.settings) }),
  state: run.coordinator.state(),
  topic: run.settings.topic,
  members: [...run.group.members]
    .map((m) => ({
      memberId: m.id,
      clientId: m.clientId,
      host: m.host,
      instanceId: m.instanceId,
      partitions: run.coordinator.assigned(m),
    }))
    .sort((a, b) => byCodeUnit(a.memberId, b.memberId)),
});
