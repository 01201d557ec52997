/**
 * RabbitMQ by its management API (HTTP API reference, 3.10 to 4.x): one queue with its consumers. Figures are collected every five seconds; a queue
 * that is younger has none yet, which is unknown and never zero.
 */

import * as z from "zod";
import { AnswerLost, Forbidden, Invalid, NotFound, Throttled, Transient } from "../domain/errors.ts";
import type { Queue } from "../domain/settings/messaging.ts";
import type { QueueSeen } from "../domain/workers.ts";
import type { Exchange, HttpResponse } from "./http.ts";

const Answer = z.object({
  messages_ready: z.number().optional(),
  messages_unacknowledged: z.number().optional(),
  message_stats: z.object({ publish: z.number().optional() }).optional(),
  consumer_details: z
    .array(
      z.object({
        prefetch_count: z.number().optional(),
        channel_details: z.union([
          z.object({ name: z.string(), peer_host: z.string() }),
          // Erlang's empty property list: the channel is gone, its consumer is still listed.
          z.array(z.never()),
        ]),
      }),
    )
    .optional(),
});

const Channels = z.array(
  z.object({ name: z.string(), messages_unacknowledged: z.number().optional() }).loose(),
);

/**
 * One queue as its broker sees it; "missing" while the broker has no figures for it.
 * @param options.holders Whether to ask as well what each consumer holds: a second call, over all channels of the vhost.
 * @throws NotFound without such a queue or vhost, Forbidden where the user may not see it, Transient or AnswerLost where asking again may help.
 */
export const seeRabbitQueue = async (
  http: Exchange,
  queue: Pick<Queue, "queue" | "vhost" | "managementUrl">,
  options: { readonly holders?: boolean } = {},
): Promise<QueueSeen | "missing"> => {
  const vhost = encodeURIComponent(queue.vhost);
  const answer = Answer.parse(
    await get(http, queue, `/api/queues/${vhost}/${encodeURIComponent(queue.queue)}`),
  );
  const { messages_ready: ready, messages_unacknowledged: unacked, consumer_details: details } = answer;
  if (ready === undefined || unacked === undefined || details === undefined) return "missing";
  const held = options.holders ? await heldBy(http, queue, vhost) : new Map<string, number>();
  return {
    ready,
    unacked,
    delayed: 0,
    published: answer.message_stats?.publish ?? 0,
    consumers: details.flatMap(({ channel_details: channel, prefetch_count: prefetch }) =>
      "name" in channel
        ? [{ address: channel.peer_host, prefetch: prefetch ?? 0, unacked: held.get(channel.name) }]
        : [],
    ),
  };
};

/** Unacknowledged messages by channel. */
const heldBy = async (
  http: Exchange,
  queue: Pick<Queue, "queue" | "managementUrl">,
  vhost: string,
): Promise<ReadonlyMap<string, number>> => {
  const channels = Channels.parse(await get(http, queue, `/api/vhosts/${vhost}/channels`));
  return new Map(channels.map((c) => [c.name, c.messages_unacknowledged ?? 0]));
};

const get = async (
  http: Exchange,
  { queue, managementUrl }: Pick<Queue, "queue" | "managementUrl">,
  path: string,
): Promise<unknown> => {
  if (managementUrl === undefined)
    throw new Invalid(`queues[${queue}] of repot.yaml has no managementUrl: its broker can't be asked.`);
  const doing = `look at queue ${queue}`;
  const url = `${managementUrl.replace(/\/$/, "")}${path}`;
  const response = await http({ method: "GET", url, headers: { accept: "application/json" } }).catch(
    (cause: unknown) => {
      throw new AnswerLost(`Could not ${doing}: no answer came from ${new URL(url).host}.`, { cause });
    },
  );
  if (response.status !== 200) throw refusal(response, doing);
  try {
    return JSON.parse(response.body) as unknown;
  } catch (cause) {
    throw new Transient(`Could not ${doing}: the broker's answer is no JSON.`, { cause });
  }
};

const refusal = ({ status, body }: HttpResponse, doing: string): Error => {
  const sentence = `Could not ${doing}: RabbitMQ answered ${status}${body === "" ? "" : ` ${body.slice(0, 200)}`}.`;
  if (status === 401 || status === 403)
    return new Forbidden(`${sentence} Its user needs the tag "monitoring" and the right to read the vhost.`);
  if (status === 404) return new NotFound(`${sentence} Look at queue and vhost in repot.yaml.`);
  if (status === 429) return new Throttled(sentence);
  return status >= 500 ? new Transient(sentence) : new Invalid(sentence);
};
