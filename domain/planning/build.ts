/** Builds the plan of a migration from a platform's objects, what repot.yaml says, and what was decided. Pure: the same in, the same bytes out. */

import { canonicalText, sha256 } from "../canonical.ts";
import { type Classified, classify, type Said } from "../classes/classify.ts";
import { holds } from "../conditions.ts";
import { BadInput } from "../errors.ts";
import { type Inventory, takeInventory } from "../inventory.ts";
import { byCodeUnit, type KubeObject, refOf, sentenceOf } from "../kube.ts";
import { maskObjects } from "../masking.ts";
import { numbered, operationOf } from "../operations.ts";
import { nameOf, type Plan, planSchema, type Workload } from "../plan.ts";
import { at, isOwned, workloadKindOf } from "../pods.ts";
import type { GivenSettings } from "../settings.ts";
import { leastPauseSeconds } from "../volume-copy.ts";
import { fillSettings, NOTHING_GIVEN, resolveGiven } from "./assumed.ts";
import { changesOf } from "./changes.ts";
import { type Decided, type Decisions, decide, NO_DECISIONS, offerFor, openQuestions } from "./decisions.ts";
import { moveGroups, planGroups, withoutPauses } from "./groups.ts";
import { findRoutes } from "./hosts.ts";
import { limitsOf, linksOf } from "./limits.ts";
import { autoscalersOf, workloadOf } from "./moves.ts";
import { resolver } from "./names.ts";
import { priceOf } from "./price.ts";
import { stepsOf } from "./steps.ts";
import { wavesOf } from "./waves.ts";

/** What clusters make by themselves, again and again: neither compared nor moved. */
const PASSING = new Set([
  "Event",
  "EndpointSlice",
  "Node",
  "NodeMetrics",
  "PodMetrics",
  "ComponentStatus",
  "TokenReview",
  "ControllerRevision",
  "CSINode",
  "VolumeAttachment",
  "NodeClaim",
  "CertificateSigningRequest",
]);

/** Jobs that are over: restored, they would run again. */
const isOver = (object: KubeObject): boolean =>
  workloadKindOf(object) === "Job" && (holds(object, "Complete") || holds(object, "Failed"));

const isPassing = (object: KubeObject): boolean =>
  PASSING.has(object.kind) ||
  isOver(object) ||
  (object.kind === "Endpoints" && object.apiVersion === "v1") ||
  (isOwned(object) && workloadKindOf(object) !== undefined) ||
  (object.kind === "ConfigMap" && object.metadata.name === "kube-root-ca.crt") ||
  (object.kind === "Service" &&
    object.metadata.namespace === "default" &&
    object.metadata.name === "kubernetes") ||
  (object.kind === "Secret" && object["type"] === "kubernetes.io/service-account-token");

/** What the cluster gave a Service: another cluster gives it another one. */
const ASSIGNED = ["clusterIP", "clusterIPs", "healthCheckNodePort"];

const withoutAssigned = (object: KubeObject): KubeObject => {
  const { status: _, ...rest } = object;
  if (object.kind !== "Service" || at(object, "spec", "clusterIP") === "None") return rest as KubeObject;
  const spec = Object.entries((object["spec"] ?? {}) as Record<string, unknown>).filter(
    ([key]) => !ASSIGNED.includes(key),
  );
  return { ...rest, spec: Object.fromEntries(spec) } as KubeObject;
};

/** The platform as it is planned with: secrets masked, nothing that only one cluster can have. */
export const platformOf = (objects: readonly KubeObject[]): Inventory =>
  takeInventory(maskObjects(objects.filter((o) => !isPassing(o)).map(withoutAssigned)));

/** Kinds that run pods by a template of their own and that this version doesn't know how to move. */
const foreignWorkloads = (inventory: Inventory): readonly string[] =>
  inventory.objects
    .filter((o) => !workloadKindOf(o) && Array.isArray(at(o, "spec", "template", "spec", "containers")))
    .map(
      (o) =>
        `${sentenceOf(refOf(o))} (${o.apiVersion}) runs pods, and Repot moves Deployments, StatefulSets, DaemonSets and CronJobs only: make it one of these, or leave it out.`,
    );

/** Custom resources by whose operators databases and brokers run: restored as they are, they would come up empty. */
const DATA_KINDS: Readonly<Record<string, string>> = {
  "kafka.strimzi.io/Kafka": "Kafka (Strimzi)",
  "kafka.strimzi.io/KafkaNodePool": "Kafka (Strimzi)",
  "postgresql.cnpg.io/Cluster": "PostgreSQL (CloudNativePG)",
  "acid.zalan.do/postgresql": "PostgreSQL (Zalando)",
  "elasticsearch.k8s.elastic.co/Elasticsearch": "Elasticsearch (ECK)",
  "rabbitmq.com/RabbitmqCluster": "RabbitMQ",
  "mongodbcommunity.mongodb.com/MongoDBCommunity": "MongoDB",
  "psmdb.percona.com/PerconaServerMongoDB": "MongoDB (Percona)",
  "pxc.percona.com/PerconaXtraDBCluster": "MySQL (Percona)",
  "mysql.oracle.com/InnoDBCluster": "MySQL",
  "k8ssandra.io/K8ssandraCluster": "Cassandra",
  "cassandra.datastax.com/CassandraDatacenter": "Cassandra",
  "redis.redis.opstreelabs.in/RedisCluster": "Redis",
  "opensearch.opster.io/OpenSearchCluster": "OpenSearch",
  "clickhouse.altinity.com/ClickHouseInstallation": "ClickHouse",
};

/** Each is asked about: what an operator keeps for it can't be told from the manifests. */
const dataResources = (inventory: Inventory): readonly string[] =>
  inventory.objects.flatMap((o) => {
    const product = DATA_KINDS[`${o.apiVersion.split("/")[0]}/${o.kind}`];
    return product === undefined
      ? []
      : [
          `${sentenceOf(refOf(o))} (${o.apiVersion}) keeps data (${product}) through its operator, and would come up empty on the target: keep it out of the manifests that are moved, and its Services leading to the source, or move its data by its operator's own replication first.`,
        ];
  });

const saidOf = ({ given }: GivenSettings): Said => ({
  groups: new Map((given.groups ?? []).map((g) => [g.workload, { group: g.group, topic: g.topic }])),
  queues: new Map((given.queues ?? []).map((q) => [q.workload, q.queue])),
  classes: new Map(Object.entries(given.classes ?? {})),
});

/** Classes that can be said of a kind that has no number of replicas: a pod on each node, a schedule, what runs once. */
const SAYABLE: Readonly<Record<string, readonly string[]>> = {
  DaemonSet: ["core", "stateless"],
  CronJob: [],
  Job: [],
};

/** @throws BadInput for a correction that nothing could be moved by. */
const mustBeMovable = ({ given, where }: GivenSettings, inventory: Inventory): void => {
  for (const { id, kind } of inventory.running) {
    const said = given.classes?.[id];
    const [first, ...more] = SAYABLE[kind] ?? [];
    if (said === undefined || SAYABLE[kind] === undefined || SAYABLE[kind].includes(said)) continue;
    throw new BadInput(
      `${where(["classes", id])}: classes.${id}: it's a ${kind}, and ${first === undefined ? "moves as one whatever is said of it; take the line out" : `can only be ${[first, ...more].join(" or ")}`}.`,
    );
  }
};

const MOVED_BY: Readonly<Partial<Record<Workload["move"], string>>> = {
  "start-on-target": "start-core",
  "half-and-half": "shift",
  "stop-then-start": "hand-over",
  "shift-group": "shift-group",
  "hand-over-schedule": "hand-over",
  "hand-over-controller": "hand-over",
  "copy-with-pause": "copy",
  "shift-workers": "shift-workers",
};

type Drawn = Pick<Plan, "workloads" | "operations"> & { readonly links: NonNullable<Plan["links"]> };

/** Waves, operations and links: who moves when, and under which number in the journal. */
const drawUp = (workloads: readonly Workload[], settings: Plan["settings"]): Drawn => {
  const waves = wavesOf(workloads, settings.policy.applicationsPerWave);
  const placed = workloads.map((w) => ({ ...w, wave: waves.get(nameOf(w)) ?? null }));
  const links = linksOf(placed);
  const operations = [...numbered(stepsOf(placed, links, settings))];
  const operationFor = (w: Workload): string | null => {
    const name = MOVED_BY[w.move];
    return name === undefined ? null : operationOf({ operations }, name, nameOf(w));
  };
  return {
    operations,
    workloads: placed.map((w) => ({ ...w, operation: operationFor(w) })),
    links: links.map((l) => ({ ...l, operation: operationOf({ operations }, "link-service", l.service) })),
  };
};

const PlanSchema = planSchema();
const WithoutObjects = PlanSchema.omit({ objects: true });

const slug = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 30)
    .replace(/-+$/, "") || "platform";

const rebuiltBrokers = (
  classified: readonly Classified[],
  decided: Decided,
  inventory: Inventory,
): ReadonlySet<string> =>
  new Set(
    classified
      .filter((c) => c.store?.product === "RabbitMQ" && decided.get(c.subject.running.id) === "rebuild")
      .flatMap((c) => (inventory.servicesOf.get(c.subject.running.id) ?? []).map((s) => s.id)),
  );

const offersFor = (classified: readonly Classified[], inventory: Inventory) =>
  new Map(
    classified
      .filter((c) => c.class === "stateful")
      .map((c) => [c.subject.running.id, offerFor(c, inventory)] as const),
  );

/**
 * @param objects as `gather` leaves them; secrets are masked here, before anything is made of them.
 * @param said what repot.yaml says; nothing where there is none.
 * @param flags decisions of the command line; they go before those of repot.yaml.
 * @throws BadInput or Refused, in a sentence, where no plan can be made of it.
 */
export const buildPlan = (
  objects: readonly KubeObject[],
  said: GivenSettings = NOTHING_GIVEN,
  flags: Decisions = NO_DECISIONS,
): Plan => {
  const inventory = platformOf(objects);
  if (inventory.running.length === 0)
    throw new BadInput(
      "There is no workload in these manifests: no Deployment, StatefulSet, DaemonSet or CronJob.",
    );
  const resolve = resolver(inventory.running.map((r) => r.id));
  const known = resolveGiven(said, resolve);
  mustBeMovable(known, inventory);
  const classified = classify(inventory, saidOf(known));
  const filled = fillSettings(known, inventory, classified, findRoutes(inventory, classified));
  const offers = offersFor(classified, inventory);
  const decided = decide(flags, known, offers, resolve);
  const settings = {
    ...filled.settings,
    decisions: Object.fromEntries([...decided].sort(([a], [b]) => byCodeUnit(a, b))),
  };
  const shared = {
    inventory,
    settings,
    hosts: filled.hosts,
    decided,
    offers,
    autoscalers: autoscalersOf(inventory),
    rebuiltBrokers: rebuiltBrokers(classified, decided, inventory),
  };
  const drawn = drawUp(
    moveGroups(
      classified.map((c) => workloadOf(c, shared)),
      classified,
    ),
    settings,
  );
  const groups = planGroups(drawn.workloads, settings);
  const workloads = [...withoutPauses(drawn.workloads, groups)];
  const content = {
    format: 1 as const,
    platform: settings.platform,
    settings,
    ...drawn,
    workloads,
    hosts: [...filled.hosts],
    ...(groups.length === 0 ? {} : { groups }),
    changes: [...changesOf(workloads, drawn.links, inventory, settings.source.name)],
    assumptions: [...filled.assumptions, ...namespaceAssumption(objects)],
    open: openQuestions(classified, offers, decided, [
      ...foreignWorkloads(inventory),
      ...dataResources(inventory),
    ]),
    limits: [...filled.limits, ...limitsOf(classified, workloads, inventory)],
    price: priceOf(workloads, settings),
  };
  // Objects were read from JSON or YAML: they are plain data already, and checking them once more takes seconds for a large platform.
  const plain = inventory.objects as unknown as Plan["objects"];
  const id = sha256(canonicalText(content) + canonicalText(plain)).slice(0, 8);
  return {
    ...WithoutObjects.parse({ ...content, migration: `${slug(settings.platform)}-${id}` }),
    objects: plain,
  };
};

const namespaceAssumption = (objects: readonly KubeObject[]): string[] => {
  const inDefault = objects.filter((o) => o.metadata.namespace === "default" && workloadKindOf(o)).length;
  const declared = objects.some((o) => o.kind === "Namespace" && o.metadata.name !== "default");
  return inDefault > 0 && declared
    ? [`${inDefault} workloads are in the namespace default, where manifests without a namespace belong.`]
    : [];
};

/** The bytes of plan.json. */
export const planText = (plan: Plan): string => canonicalText(plan);

/** What approvers sign: the SHA-256 of plan.json's bytes. */
export const planHash = (text: string): string => sha256(text);

/** Why a plan doesn't start: a line for each open decision and each blocked workload. Empty where it may. */
export const reasonsNotToStart = (plan: Plan): readonly string[] => [
  ...(plan.open.length === 0 && plan.workloads.every((w) => w.move === "keep-on-source" || w.move === "none")
    ? ["Nothing would move: every workload stays on the source. Decide otherwise for at least one of them."]
    : []),
  ...plan.open.map((o) => o.question),
  ...plan.workloads
    .filter((w) => w.move === "keep-on-source" && w.hosts.length > 0)
    .map(
      (w) =>
        `${w.hosts.join(", ")} ${w.hosts.length === 1 ? "ends" : "end"} at ${nameOf(w)}, which stays on the source: a load balancer of the target has no pods of it to send to. Put a proxy of the target in front of it, or decide otherwise.`,
    ),
  ...plan.workloads
    .filter((w) => w.copy && (w.pauseSecondsMax ?? 0) < leastPauseSeconds(w.copy.startSeconds))
    .map(
      (w) =>
        `${nameOf(w)} may be away for ${w.pauseSecondsMax ?? 0} s while its volumes are copied; a start there and a start back alone may take ${leastPauseSeconds(w.copy?.startSeconds ?? 0)} s. Approve a longer pause (pauses in repot.yaml), or decide otherwise.`,
    ),
  ...plan.workloads
    .filter((w) => w.class === "blocked")
    .map(
      (w) =>
        `${w.kind} ${nameOf(w)} is blocked: ${w.evidence[0]?.sentence ?? "no safe way was found."} ${UNBLOCK}`,
    ),
];

const UNBLOCK = "Make it a Deployment, or leave it out.";

/** Reads a plan.json back. @throws BadInput where it isn't one. */
export const parsePlan = (text: string, fileName: string): Plan => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new BadInput(`${fileName} is not JSON, so it is no plan.`, { cause });
  }
  const result = PlanSchema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new BadInput(
    `${fileName} is no plan of this version: ${issue ? `${issue.path.join(".")} ${issue.message}` : "it has another shape"}. Make it again with repot plan.`,
  );
};
