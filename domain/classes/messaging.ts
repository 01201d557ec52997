/** Who consumes from and produces to Kafka, RabbitMQ and SQS, as far as configuration tells. Nothing here is read from a workload's name. */

import { namedIn, type Setting } from "../graph.ts";
import type { Inventory } from "../inventory.ts";
import type { KubeObject } from "../kube.ts";
import { at } from "../pods.ts";
import type { Evidence, Subject } from "./recognise.ts";

/** Services behind which a known broker stands, by Service id. */
export type Brokers = ReadonlyMap<string, "Kafka" | "RabbitMQ">;

export const brokersOf = (subjects: readonly Subject[], inventory: Inventory): Brokers => {
  const brokers = new Map<string, "Kafka" | "RabbitMQ">();
  for (const subject of subjects)
    for (const { product, role } of subject.recognised)
      if (role === "store" && (product === "Kafka" || product === "RabbitMQ"))
        for (const service of inventory.servicesOf.get(subject.running.id) ?? [])
          brokers.set(service.id, product);
  return brokers;
};

const BOOTSTRAP_NAME =
  /(kafka.*(addr|address|addresses|broker|brokers|bootstrap|server|servers|host|hosts|url|urls|endpoint|nodes))|bootstrap[._-]?servers?|broker[._-]?list/i;
/** What brokers, their tools and telemetry call so, and no client does. */
const NOT_BOOTSTRAP = /listener|advertised|^otel_|_otel_|connect_bootstrap|schema_?registry/i;
const ADDRESS = /^[\w.$(){}/:-]+:\d{2,5}(\s*,\s*[\w.$(){}/:-]+:\d{2,5})*$/;
const GROUP_NAME =
  /(^|[._-])(consumer[._-]?group|group[._-]?(id|instance[._-]?id)|kafka[._-]?group)([._-]?(id|name))?$/i;
const TOPIC_NAME = /topics?([._-]?name)?$/i;
/** `group.id=payments` in a properties or YAML text. */
const GROUP_LINE = /^\s*["']?([\w.-]*group[._-]?(?:id|instance[._-]?id))["']?\s*[:=]\s*["']?([\w.-]+)/im;
const BOOTSTRAP_LINE = /^\s*["']?[\w.-]*bootstrap[._-]?servers["']?\s*[:=]/im;

const split = (field: string): Pick<Evidence, "object" | "field"> => {
  const [kind, name, ...rest] = field.split(" ");
  return { object: `${kind} ${name}`, field: rest.join(" ") };
};

const evidence = (setting: Setting, sentence: string, inferred: boolean): Evidence => ({
  ...split(setting.field),
  sentence,
  ...(inferred ? { inferred: true } : {}),
});

const namesBroker = (
  setting: Setting,
  subject: Subject,
  brokers: Brokers,
  product: "Kafka" | "RabbitMQ",
  inventory: Inventory,
) => namedIn(setting, subject.running.namespace, inventory).find((s) => brokers.get(s.id) === product);

/** Where a workload's configuration has Kafka's bootstrap servers; undefined where it has none. */
export const bootstrapOf = (
  subject: Subject,
  brokers: Brokers,
  inventory: Inventory,
): Evidence | undefined => {
  for (const setting of subject.settings.filter((s) => !s.init)) {
    if (NOT_BOOTSTRAP.test(setting.name)) continue;
    const broker = namesBroker(setting, subject, brokers, "Kafka", inventory);
    if (broker) return evidence(setting, `It names the Kafka broker behind Service ${broker.id}.`, false);
    if (BOOTSTRAP_NAME.test(setting.name) && ADDRESS.test(setting.value.trim()))
      return evidence(setting, `${setting.name} holds Kafka bootstrap servers.`, false);
    if (setting.kind === "config" && BOOTSTRAP_LINE.test(setting.value))
      return evidence(setting, "It holds Kafka bootstrap servers.", false);
  }
  return undefined;
};

export type GroupFact = { readonly evidence: Evidence; readonly group?: string; readonly topic?: string };

const plain = (value: string): string | undefined => (/^[\w.-]{1,200}$/.test(value) ? value : undefined);

const topicOf = (subject: Subject): string | undefined =>
  plain(subject.settings.find((s) => TOPIC_NAME.test(s.name) && !NOT_BOOTSTRAP.test(s.name))?.value ?? "");

/** A group id in a workload's configuration: only consumers have one. */
export const groupIdOf = (subject: Subject): GroupFact | undefined => {
  const topic = topicOf(subject);
  for (const setting of subject.settings.filter((s) => !s.init)) {
    const named =
      setting.kind !== "config" && GROUP_NAME.test(setting.name) && !NOT_BOOTSTRAP.test(setting.name);
    const line = setting.kind === "config" ? GROUP_LINE.exec(setting.value) : null;
    const group = named ? plain(setting.value) : line?.[2];
    if (!named && !line) continue;
    return {
      evidence: evidence(
        setting,
        `${named ? setting.name : (line?.[1] ?? "")} is the id of a consumer group.`,
        false,
      ),
      ...(group === undefined ? {} : { group }),
      ...(topic === undefined ? {} : { topic }),
    };
  }
  return undefined;
};

export type Scaler = {
  readonly object: KubeObject;
  readonly types: readonly string[];
  readonly queue?: string;
  readonly group?: string;
};

/** KEDA's triggers, by the workload that they scale. */
export const scalersOf = (inventory: Inventory): ReadonlyMap<string, Scaler> =>
  new Map(
    inventory.ofKind("ScaledObject").map((object) => {
      const triggers = (at(object, "spec", "triggers") ?? []) as readonly unknown[];
      const meta = (key: string) =>
        triggers.map((t) => at(t, "metadata", key)).find((v) => typeof v === "string");
      const queue = meta("queueName") ?? meta("queueURL");
      const group = meta("consumerGroup");
      return [
        `${object.metadata.namespace ?? "default"}/${String(at(object, "spec", "scaleTargetRef", "name"))}`,
        {
          object,
          types: triggers.map((t) => String(at(t, "type"))),
          ...(typeof queue === "string" ? { queue } : {}),
          ...(typeof group === "string" ? { group } : {}),
        },
      ];
    }),
  );

const QUEUE_NAME =
  /(^|_)(queue|queue_?(name|url)|sqs_?(queue|url)|celery_?broker_?url|rabbitmq_?(host|url|addr|address|uri|hosts|addresses)|amqp_?(url|uri|host|addr)|rabbit_?(host|url|mq))$/i;

/** Where a workload's configuration names a queue or its broker; undefined where it has none. */
export const queueOf = (
  subject: Subject,
  brokers: Brokers,
  inventory: Inventory,
):
  | { readonly evidence: Evidence; readonly kind: "rabbitmq" | "sqs"; readonly queue?: string }
  | undefined => {
  const own = subject.settings.filter((s) => !s.init);
  const queue = plain(own.find((s) => /(^|_)queue(_?name)?$/i.test(s.name))?.value ?? "");
  for (const setting of own) {
    const sqs = /https:\/\/sqs\.[a-z0-9-]+\.amazonaws\.com\/\d+\/([\w.-]+)/.exec(setting.value);
    if (sqs)
      return {
        evidence: evidence(setting, "It names an SQS queue.", false),
        kind: "sqs",
        queue: sqs[1] ?? queue ?? "unknown",
      };
    const broker = namesBroker(setting, subject, brokers, "RabbitMQ", inventory);
    const amqp = /\bamqps?:\/\//.test(setting.value);
    if (
      broker ||
      amqp ||
      (setting.kind === "env" && QUEUE_NAME.test(setting.name) && /rabbit|amqp/i.test(setting.name))
    )
      return {
        evidence: evidence(
          setting,
          broker ? `It names the broker behind Service ${broker.id}.` : "It names a RabbitMQ broker.",
          false,
        ),
        kind: "rabbitmq",
        ...(queue === undefined ? {} : { queue }),
      };
  }
  return undefined;
};
