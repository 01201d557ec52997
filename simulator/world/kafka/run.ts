/** One consumer group at one cluster of brokers: its log, its coordinator, its processes, and what the record says of it. */

import { heartbeatSecondsOf, mannerOf } from "../../../domain/kafka-cost.ts";
import type { Ref } from "../../../domain/kube.ts";
import { SIDES, type Side } from "../../../domain/phases.ts";
import { at } from "../../../domain/pods.ts";
import type { KafkaGroupSettings } from "../../../domain/settings/messaging.ts";
import type { Clock } from "../../clock.ts";
import { podsOf } from "../traffic/pods.ts";
import type { Cluster, Emit, PodView } from "../types.ts";
import { Classic } from "./classic.ts";
import type { Coordinator, CoordinatorState } from "./coordinator.ts";
import { Group, type GroupFigures, type Member } from "./group.ts";
import { Kip848 } from "./kip848.ts";
import { Processes } from "./processes.ts";
import type { Topic } from "./topic.ts";

export type GroupView = {
  readonly name: string;
  readonly topic: string;
  /** `namespace/name` of the members' workload. */
  readonly workload: string;
  /** Live members, by the cluster that their pods run in. */
  readonly members: { readonly [S in Side]: number };
  /** As many as the plan has. */
  readonly wanted: number;
  readonly state: CoordinatorState;
  /** Messages that wait, and for how long the oldest of them has. */
  readonly waiting: number;
  readonly oldestMs: number;
  readonly figures: GroupFigures;
  /** Partitions that two live members own; the coordinator never lets that happen. */
  readonly ownedTwice: number;
  /** Pods that the group's workload is to have, by cluster. */
  readonly pods: { readonly [S in Side]: number };
  /** The side whose pod says good-bye at this moment. */
  readonly leaving: Side | undefined;
  /** Whether its members are on the move. */
  readonly moving: boolean;
  /** Whether what happens now is the move's doing: no fault is on. */
  readonly own: boolean;
};

export type RunOptions = {
  readonly clock: Clock;
  readonly emit: Emit;
  readonly settings: KafkaGroupSettings;
  readonly topic: Topic;
  /** Members of the plan. */
  readonly wanted: number;
  /** The workload whose pods are the members, where the plan has it. */
  readonly workload: Ref | undefined;
  /** Whether pods have ordinals, which make their static ids. */
  readonly ordinals: boolean;
  /** The clusters whose pods can reach these brokers. */
  readonly clusters: readonly Cluster[];
  /** Whether the addresses that these brokers advertise mean something in a cluster. */
  readonly reaches: (side: Side) => boolean;
  /** Set where the target has brokers of its own: this group is another one than the source's of the same name. */
  readonly apart?: Side;
  readonly inHandSeconds: number;
  /** From a container's start to its first request to the brokers. */
  readonly startMs: () => number;
  /** Told of everything that may have changed. */
  readonly onChange: (run: GroupRun) => void;
};

/** A move's consequences show a little later. */
const MOVED_MS = 60_000;
/** So long after a node was lost or a fault ended, what happens is its doing. */
const STRAINED_MS = 300_000;

const DUST = 1e-6;
const whole = (x: number): number => Math.max(0, Math.ceil(x - DUST));

/** `prefix-3` of the pod `usage-meter-3`; pods without ordinals all have the same. */
const staticIdOf = ({ settings, ordinals }: RunOptions) => {
  const { staticIdPrefix: prefix } = settings;
  return (pod: PodView): string | undefined => {
    if (prefix === undefined) return undefined;
    const ordinal = ordinals ? /-(\d+)$/.exec(pod.name)?.[1] : pod.name;
    return `${prefix}-${ordinal ?? pod.name}`;
  };
};

/** The variables by which consumers are told their group. */
const GROUP_VARIABLE = /^(KAFKA_)?(CONSUMER_)?GROUP(_ID)?$/;

/** What a pod calls its group, where its environment says so. */
const groupCalledBy = (cluster: Cluster, { namespace, name }: PodView): string | undefined => {
  const pod = cluster.get({ apiVersion: "v1", kind: "Pod", namespace, name });
  const containers = (at(pod, "spec", "containers") ?? []) as readonly {
    readonly env?: readonly { readonly name: string; readonly value?: string }[];
  }[];
  return containers.flatMap((c) => c.env ?? []).find((e) => GROUP_VARIABLE.test(e.name))?.value;
};

export class GroupRun {
  readonly group: Group;
  readonly coordinator: Coordinator;
  readonly settings: KafkaGroupSettings;
  readonly #options: RunOptions;
  readonly #processes: Processes;
  #leaving: Side | undefined;
  /** What each pod calls its group. */
  readonly #groups = new Map<string, string>();
  #strays = false;
  #movingUntil = 0;
  #strainedUntil = 0;
  /** What waited when a fault ended hasn't been read yet. */
  #isBehind = false;
  #said = { rebalances: 0, duplicates: 0, lost: 0, members: "" };

  constructor(options: RunOptions) {
    const { clock, settings, topic, wanted } = options;
    this.#options = options;
    this.settings = settings;
    this.group = new Group({
      name: settings.group,
      clock,
      topic,
      members: wanted,
      membersMax: settings.membersMax ?? wanted + 1,
      commitSeconds: settings.commitSeconds,
      inHandSeconds: options.inHandSeconds,
      isOwn: () => this.#isOwn(),
    });
    const timing = {
      heartbeatMs: heartbeatSecondsOf(settings) * 1000,
      sessionMs: settings.sessionTimeoutSeconds * 1000,
      initialDelayMs: settings.initialRebalanceDelaySeconds * 1000,
      changed: () => this.say(),
    };
    const manner = mannerOf(settings);
    this.coordinator =
      manner === "KIP-848"
        ? new Kip848(this.group, clock, timing)
        : new Classic(this.group, clock, timing, manner === "classic, eager");
    const { coordinator } = this;
    this.#processes = new Processes({
      clock,
      coordinator,
      group: settings.group,
      startMs: options.startMs,
      instanceId: staticIdOf(options),
      reaches: options.reaches,
      onLeaving: (side) => {
        this.#leaving = side;
      },
      onCrash: () => this.strain(),
    });
    this.#processes.begin(this.#pods());
  }

  /** The record's name for it. */
  get name(): string {
    const { apart, settings } = this.#options;
    return apart === "target" ? `${settings.group}@target` : settings.group;
  }

  /** From now on, and for a while or for good, what happens to the group is somebody else's doing. */
  strain(forGood = false): void {
    this.group.advance();
    this.#isBehind = true;
    this.#strainedUntil = forGood ? Number.POSITIVE_INFINITY : this.#options.clock.now() + STRAINED_MS;
  }

  look(): void {
    const { source, target } = this.#wantedPods();
    const { wanted, clock } = this.#options;
    const rests = (source === wanted && target === 0) || (source === 0 && target === wanted);
    if (!rests) {
      if (clock.now() > this.#movingUntil) this.group.advance();
      this.#movingUntil = clock.now() + MOVED_MS;
    }
    this.#processes.look(this.#pods());
    if (this.#strays) this.say();
  }

  /** @returns whether it has a static member that could be disturbed. */
  intrude(): boolean {
    const member = this.group.live().find((m) => m.instanceId !== undefined);
    if (member?.instanceId === undefined) return false;
    this.#processes.intrude(member.instanceId, "10.99.0.1", "source");
    return true;
  }

  /** From now on a side's pods reach no broker, or can again. */
  cutOff(side: Side, off: boolean): void {
    this.#processes.cutOff(side, off);
  }

  view(): GroupView {
    const live = this.group.live();
    const count = (side: Side) => live.filter((m) => m.side === side).length;
    return {
      name: this.name,
      topic: this.settings.topic,
      workload: this.settings.workload,
      members: { source: count("source"), target: count("target") },
      wanted: this.#options.wanted,
      state: this.coordinator.state(),
      waiting: this.group.unread(),
      oldestMs: this.group.oldestMs(),
      figures: this.group.figures(),
      ownedTwice: this.#ownedTwice(live),
      pods: this.#wantedPods(),
      leaving: this.#leaving,
      moving: this.#isMoving(),
      own: this.#isOwn(),
    };
  }

  /** A line of the record, where there is something to say. */
  say(): void {
    this.#options.onChange(this);
    const { source, target, ...now } = this.#counts();
    const state = this.coordinator.state();
    const members = `${source}/${target} ${state}`;
    const since = {
      rebalances: now.rebalances - this.#said.rebalances,
      duplicates: whole(now.duplicates) - this.#said.duplicates,
      lost: whole(now.lost) - this.#said.lost,
    };
    const quiet = since.rebalances === 0 && since.duplicates === 0 && since.lost === 0;
    // Before its brokers are there the target's own group has nothing to say.
    if (quiet && (members === this.#said.members || (members === "0/0 empty" && this.#said.members === "")))
      return;
    this.#said = {
      rebalances: now.rebalances,
      duplicates: whole(now.duplicates),
      lost: whole(now.lost),
      members,
    };
    this.#options.emit({
      type: "kafka",
      group: this.name,
      state,
      source,
      target,
      overN: source + target - this.#options.wanted,
      ...since,
      longestDelayMs: Math.round(this.group.takeDelay()),
      waiting: Math.round(this.group.unread()),
    });
  }

  #counts() {
    const { members, figures } = this.view();
    return { ...members, ...figures };
  }

  #isOwn(): boolean {
    return this.#isMoving() && !this.#isStrained();
  }

  /** A fault is on, or was on, or has left more waiting than lies between two commits: whatever comes in stands in line behind that. */
  #isStrained(): boolean {
    if (this.#options.clock.now() <= this.#strainedUntil) return true;
    this.#isBehind &&= this.group.behindMs() > this.settings.commitSeconds * 1000;
    return this.#isBehind;
  }

  #isMoving(): boolean {
    return this.#options.clock.now() <= this.#movingUntil;
  }

  #wantedPods(): { readonly [S in Side]: number } {
    const { clusters, workload } = this.#options;
    const on = (side: Side): number => {
      const object = workload && clusters.find((c) => c.side === side && c.exists())?.get(workload);
      const spec = object?.["spec"] as { readonly replicas?: number } | undefined;
      return object ? (spec?.replicas ?? 1) : 0;
    };
    return { source: on("source"), target: on("target") };
  }

  #ownedTwice(live: readonly Member[]): number {
    const all = live.flatMap((m) => this.group.ownedBy(m));
    // A pod of this workload that reads by another group's name reads every partition once more.
    const again = all.length > 0 && this.#strays ? this.settings.partitions : 0;
    return all.length - new Set(all).size + again;
  }

  /** The pods that are this group's members; those that call their group by another name belong to another. */
  #pods(): readonly (readonly [Side, PodView])[] {
    const there = SIDES.flatMap((side) => this.#options.clusters.filter((c) => c.side === side));
    const pods = there.flatMap((cluster) =>
      podsOf(cluster)
        .of(this.settings.workload)
        .map((pod) => [cluster, pod] as const),
    );
    const own = pods.filter(([cluster, pod]) => this.#isOurs(cluster, pod));
    this.#strays = pods.some((each) => !own.includes(each) && each[1].accepting);
    return own.map(([cluster, pod]) => [cluster.side, pod]);
  }

  #isOurs(cluster: Cluster, pod: PodView): boolean {
    const key = `${cluster.side}/${pod.name}/${pod.address}`;
    const known = this.#groups.get(key);
    const called = known ?? groupCalledBy(cluster, pod) ?? this.settings.group;
    if (known === undefined) this.#groups.set(key, called);
    return called === this.settings.group;
  }
}
