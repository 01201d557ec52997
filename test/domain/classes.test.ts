/** Classes come from evidence: what configures a product, what owns it, what consumes. Never from what somebody called it. */

import { describe, expect, test } from "vitest";
import { productOfImage, repositoryOf } from "../../domain/classes/images.ts";
import { readManifests } from "../../domain/intake.ts";
import type { KubeObject } from "../../domain/kube.ts";
import { byCodeUnit } from "../../domain/kube.ts";
import { buildPlan } from "../../domain/planning/build.ts";
import { env, hasInputs, only, planOf, published, service, workload } from "./platform.ts";

const KEDA = (type: string) => `apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: scaler, namespace: shop}
spec: {scaleTargetRef: {name: it}, triggers: [{type: ${type}, metadata: {queueName: mails}}]}
`;
const LEASES = `apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: elect, namespace: shop}
rules: [{apiGroups: [coordination.k8s.io], resources: [leases], verbs: [get, update]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: elect, namespace: shop}
roleRef: {kind: Role, name: elect}
subjects: [{kind: ServiceAccount, name: it, namespace: shop}]
`;
const HOOK = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: hook}
webhooks: [{name: a.b.c, clientConfig: {service: {name: it, namespace: shop}}}]
`;
const CRON = `apiVersion: batch/v1
kind: CronJob
metadata: {name: it, namespace: shop}
spec:
  schedule: "0 3 * * *"
  jobTemplate: {spec: {template: {spec: {containers: [{name: main, image: redis}]}}}}
`;
const POD =
  "apiVersion: v1\nkind: Pod\nmetadata: {name: it, namespace: shop}\nspec: {containers: [{name: main}]}\n";
const CLAIM = "volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]";
const BOOTSTRAP = env("KAFKA_BROKERS", "broker-1.example:9092,broker-2.example:9092");
const one = (parts: Parameters<typeof workload>[1]) => [workload("it", parts)];

const TABLE: readonly (readonly [what: string, manifests: readonly string[], expected: string])[] = [
  [
    "external-dns by its image",
    one({ image: "registry.k8s.io/external-dns/external-dns:v1" }),
    "cloud-controller",
  ],
  [
    "external-dns in a private image, by its options",
    one({ container: "args: [--txt-owner-id=us, --domain-filter=x.example]" }),
    "cloud-controller",
  ],
  [
    "external-dns as a schedule, which has no number of replicas",
    [CRON.replace("image: redis", "image: registry.k8s.io/external-dns/external-dns:v1")],
    "blocked",
  ],
  ["a CronJob, whatever it runs", [CRON], "cron"],
  ["a DaemonSet, whatever it runs", one({ kind: "DaemonSet", image: "redis" }), "core"],
  [
    "monitoring before state",
    one({ image: "quay.io/prometheus/prometheus:v3", pod: "volumes: [{name: d, emptyDir: {}}]" }),
    "core",
  ],
  ["what the API server calls", [workload("it", { service: 443 }), HOOK], "core"],
  ["what lives in kube-system", one({ namespace: "kube-system" }), "core"],
  [
    "an application with a log shipper beside it is no log shipper",
    one({ pod: "initContainers: [{name: logs, image: fluent/fluent-bit, restartPolicy: Always}]" }),
    "stateless",
  ],
  ["a claim", one({ pod: CLAIM }), "stateful"],
  [
    "a volume for each pod",
    one({ kind: "StatefulSet", spec: "volumeClaimTemplates: [{metadata: {name: d}}]" }),
    "stateful",
  ],
  [
    "a database by its image",
    one({ image: "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mirror/postgres@sha256:0" }),
    "stateful",
  ],
  [
    "a database in a private image, by variable and port",
    one({ container: `${env("POSTGRES_DB", "x")}\nports: [{containerPort: 5432}]` }),
    "stateful",
  ],
  ["a client of that database", one({ container: env("POSTGRES_DB", "x"), service: 8080 }), "stateless"],
  [
    "a broker in a private image, by its listeners",
    one({ container: env("KAFKA_ADVERTISED_LISTENERS", "PLAINTEXT://it:9092") }),
    "stateful",
  ],
  ["a cache behind a Service's port alone", one({ service: 6379 }), "stateful"],
  ["a connection pool on a database's port", one({ image: "bitnami/pgbouncer", service: 5432 }), "stateless"],
  [
    "an exporter of a database's metrics",
    one({ image: "prometheuscommunity/postgres-exporter", service: 9187 }),
    "stateless",
  ],
  ["Kafka bootstrap servers and no Service", one({ container: BOOTSTRAP }), "group-member"],
  ["Kafka bootstrap servers and a Service", one({ container: BOOTSTRAP, service: 8080 }), "stateless"],
  [
    "a group id, in spite of a Service",
    one({ container: BOOTSTRAP.replace("]", ", {name: GROUP_ID, value: mail}]"), service: 8080 }),
    "group-member",
  ],
  ["KEDA on a Kafka group's lag", [...one({ container: BOOTSTRAP }), KEDA("kafka")], "group-member"],
  ["KEDA on a queue's length", [...one({}), KEDA("rabbitmq")], "queue-worker"],
  [
    "a queue's address and no Service",
    one({ container: env("BROKER", "amqp://mq.example:5672") }),
    "queue-worker",
  ],
  [
    "a queue's address and a Service: it publishes",
    one({ container: env("BROKER", "amqp://mq.example:5672"), service: 80 }),
    "stateless",
  ],
  [
    "an SQS queue",
    one({ container: env("Q", "https://sqs.eu-west-1.amazonaws.com/1/mails") }),
    "queue-worker",
  ],
  [
    "the right to hold a Lease",
    [workload("it", { pod: "serviceAccountName: it", replicas: 2 }), LEASES],
    "singleton",
  ],
  ["Recreate with one replica", one({ spec: "strategy: {type: Recreate}" }), "singleton"],
  ["Recreate with three", one({ spec: "strategy: {type: Recreate}", replicas: 3 }), "stateless"],
  ["a scheduler's command", one({ container: "command: [celery, -A, app, beat]" }), "singleton"],
  ["its owners' word", one({ annotations: 'repot.dev/exclusive: "true"' }), "singleton"],
  ["a Pod of its own", [POD], "blocked"],
  ["none of all that", one({ service: 8080 }), "stateless"],
];

describe("each workload gets the first class that matches, with evidence", () => {
  test.each(TABLE)("%s", (_, manifests, expected) => {
    const it = only(planOf([...manifests, workload("other", { service: 80 })]), "it");
    expect(it.class).toBe(expected);
    expect(it.evidence.length).toBeGreaterThan(0);
    for (const { object, field, sentence } of it.evidence) {
      expect(object).toMatch(/^(repot\.yaml|[A-Z]\w+ [\w./-]+)$/);
      expect(field).not.toBe("");
      expect(sentence).toMatch(/[.]$/);
    }
  });

  test("a consumer that is only inferred says so, and is an assumption", () => {
    const plan = planOf(one({ container: BOOTSTRAP }));
    expect(only(plan, "it").evidence.every((e) => e.inferred)).toBe(true);
    expect(plan.assumptions.join("\n")).toMatch(/shop\/it consumes topic .* inferred/);
  });

  test("a producer is marked", () => {
    expect(only(planOf(one({ container: BOOTSTRAP, service: 80 })), "it").producer).toBe(true);
  });

  test("a person's word goes before the evidence", () => {
    const plan = planOf(one({ container: BOOTSTRAP }), "classes: {it: stateless}");
    expect(only(plan, "it").class).toBe("stateless");
    expect(only(plan, "it").evidence[0]?.object).toBe("repot.yaml");
  });

  test.each([
    ["redis:alpine", "redis"],
    ["docker.io/library/redis", "redis"],
    ["localhost:5000/team/redis:7@sha256:00", "team/redis"],
    ["ghcr.io/org/demo:kafka", "org/demo"],
  ])("of %s only the repository %s is looked at", (image, repository) => {
    expect(repositoryOf(image)).toBe(repository);
  });

  test("an unknown repository tells nothing, however its tag is called", () => {
    expect(productOfImage("ghcr.io/org/demo:1.0-postgres")).toBeUndefined();
  });
});

const classesOf = (objects: readonly KubeObject[]): string[] =>
  buildPlan(objects).workloads.map((w) => `${w.class}${w.producer === true ? ", producer" : ""}`);

/** Gives every workload, Service, container and label value another name, in each text that has it, and every image another tag. */
const renamed = (
  objects: readonly KubeObject[],
  images: (image: string) => string,
): readonly KubeObject[] => {
  const names = [
    ...new Set(
      objects
        .filter((o) => ["Deployment", "StatefulSet", "Service"].includes(o.kind))
        .map((o) => o.metadata.name),
    ),
  ].sort((a, b) => b.length - a.length || byCodeUnit(a, b));
  const map = new Map(names.map((name, i) => [name, `x${i}y`]));
  const pattern = new RegExp(`(?<![A-Za-z0-9_./-])(${names.join("|")})(?![A-Za-z0-9_-])`, "g");
  const swap = (text: string) => text.replace(pattern, (name) => map.get(name) ?? name);
  const walk = (value: unknown, key: string): unknown => {
    if (typeof value === "string")
      return key === "image"
        ? images(value)
        : ["mountPath", "subPath", "kind", "apiVersion"].includes(key)
          ? value
          : swap(value);
    if (Array.isArray(value)) return value.map((item) => walk(item, key));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, walk(v, k)]));
  };
  const swapped = objects.map((o) => walk(o, "") as KubeObject);
  return readManifests(JSON.stringify({ apiVersion: "v1", kind: "List", items: swapped }), "renamed.json");
};

const otherTag = (image: string) => `${image.replace(/@.*$/, "").replace(/:[^/:]*$/, "")}:renamed`;

describe.skipIf(!hasInputs)(
  "platforms that others wrote (skipped where ../shared/inputs isn't there)",
  () => {
    const demo = hasInputs ? readManifests(published("opentelemetry-demo"), "demo") : [];
    const boutique = hasInputs ? readManifests(published("online-boutique"), "boutique") : [];

    test("the OpenTelemetry demo: consumers, a producer, stores that need a decision", () => {
      const plan = buildPlan(demo);
      const of = (name: string) => plan.workloads.filter((w) => w.class === name).map((w) => w.name);
      expect(of("group-member")).toEqual(["accounting", "fraud-detection"]);
      expect(only(plan, "checkout")).toMatchObject({ class: "stateless", producer: true });
      expect(of("stateful")).toEqual(["kafka", "opensearch", "postgresql", "valkey-cart"]);
      expect(of("core")).toEqual(["jaeger", "grafana", "otel-collector", "prometheus"]);
      expect(plan.open.map((o) => o.workload)).toEqual([
        "default/kafka",
        "default/opensearch",
        "default/postgresql",
        "default/valkey-cart",
      ]);
      expect(plan.hosts).toEqual([
        { host: "frontend-proxy.platform.example", namespace: "default", service: "frontend-proxy" },
      ]);
      expect(plan.workloads.filter((w) => w.loadGenerator).map((w) => w.name)).toEqual(["load-generator"]);
    });

    test("the boutique: a cache without a volume needs a decision, the rest is stateless", () => {
      const plan = buildPlan(boutique);
      expect(plan.open.map((o) => o.workload)).toEqual(["default/redis-cart"]);
      expect(plan.workloads.filter((w) => w.class !== "stateless").map((w) => w.name)).toEqual([
        "redis-cart",
      ]);
      expect(plan.hosts.map((h) => h.service)).toEqual(["frontend-external"]);
      expect(plan.workloads.filter((w) => w.loadGenerator).map((w) => w.name)).toEqual(["loadgenerator"]);
    });

    test.each([
      ["the OpenTelemetry demo", demo],
      ["the boutique", boutique],
    ])("renaming everything in %s changes no class", (_, objects) => {
      const after = renamed(objects, otherTag);
      expect(JSON.stringify(after)).not.toMatch(/"(kafka|frontend|redis-cart)"/);
      expect(classesOf(after).sort()).toEqual(classesOf(objects).sort());
    });

    test("even in images of one's own the demo's classes are the same", () => {
      const after = renamed(demo, () => "registry.example/platform/own:1");
      expect(classesOf(after).sort()).toEqual(classesOf(demo).sort());
    });
  },
);

test("what a Service leads to is no matter of names", () => {
  const plan = planOf([
    workload("a", { container: env("UPSTREAM_ADDR", "front:80") }),
    workload("b"),
    service("front", 80).replace("{app: front}", "{app: b}"),
  ]);
  expect(only(plan, "b").services).toEqual(["shop/front"]);
  expect(only(plan, "a").calls.map((c) => c.service)).toEqual(["shop/front"]);
});
