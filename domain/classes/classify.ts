/**
 * One class for each workload: the first rule that matches, in the order of the table of the design, with its evidence. Names of workloads,
 * Services and image tags are never looked at.
 */

import type { Inventory, Running } from "../inventory.ts";
import { type KubeObject, refOf, sentenceOf } from "../kube.ts";
import type { WorkloadClass } from "../plan.ts";
import { at } from "../pods.ts";
import { loadGeneratorEvidence } from "./clients.ts";
import { exclusiveEvidence, leaseHolders } from "./exclusive.ts";
import {
  type Brokers,
  bootstrapOf,
  brokersOf,
  groupIdOf,
  queueOf,
  type Scaler,
  scalersOf,
} from "./messaging.ts";
import { type Evidence, examine, holds, isWholly, objectName, podPath, type Subject } from "./recognise.ts";

/** What a person said in repot.yaml, by `namespace/name`; it goes before what manifests let us guess. */
export type Said = {
  readonly groups: ReadonlyMap<string, { readonly group: string; readonly topic: string }>;
  readonly queues: ReadonlyMap<string, string>;
  readonly classes: ReadonlyMap<string, WorkloadClass>;
};

export type Classified = {
  readonly subject: Subject;
  readonly class: WorkloadClass;
  readonly evidence: readonly Evidence[];
  readonly producer: boolean;
  readonly loadGenerator: boolean;
  /** What keeps the data, for `stateful`. */
  readonly store?: { readonly product: string; readonly claims: readonly string[] };
  /** Group and topic as far as known, for an inferred group-member; queue for an inferred queue-worker. */
  readonly group?: { readonly group?: string; readonly topic?: string };
  readonly queue?: { readonly kind: "rabbitmq" | "sqs"; readonly queue?: string };
  /** What would unblock it, for `blocked`. */
  readonly remedy?: string;
};

type Facts = {
  readonly inventory: Inventory;
  readonly said: Said;
  readonly brokers: Brokers;
  readonly scalers: ReadonlyMap<string, Scaler>;
  readonly leases: readonly KubeObject[];
  readonly holders: ReadonlyMap<string, string>;
  /** Services that admission webhooks and aggregated APIs call, by id, with the object that says so. */
  readonly hooks: ReadonlyMap<string, string>;
};

type Verdict = Omit<Classified, "subject" | "producer" | "loadGenerator">;
type Rule = (subject: Subject, facts: Facts) => Verdict | undefined;

const hooksOf = (inventory: Inventory): ReadonlyMap<string, string> => {
  const hooks = new Map<string, string>();
  const add = (object: KubeObject, service: unknown) => {
    const name = at(service, "name");
    if (typeof name === "string")
      hooks.set(`${String(at(service, "namespace") ?? "default")}/${name}`, sentenceOf(refOf(object)));
  };
  for (const kind of ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"])
    for (const object of inventory.ofKind(kind))
      for (const hook of (object["webhooks"] ?? []) as readonly unknown[])
        add(object, at(hook, "clientConfig", "service"));
  for (const object of inventory.ofKind("APIService")) add(object, at(object, "spec", "service"));
  return hooks;
};

const own = (running: Running, field: string, sentence: string, inferred = false): Evidence => ({
  object: objectName(running),
  field,
  sentence,
  ...(inferred ? { inferred: true } : {}),
});

const personSaid: Rule = ({ running }, { said }) => {
  const named = said.classes.get(running.id);
  if (named === undefined) return undefined;
  return {
    class: named,
    evidence: [
      {
        object: "repot.yaml",
        field: `classes[${running.id}]`,
        sentence: `A person says that it is ${named}.`,
      },
    ],
  };
};

/** Velero leaves Pods and ReplicaSets out, so nothing would bring these back. */
const bare: Rule = ({ running }) =>
  running.kind !== "Pod" && running.kind !== "ReplicaSet"
    ? undefined
    : {
        class: "blocked",
        evidence: [
          own(
            running,
            "kind",
            `A ${running.kind} of its own: no controller would make it again on the target.`,
          ),
        ],
        remedy: "make it a Deployment, or delete it",
      };

const cloudController: Rule = (subject) => {
  const known = isWholly(subject, "cloud-controller");
  if (!known) return undefined;
  const { kind } = subject.running;
  // It gets an identity of its own on the target and stops on the source: both take a number of replicas.
  return kind === "Deployment" || kind === "StatefulSet"
    ? { class: "cloud-controller", evidence: [known.evidence] }
    : {
        class: "blocked",
        evidence: [
          known.evidence,
          own(subject.running, "kind", `A ${kind} can't be handed over as a controller.`),
        ],
        remedy: "make it a Deployment for the move, or suspend or delete it and leave it out",
      };
};

const cron: Rule = ({ running }) =>
  running.kind === "CronJob"
    ? {
        class: "cron",
        evidence: [own(running, "spec.schedule", "A CronJob: two clusters would run each tick twice.")],
      }
    : undefined;

const once: Rule = ({ running }) =>
  running.kind === "Job"
    ? {
        class: "singleton",
        evidence: [own(running, "kind", "A Job runs once: the target must not run it again.")],
      }
    : undefined;

const core: Rule = (subject, { inventory, hooks }) => {
  const { running } = subject;
  if (running.kind === "DaemonSet")
    return {
      class: "core",
      evidence: [own(running, "kind", "A DaemonSet belongs to the nodes of its cluster.")],
    };
  if (running.namespace === "kube-system")
    return {
      class: "core",
      evidence: [own(running, "metadata.namespace", "kube-system holds what the cluster itself runs on.")],
    };
  for (const service of inventory.servicesOf.get(running.id) ?? []) {
    const hook = hooks.get(service.id);
    if (hook !== undefined)
      return {
        class: "core",
        evidence: [
          {
            object: hook,
            field: "clientConfig.service",
            sentence: `The API server calls Service ${service.id} of it.`,
          },
        ],
      };
  }
  const known = isWholly(subject, "core");
  return known && { class: "core", evidence: [known.evidence] };
};

const claimsOf = (running: Running): readonly Evidence[] => {
  const templates = (at(running.object, "spec", "volumeClaimTemplates") ?? []) as readonly KubeObject[];
  return [
    ...templates.map((t) =>
      own(
        running,
        `spec.volumeClaimTemplates[${t.metadata.name}]`,
        "Each of its pods keeps data on a volume of its own.",
      ),
    ),
    ...(running.template.spec.volumes ?? [])
      .filter((v) => v.persistentVolumeClaim)
      .map((v) =>
        own(
          running,
          `${podPath(running)}.volumes[${v.name}].persistentVolumeClaim`,
          `It keeps data on the claim ${v.persistentVolumeClaim?.claimName}.`,
        ),
      ),
  ];
};

const stateful: Rule = (subject) => {
  const claims = claimsOf(subject.running);
  const known = holds(subject, "store");
  if (claims.length === 0 && !known) return undefined;
  const noVolume = claims.length === 0 ? "It has no claim: its data live only in its pods." : undefined;
  return {
    class: "stateful",
    evidence: [
      ...claims,
      ...(known ? [known.evidence] : []),
      ...(noVolume ? [own(subject.running, podPath(subject.running), noVolume)] : []),
    ],
    store: { product: known?.product ?? "a workload with volumes", claims: claims.map((c) => c.field) },
  };
};

const hasService = (subject: Subject, facts: Facts): boolean =>
  (facts.inventory.servicesOf.get(subject.running.id) ?? []).length > 0;

const groupMember: Rule = (subject, facts) => {
  const { running } = subject;
  const said = facts.said.groups.get(running.id);
  if (said)
    return {
      class: "group-member",
      evidence: [
        {
          object: "repot.yaml",
          field: `groups[${said.group}]`,
          sentence: `Its pods are the members of group ${said.group}.`,
        },
      ],
    };
  const scaler = facts.scalers.get(running.id);
  if (scaler?.types.some((t) => t.includes("kafka")))
    return {
      class: "group-member",
      evidence: [scaledBy(scaler, "a Kafka group's lag")],
      group: scaler.group === undefined ? {} : { group: scaler.group },
    };
  const bootstrap = bootstrapOf(subject, facts.brokers, facts.inventory);
  if (!bootstrap) return undefined;
  const group = groupIdOf(subject);
  if (group) return { class: "group-member", evidence: [group.evidence, bootstrap], group };
  if (hasService(subject, facts)) return undefined;
  return {
    class: "group-member",
    evidence: [
      { ...bootstrap, inferred: true },
      own(
        running,
        podPath(running),
        "No Service selects its pods, so it lives by what it reads: taken for a consumer.",
        true,
      ),
    ],
    group: {},
  };
};

const scaledBy = (scaler: Scaler, what: string): Evidence => ({
  object: sentenceOf(refOf(scaler.object)),
  field: "spec.triggers",
  sentence: `KEDA scales it by ${what}.`,
});

const queueWorker: Rule = (subject, facts) => {
  const said = facts.said.queues.get(subject.running.id);
  if (said !== undefined)
    return {
      class: "queue-worker",
      evidence: [
        { object: "repot.yaml", field: `queues[${said}]`, sentence: `Its pods consume the queue ${said}.` },
      ],
    };
  const scaler = facts.scalers.get(subject.running.id);
  const type = scaler?.types.find((t) =>
    /rabbitmq|sqs|activemq|artemis|servicebus-queue|azure-queue|pubsub/.test(t),
  );
  if (scaler && type !== undefined)
    return {
      class: "queue-worker",
      evidence: [scaledBy(scaler, "the length of a queue")],
      queue: {
        kind: type.includes("sqs") ? "sqs" : "rabbitmq",
        ...(scaler.queue === undefined ? {} : { queue: scaler.queue }),
      },
    };
  const queue = queueOf(subject, facts.brokers, facts.inventory);
  if (!queue || hasService(subject, facts) || loadGeneratorEvidence(subject, facts.inventory))
    return undefined;
  return {
    class: "queue-worker",
    evidence: [
      { ...queue.evidence, inferred: true },
      own(
        subject.running,
        podPath(subject.running),
        "No Service selects its pods, so it lives by what it reads: taken for a worker.",
        true,
      ),
    ],
    queue,
  };
};

const singleton: Rule = (subject, facts) => {
  const evidence = exclusiveEvidence(subject, facts);
  return evidence && { class: "singleton", evidence: [evidence] };
};

const stateless: Rule = (subject, facts) => {
  const { running } = subject;
  const generator = loadGeneratorEvidence(subject, facts.inventory);
  const bootstrap = generator ? undefined : bootstrapOf(subject, facts.brokers, facts.inventory);
  const services = facts.inventory.servicesOf.get(running.id) ?? [];
  const producer: Evidence[] = bootstrap
    ? [
        {
          ...bootstrap,
          sentence: `${bootstrap.sentence} Nothing says that it consumes: taken for a producer.`,
          inferred: true,
        },
      ]
    : [];
  return {
    class: "stateless",
    evidence: [
      ...(generator
        ? [{ ...generator, sentence: `${generator.sentence} It makes requests: a client of the platform.` }]
        : []),
      ...producer,
      own(
        running,
        podPath(running),
        `No claim, no known store, no queue, nothing exclusive${services.length > 0 ? `; Service ${services.map((s) => s.id).join(", ")} shares requests among its pods` : ""}.`,
      ),
    ],
  };
};

const RULES: readonly Rule[] = [
  personSaid,
  bare,
  cloudController,
  cron,
  core,
  once,
  stateful,
  groupMember,
  queueWorker,
  singleton,
  stateless,
];

const judge = (subject: Subject, facts: Facts): Classified => {
  const { inventory, brokers } = facts;
  const loadGenerator = loadGeneratorEvidence(subject, inventory) !== undefined;
  for (const rule of RULES) {
    const verdict = rule(subject, facts);
    if (!verdict) continue;
    const producer =
      verdict.class === "stateless" &&
      !loadGenerator &&
      bootstrapOf(subject, brokers, inventory) !== undefined;
    return { subject, producer, loadGenerator, ...verdict };
  }
  throw new Error(`No rule gives ${objectName(subject.running)} a class.`);
};

/** Classifies every workload of a platform; the order is the inventory's. */
export const classify = (inventory: Inventory, said: Said): readonly Classified[] => {
  const subjects = inventory.running.map((running) => examine(running, inventory));
  const facts: Facts = {
    inventory,
    said,
    brokers: brokersOf(subjects, inventory),
    scalers: scalersOf(inventory),
    leases: inventory.ofKind("Lease"),
    holders: leaseHolders(inventory),
    hooks: hooksOf(inventory),
  };
  return subjects.map((subject) => judge(subject, facts));
};
