/** A small platform with one of each hard thing, whole rehearsals of it in a fraction of a second, and what tests ask of a record. */

import { join } from "node:path";
import { loadPlanInput } from "../../cli/plan.ts";
import type { RunEvent } from "../../domain/events.ts";
import type { Plan } from "../../domain/plan.ts";
import { buildPlan, planHash, planText } from "../../domain/planning/build.ts";
import { readSettings } from "../../domain/settings.ts";
import { type RehearsalOptions, type Rehearsed, rehearse } from "../../simulator/rehearsal/rehearse.ts";
import { env, objectsOf, workload } from "../domain/platform.ts";

const PROBE =
  "readinessProbe: {httpGet: {path: /ready, port: 8080}, initialDelaySeconds: 5, periodSeconds: 5}";
export const GENTLE = `resources: {requests: {cpu: 200m, memory: 128Mi}}
lifecycle: {preStop: {sleep: {seconds: 15}}}`;

export const WEB = (probe = PROBE, rest = GENTLE, pod = "terminationGracePeriodSeconds: 40"): string =>
  workload("web", {
    replicas: 4,
    pod,
    container: `${rest}\n${probe}\n${env("CART", "http://cart.shop:8080")}`,
  });

const WEB_SERVICE = `apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  type: LoadBalancer
  selector: {app: web}
  ports: [{port: 8080}]
`;

const CART = workload("cart", {
  replicas: 2,
  service: 8080,
  pod: "terminationGracePeriodSeconds: 40",
  container: `${GENTLE}\n${PROBE}`,
});

const SCHEDULER = workload("scheduler", {
  replicas: 1,
  spec: "strategy: {type: Recreate}",
  container: "resources: {requests: {cpu: 50m, memory: 64Mi}}",
});

const METER = workload("meter", {
  kind: "StatefulSet",
  replicas: 2,
  spec: "serviceName: meter",
  container: "resources: {requests: {cpu: 50m, memory: 64Mi}}",
});

const WORKER = workload("worker", {
  replicas: 2,
  container: "resources: {requests: {cpu: 50m, memory: 64Mi}}",
});

export const TICK = (schedule = "*/10 * * * *"): string => `apiVersion: batch/v1
kind: CronJob
metadata: {name: tick, namespace: shop}
spec:
  schedule: "${schedule}"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{name: main, image: "registry.example/tick:1"}]
`;

/** A broker within the platform that keeps what waits in its pods, and a worker on it. */
export const BROKER: Readonly<Record<string, string>> = {
  broker: workload("broker", {
    kind: "StatefulSet",
    image: "rabbitmq:3.13-management",
    replicas: 1,
    service: 5672,
    spec: "serviceName: broker",
  }),
  worker: workload("worker", {
    replicas: 2,
    container: `resources: {requests: {cpu: 50m, memory: 64Mi}}\n${env("AMQP_URL", "amqp://broker.shop:5672")}`,
  }),
};

const AUTOSCALER = `apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 3
  maxReplicas: 8
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}}]
`;

const NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n";

/** One of each: a public application and what it calls, a singleton, a static group member, a queue worker, a cron job. */
export const MANIFESTS: Readonly<Record<string, string>> = {
  namespace: NAMESPACE,
  web: WEB(),
  webService: WEB_SERVICE,
  cart: CART,
  scheduler: SCHEDULER,
  meter: METER,
  worker: WORKER,
  tick: TICK(),
};

export const SETTINGS = {
  platform: "shop",
  source: { nodePools: [{ name: "general", nodesMin: 2, nodesMax: 6, cpuPerNode: 8, memoryGibPerNode: 32 }] },
  target: { nodePools: [{ name: "general", nodesMin: 2, nodesMax: 6, cpuPerNode: 8, memoryGibPerNode: 32 }] },
  dns: {
    zone: "shop.example.org",
    parent: "example.org",
    ttlSeconds: 900,
    hosts: [{ host: "www.shop.example.org", service: "shop/web" }],
  },
  load: [{ host: "www.shop.example.org", requestsPerSecond: 60 }],
  classes: { "shop/scheduler": "singleton" },
  groups: [{ group: "meter", topic: "plays", workload: "shop/meter", staticIdPrefix: "meter" }],
  queues: [{ queue: "thumbnails", kind: "rabbitmq", workload: "shop/worker", messagesPerSecond: 4 }],
  pipelines: [
    {
      name: "deploy-shop",
      user: "ci:shop",
      groups: ["ci:deployers"],
      deploys: ["shop/web", "shop/cart"],
      deploysPerDay: 24,
    },
  ],
  window: { timeZone: "UTC", start: "00:00", end: "23:59" },
  // Days of baking are days to simulate, and nothing of what is tested here happens in them.
  policy: { bakeSeconds: 900 },
};

export type Planned = { readonly plan: Plan; readonly hash: string };

/** A plan of the small platform with some manifests replaced (null leaves one out) and some settings changed. */
export const planned = (
  manifests: Readonly<Record<string, string | null>> = {},
  settings: object = {},
): Planned => {
  const texts = Object.values({ ...MANIFESTS, ...manifests }).filter((text) => text !== null);
  const plan = buildPlan(
    objectsOf(...texts),
    readSettings(JSON.stringify({ ...SETTINGS, ...settings }), "repot.yaml"),
  );
  return { plan, hash: planHash(planText(plan)) };
};

export const EXAMPLE = join(import.meta.dirname, "../../examples/streaming");

type Over = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** The example platform, with some settings changed, and without the namespaces named. */
export const example = async (over: Over = {}, without: readonly string[] = []): Promise<Planned> => {
  const { objects: all, settings } = await loadPlanInput([EXAMPLE], async () => new Uint8Array());
  const objects = all.filter(({ metadata }) => !without.includes(metadata.namespace ?? ""));
  const given = { ...settings.given } as Record<string, object>;
  for (const [section, fields] of Object.entries(over)) given[section] = { ...given[section], ...fields };
  const plan = buildPlan(objects, { ...settings, given });
  return { plan, hash: planHash(planText(plan)) };
};

export type Ran = Rehearsed & { readonly lines: readonly string[] };

export const run = async ({ plan, hash }: Planned, options: Partial<RehearsalOptions> = {}): Promise<Ran> => {
  const lines: string[] = [];
  const rehearsed = await rehearse({
    plan,
    hash,
    seed: 1,
    faults: [],
    approve: "auto",
    ...options,
    onEvent: (_, line) => lines.push(line),
  });
  return { ...rehearsed, lines };
};

/** Reads a queue of SQS in its order: both sides must not work on it at once. */
const MAILER = workload("mailer", {
  replicas: 1,
  container: "resources: {requests: {cpu: 50m, memory: 64Mi}}",
});

/** One writer, one volume, which is copied. */
export const booksOf = (gib = 20): Readonly<Record<string, string>> => ({
  books: workload("books", {
    kind: "StatefulSet",
    replicas: 1,
    container: "resources: {requests: {cpu: 50m, memory: 64Mi}}",
    spec: `serviceName: books
volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], storageClassName: gp3, resources: {requests: {storage: ${gib}Gi}}}`,
  }),
  gp3: `apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: gp3}
provisioner: ebs.csi.aws.com
reclaimPolicy: Retain
volumeBindingMode: WaitForFirstConsumer
`,
});

/** Owns the records of the platform's hosts, and deletes those that nobody wants. */
const EXTERNAL_DNS = workload("external-dns", {
  replicas: 1,
  image: "registry.k8s.io/external-dns/external-dns:v0.16.1",
  spec: "strategy: {type: Recreate}",
  container: `resources: {requests: {cpu: 50m, memory: 64Mi}}
args: [--source=ingress, --zone-id-filter=Z0123SHOP, --txt-owner-id=shop-source, --policy=sync]`,
});

const SECRET = `apiVersion: v1
kind: Secret
metadata: {name: www-tls, namespace: shop}
data: {tls.crt: Y2VydA==}
`;

const INGRESS = `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  rules:
    - host: www.shop.example.org
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 8080}}}}]}
`;

/** The small platform with an external-dns that owns its records. */
export const WITH_EXTERNAL_DNS: Readonly<Record<string, string>> = {
  externalDns: EXTERNAL_DNS,
  ingress: INGRESS,
};

/** The small platform with an autoscaler, a broker that stays behind, and a queue that is drained: what more there is to strike at. */
export const rich = (): Planned =>
  planned(
    { ...BROKER, ...booksOf(), autoscaler: AUTOSCALER, mailer: MAILER, secret: SECRET, ...WITH_EXTERNAL_DNS },
    {
      decisions: { "shop/broker": "keep-on-source", "shop/books": "copy-with-pause" },
      queues: [
        ...SETTINGS.queues,
        { queue: "mails", kind: "sqs", workload: "shop/mailer", messagesPerSecond: 2, policy: "drained" },
      ],
    },
  );

/** Names of the invariants that were broken, each once, sorted. */
export const broken = ({ summary }: Pick<Rehearsed, "summary">): readonly string[] =>
  [...new Set(summary.violations.map((v) => v.invariant))].sort();

export const eventsOf = <T extends RunEvent["type"]>({ events }: Pick<Rehearsed, "events">, type: T) =>
  events.filter((e): e is Extract<RunEvent, { type: T }> => e.type === type);
