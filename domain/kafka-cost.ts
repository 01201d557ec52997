/** What each policy costs a consumer group: rebalances, the longest delay of a record, duplicates. Measured figures, scaled to the group. */

import type { GroupPolicy, KafkaGroupSettings } from "./settings/messaging.ts";

export type GroupCost = {
  readonly policy: GroupPolicy;
  readonly rebalances: number;
  readonly longestDelayMs: number;
  readonly duplicates: number;
  /** Where the figures come from, and what they were scaled by. */
  readonly source: string;
};

type Figures = {
  readonly rebalances: number;
  readonly longestDelayMs: number;
  readonly duplicates: number;
};
export type Manner = "classic, eager" | "classic, cooperative" | "KIP-848";

/**
 * Four members moved to four others; Kafka 4.1.0, 12 partitions, about 500 messages a second, heartbeat 3 s (KIP-848: 5 s, the brokers'
 * default). The worst of the clients that speak each protocol: kafkajs 2.2.4, @platformatic/kafka 2.12.1, librdkafka. Nothing was lost anywhere.
 */
export const MEASURED: {
  readonly [M in Manner]: { readonly [H in "pairs" | "swaps" | "all at once"]: Figures };
} = {
  "classic, eager": {
    pairs: { rebalances: 8, longestDelayMs: 2_735, duplicates: 0 },
    swaps: { rebalances: 4, longestDelayMs: 2_816, duplicates: 0 },
    "all at once": { rebalances: 1, longestDelayMs: 6_084, duplicates: 0 },
  },
  "classic, cooperative": {
    pairs: { rebalances: 12, longestDelayMs: 3_093, duplicates: 36 },
    swaps: { rebalances: 4, longestDelayMs: 1_045, duplicates: 9 },
    "all at once": { rebalances: 1, longestDelayMs: 6_126, duplicates: 2 },
  },
  "KIP-848": {
    pairs: { rebalances: 8, longestDelayMs: 5_040, duplicates: 21 },
    swaps: { rebalances: 8, longestDelayMs: 132, duplicates: 0 },
    "all at once": { rebalances: 8, longestDelayMs: 5_139, duplicates: 0 },
  },
};
/** The same static id stopped here and started there, by librdkafka. */
export const MEASURED_STATIC: Figures = { rebalances: 0, longestDelayMs: 724, duplicates: 0 };

const MEASURED_MEMBERS = 4;
const MEASURED_RATE = 500;
const MEASURED_HEARTBEAT: { readonly [M in Manner]: number } = {
  "classic, eager": 3,
  "classic, cooperative": 3,
  "KIP-848": 5,
};
/** A measurement is one night; a plan states what is not to be exceeded. */
const MARGIN = 1.5;
const CLIENT_MS = 500;

export const mannerOf = ({
  protocol,
  assignor,
}: Pick<KafkaGroupSettings, "protocol" | "assignor">): Manner =>
  protocol === "kip-848" ? "KIP-848" : assignor === "eager" ? "classic, eager" : "classic, cooperative";

/** How often members ask; each protocol has a default of its own. */
export const heartbeatSecondsOf = (
  settings: Pick<KafkaGroupSettings, "protocol" | "assignor" | "heartbeatSeconds">,
): number => settings.heartbeatSeconds ?? MEASURED_HEARTBEAT[mannerOf(settings)];

/** What a pod's stop and start add: a process was swapped in no time when the figures were taken, a pod isn't. */
export type Pods = {
  readonly members: number;
  /** From stopping a pod to another that is Ready, at most. */
  readonly pauseSeconds: number;
  /** Whether a pod keeps its name, and so its static id, when it starts elsewhere. */
  readonly ordinals: boolean;
};

/** @returns figures that the move is not to exceed; a breach of them is a violation in the rehearsal. */
export const costOf = (policy: GroupPolicy, settings: KafkaGroupSettings, pods: Pods): GroupCost => {
  const manner = mannerOf(settings);
  const beat = heartbeatSecondsOf(settings);
  const table = MEASURED[manner];
  const share = pods.members / MEASURED_MEMBERS;
  const noticed = Math.max(table.pairs.longestDelayMs * (beat / MEASURED_HEARTBEAT[manner]), beat * 1000);
  const repeated = (figures: Figures): number =>
    Math.ceil(figures.duplicates * share * (settings.messagesPerSecond / MEASURED_RATE) * MARGIN);
  const pauseMs = pods.pauseSeconds * 1000;
  const stated = (rebalances: number, delayMs: number, figures: Figures, more = ""): GroupCost => ({
    policy,
    rebalances: Math.ceil(rebalances),
    longestDelayMs: Math.ceil(delayMs * MARGIN) + CLIENT_MS,
    duplicates: repeated(figures),
    source: `measured with Kafka 4.1.0 (${manner}): ${figures.rebalances} rebalances, ${figures.longestDelayMs} ms and ${figures.duplicates} duplicates for 4 members, 12 partitions and 500 messages a second; scaled to ${pods.members} members, ${settings.messagesPerSecond} messages a second and a heartbeat of ${beat} s${more}`,
  });
  const pairs = table.pairs;
  switch (policy) {
    case "live":
    case "quiet":
      return stated(pairs.rebalances * share, noticed, pairs);
    case "swap":
      // The new pod joins the rebalance that the old one's leaving began only if it is there within a heartbeat.
      return stated(
        pairs.rebalances * share,
        noticed,
        { ...table.swaps, duplicates: pairs.duplicates },
        `; ${Math.ceil(table.swaps.rebalances * share)} rebalances where each new pod joins within a heartbeat`,
      );
    case "static":
      if (!pods.ordinals) return { ...costOf("drained", settings, pods), policy };
      // Within its session a static member that is away keeps its partitions, and they wait for it.
      return pods.pauseSeconds <= settings.sessionTimeoutSeconds
        ? stated(0, pauseMs, MEASURED_STATIC, "; each id's partitions wait while its pod stops and starts")
        : stated(
            pairs.rebalances * share,
            settings.sessionTimeoutSeconds * 1000 + noticed,
            MEASURED_STATIC,
            `; a pod may take longer (${pods.pauseSeconds} s) than its session lasts (${settings.sessionTimeoutSeconds} s), and then the group rebalances`,
          );
    case "drained":
      return stated(
        table["all at once"].rebalances * (manner === "KIP-848" ? share : 1),
        pauseMs + 2 * settings.initialRebalanceDelaySeconds * 1000 + noticed,
        table["all at once"],
        "; nobody reads between the last pod's stop and the first one's start",
      );
  }
};
