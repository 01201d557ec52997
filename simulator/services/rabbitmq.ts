/**
 * The management API of a RabbitMQ broker (3.10): one queue, and the channels of a vhost. Figures are collected every five seconds, so they are
 * late; answers and refusals as the broker's own plugin gives them.
 */

import type { HttpRequest, HttpResponse } from "../../adapters/http.ts";
import type { QueueWorld } from "../world/queues.ts";
import type { HttpService } from "../world/types.ts";
import type { Worker, WorkQueueView } from "../world/work-queue.ts";

export type RabbitmqOptions = {
  readonly now: () => number;
  readonly queues: Pick<QueueWorld, "workQueues">;
  /** Basic credentials of the one user, `user:password`. */
  readonly credentials: string;
};

/** `collect_statistics_interval`. */
const COLLECT_MS = 5_000;

type Collected = { readonly at: number; readonly queue: WorkQueueView; readonly publishedPerSecond: number };

export const makeRabbitmq = (options: RabbitmqOptions): HttpService => {
  const collected = new Map<string, Collected>();
  const collect = (vhost: string): readonly Collected[] => {
    const at = options.now();
    const due = [...collected.values()].every((c) => at - c.at >= COLLECT_MS);
    if (collected.size === 0 || due)
      for (const queue of options.queues.workQueues()) {
        if (queue.kind !== "rabbitmq") continue;
        const id = `${queue.vhost}|${queue.name}`;
        const before = collected.get(id);
        const rate = before ? ((queue.published - before.queue.published) * 1000) / (at - before.at) : 0;
        collected.set(id, { at, queue, publishedPerSecond: rate });
      }
    return [...collected.values()].filter((c) => c.queue.vhost === vhost);
  };
  return (request) => {
    const refused = refusalOf(request, options.credentials);
    if (refused) return refused;
    const parts = new URL(request.url).pathname.split("/").slice(1).map(decodeURIComponent);
    const [api, kind, vhost = "", last = ""] = parts;
    if (api === "api" && kind === "queues" && parts.length === 4) {
      const found = collect(vhost).find((c) => c.queue.name === last);
      return found ? json(200, queueOf(found)) : NOT_FOUND;
    }
    if (api === "api" && kind === "vhosts" && last === "channels" && parts.length === 4)
      return json(
        200,
        collect(vhost).flatMap(({ queue }) => channelsOf(queue)),
      );
    return NOT_FOUND;
  };
};

const json = (status: number, body: unknown): HttpResponse => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

const NOT_FOUND = json(404, { error: "Object Not Found", reason: "Not Found" });

const refusalOf = (request: HttpRequest, credentials: string): HttpResponse | undefined => {
  const given = request.headers["authorization"];
  if (given === undefined) return { status: 401, headers: {}, body: "" };
  if (given !== `Basic ${Buffer.from(credentials).toString("base64")}`)
    return json(401, { error: "not_authorized", reason: "Login failed" });
  return request.method === "GET" ? undefined : { status: 405, headers: { allow: "GET" }, body: "" };
};

/** The broker names a channel by the addresses of its connection; the port is any number that differs. */
const channelOf = (queue: WorkQueueView, worker: Worker) => {
  const host = worker.pod.address;
  const port = 30_000 + (queue.workers.indexOf(worker) % 30_000);
  const connection = `${host}:${port} -> 10.255.0.10:5672`;
  return { host, port, connection, name: `${connection} (1)` };
};

/** A consumer that was told to stop has cancelled; its channel stays while it holds messages. */
const consumes = ({ pod }: Worker): boolean => pod.ready && (!pod.terminating || pod.hanging === true);

const queueOf = ({ queue, publishedPerSecond }: Collected) => {
  const { name, vhost, ready, unacked, published } = queue;
  const consumers = queue.workers.filter(consumes);
  return {
    name,
    vhost,
    type: "classic",
    durable: true,
    auto_delete: false,
    exclusive: false,
    arguments: {},
    state: "running",
    consumers: consumers.length,
    messages: ready + unacked,
    messages_ready: ready,
    messages_unacknowledged: unacked,
    message_stats: { publish: published, publish_details: { rate: publishedPerSecond } },
    consumer_details: consumers.map((worker) => {
      const channel = channelOf(queue, worker);
      return {
        arguments: {},
        ack_required: true,
        active: true,
        activity_status: "up",
        channel_details: {
          connection_name: channel.connection,
          name: channel.name,
          number: 1,
          peer_host: channel.host,
          peer_port: channel.port,
        },
        consumer_tag: `ctag-${worker.pod.name}`,
        exclusive: false,
        prefetch_count: queue.prefetch,
        queue: { name, vhost },
      };
    }),
  };
};

const channelsOf = (queue: WorkQueueView) =>
  queue.workers.map((worker) => {
    const { connection, name, host, port } = channelOf(queue, worker);
    return {
      name,
      number: 1,
      vhost: queue.vhost,
      connection_details: { name: connection, peer_host: host, peer_port: port },
      consumer_count: consumes(worker) ? 1 : 0,
      messages_unacknowledged: worker.unacked,
      prefetch_count: queue.prefetch,
      state: "running",
    };
  });
