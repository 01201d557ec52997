/**
 * A platform of any size from a seed: what a company of some hundreds of teams runs after ten years. Applications in four layers that
 * call each other, hosts behind one ingress, autoscalers, disruption budgets, cron jobs, workers of queues, members of Kafka groups, and
 * a few things that may exist only once.
 */

import type { KubeObject } from "../../domain/kube.ts";
import { makeRandom, type Random } from "../../simulator/random.ts";

export type Generated = { readonly objects: readonly KubeObject[]; readonly settings: string };

type Kind = "web" | "group" | "queue" | "cron" | "once";
type Application = {
  readonly name: string;
  readonly namespace: string;
  readonly kind: Kind;
  /** 0 is called by nobody of the platform; each calls deeper ones only. */
  readonly layer: number;
  readonly replicas: number;
};

const ZONE = "apps.example.org";
const LAYERS = 4;
/** Of 1,600: 200 consumers of Kafka groups, 64 workers of queues, 80 cron jobs, 16 singletons, 1,240 that serve. */
const ONE_IN: readonly (readonly [Kind, number])[] = [
  ["group", 8],
  ["cron", 20],
  ["queue", 25],
  ["once", 100],
];
const APPLICATIONS_A_NAMESPACE = 20;
const APPLICATIONS_A_HOST = 80;
/** Waves of applications that serve, of those that stop first, and the core's own: twelve in all, whatever the size. */
const WAVES_SERVING = 7;

const applicationsOf = (count: number, random: Random): readonly Application[] => {
  const serving: Application[] = [];
  const others: Application[] = [];
  for (let i = 0; i < count; i += 1) {
    const namespace = `team-${String(Math.floor(i / APPLICATIONS_A_NAMESPACE)).padStart(3, "0")}`;
    const kind = ONE_IN.find(([, every], at) => i % every === at)?.[0] ?? "web";
    const name = `${kind}-${String(i).padStart(4, "0")}`;
    const replicas = kind === "once" ? 1 : random.whole(2, 4);
    const layer = kind === "web" ? Math.min(LAYERS - 1, Math.floor(random.next() ** 0.7 * LAYERS)) : 0;
    (kind === "web" ? serving : others).push({ name, namespace, kind, layer, replicas });
  }
  return [...serving, ...others];
};

const container = (app: Application, env: readonly (readonly [string, string])[]) => ({
  name: "main",
  image: `registry.example.org/${app.namespace}/${app.name}:2026.3`,
  ports: [{ containerPort: 8080, name: "http" }],
  env: env.map(([name, value]) => ({ name, value })),
  resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "256Mi" } },
  ...(app.kind === "web"
    ? {
        lifecycle: { preStop: { sleep: { seconds: 15 } } },
        readinessProbe: { httpGet: { path: "/ready", port: 8080 }, initialDelaySeconds: 5, periodSeconds: 5 },
      }
    : {}),
});

const templateOf = (app: Application, env: readonly (readonly [string, string])[]) => ({
  metadata: { labels: { app: app.name, team: app.namespace } },
  spec: {
    serviceAccountName: app.name,
    terminationGracePeriodSeconds: 40,
    containers: [container(app, env)],
    ...(app.kind === "cron" ? { restartPolicy: "OnFailure" } : {}),
  },
});

const metadata = (app: Application, name = app.name) => ({
  name,
  namespace: app.namespace,
  labels: { app: app.name, team: app.namespace },
});

/** What each application brings: its workload, its account, its configuration, and what its kind needs beside. */
const objectsOf = (
  app: Application,
  calls: readonly Application[],
  random: Random,
): readonly KubeObject[] => {
  const env: (readonly [string, string])[] = [
    ["LOG_LEVEL", "info"],
    ...calls.map((c, i) => [`UPSTREAM_${i}`, `http://${c.name}.${c.namespace}.svc:8080`] as const),
    ...(app.kind === "group"
      ? ([
          ["KAFKA_BOOTSTRAP_SERVERS", "kafka-1.data.example.org:9092,kafka-2.data.example.org:9092"],
          ["KAFKA_GROUP_ID", app.name],
          ["KAFKA_TOPIC", `topic-${app.name}`],
        ] as const)
      : []),
  ];
  const own: KubeObject[] = [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: metadata(app) },
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: metadata(app, `${app.name}-settings`),
      data: { "app.yaml": `team: ${app.namespace}\nname: ${app.name}\n` },
    },
  ];
  if (app.kind === "cron") {
    const schedule = `${random.whole(0, 59)} ${random.pick(["*", "*/2", "3", "4"])} * * *`;
    const jobTemplate = { spec: { template: templateOf(app, env) } };
    return [
      ...own,
      { apiVersion: "batch/v1", kind: "CronJob", metadata: metadata(app), spec: { schedule, jobTemplate } },
    ];
  }
  const selector = { matchLabels: { app: app.name } };
  const strategy = { type: app.kind === "once" ? "Recreate" : "RollingUpdate" };
  const spec = { replicas: app.replicas, selector, strategy, template: templateOf(app, env) };
  own.push({ apiVersion: "apps/v1", kind: "Deployment", metadata: metadata(app), spec });
  if (app.kind !== "web") return own;
  const ports = [{ name: "http", port: 8080, targetPort: 8080 }];
  own.push({
    apiVersion: "v1",
    kind: "Service",
    metadata: metadata(app),
    spec: { selector: { app: app.name }, ports },
  });
  own.push({
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: metadata(app),
    spec: { maxUnavailable: 1, selector },
  });
  if (random.next() < 0.4) own.push(autoscalerOf(app));
  return own;
};

const autoscalerOf = (app: Application): KubeObject => ({
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata: metadata(app),
  spec: {
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: app.name },
    minReplicas: app.replicas,
    maxReplicas: app.replicas * 2,
    metrics: [
      {
        type: "Resource",
        resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } },
      },
    ],
  },
});

/** One to three applications of deeper layers, mostly of the same stack: a team and its neighbours. */
const callsOf = (
  app: Application,
  serving: readonly Application[],
  random: Random,
): readonly Application[] => {
  if (app.kind !== "web" || app.layer === LAYERS - 1) return [];
  const at = serving.indexOf(app);
  const calls = new Set<Application>();
  for (let i = random.whole(1, 3); i > 0; i -= 1) {
    const near = serving[(at + random.whole(1, 60)) % serving.length];
    if (near && near.layer > app.layer) calls.add(near);
  }
  return [...calls];
};

const ingressOf = (app: Application, host: string): KubeObject => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "Ingress",
  metadata: metadata(app),
  spec: {
    ingressClassName: "nginx",
    rules: [
      {
        host,
        http: {
          paths: [
            {
              path: "/",
              pathType: "Prefix",
              backend: { service: { name: app.name, port: { number: 8080 } } },
            },
          ],
        },
      },
    ],
  },
});

const coreObjects = (): readonly KubeObject[] => {
  const labels = { "app.kubernetes.io/name": "ingress-nginx", app: "ingress-nginx-controller" };
  const meta = { name: "ingress-nginx-controller", namespace: "ingress-nginx", labels };
  const controller = {
    name: "controller",
    image: "registry.k8s.io/ingress-nginx/controller:v1.11.2",
    args: ["/nginx-ingress-controller", "--ingress-class=nginx"],
    ports: [{ containerPort: 80, name: "http" }],
    resources: { requests: { cpu: "1", memory: "512Mi" } },
    lifecycle: { preStop: { sleep: { seconds: 15 } } },
    readinessProbe: { httpGet: { path: "/healthz", port: 10254 }, periodSeconds: 5 },
  };
  const template = {
    metadata: { labels },
    spec: { terminationGracePeriodSeconds: 60, containers: [controller] },
  };
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "ingress-nginx" } },
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "IngressClass",
      metadata: { name: "nginx" },
      spec: { controller: "k8s.io/ingress-nginx" },
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: meta,
      spec: { replicas: 6, selector: { matchLabels: labels }, template },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: meta,
      spec: {
        type: "LoadBalancer",
        selector: labels,
        ports: [{ name: "http", port: 80, targetPort: "http" }],
      },
    },
  ];
};

/** @param count Applications, beside the ingress that stands before them. */
export const generatePlatform = (count: number, seed: number): Generated => {
  const random = makeRandom(seed).fork("platform");
  const applications = applicationsOf(count, random.fork("applications"));
  const serving = applications.filter((a) => a.kind === "web");
  const chance = { calls: random.fork("calls"), objects: random.fork("objects"), load: random.fork("load") };
  const namespaces = [...new Set(applications.map((a) => a.namespace))];
  const fronts = serving.filter((a) => a.layer === 0).slice(0, Math.ceil(count / APPLICATIONS_A_HOST));
  const hosts = fronts.map((app) => ({ app, host: `${app.name}.${ZONE}` }));
  const objects = [
    ...coreObjects(),
    ...namespaces.map((name): KubeObject => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } })),
    ...applications.flatMap((app) => objectsOf(app, callsOf(app, serving, chance.calls), chance.objects)),
    ...hosts.map(({ app, host }) => ingressOf(app, host)),
  ];
  return { objects, settings: settingsOf(count, applications, hosts, chance.load) };
};

/** Every pod takes an address of the VPC: a subnet holds some thousands of them. */
const subnetsFor = (count: number): readonly string[] =>
  Array.from(
    { length: Math.max(2, Math.ceil(count / 250)) },
    (_, i) => `subnet-generated${String(i).padStart(4, "0")}`,
  );

/** JSON is YAML. */
const settingsOf = (
  count: number,
  applications: readonly Application[],
  hosts: readonly { readonly host: string }[],
  random: Random,
): string => {
  const of = (kind: Kind) => applications.filter((a) => a.kind === kind);
  const workload = ({ namespace, name }: Application) => `${namespace}/${name}`;
  const nodes = Math.ceil(count / 40) + 4;
  const pool = {
    name: "general",
    nodesMin: nodes,
    nodesMax: nodes * 3,
    cpuPerNode: 32,
    memoryGibPerNode: 128,
  };
  return JSON.stringify({
    platform: `generated-${count}`,
    source: { nodePools: [pool] },
    target: { nodePools: [pool], subnetIds: subnetsFor(count) },
    dns: { zone: ZONE, parent: "example.org", ttlSeconds: 3_600 },
    load: hosts.map(({ host }) => ({ host, requestsPerSecond: random.whole(10, 80), peakFactor: 1.3 })),
    capacity: [
      {
        workload: "ingress-nginx/ingress-nginx-controller",
        requestsPerSecondPerPod: count * 10,
        serviceMs: 1,
      },
      { workload: "*", requestsPerSecondPerPod: 400, serviceMs: 8 },
    ],
    groups: of("group").map((a) => ({
      group: a.name,
      topic: `topic-${a.name}`,
      workload: workload(a),
      partitions: 12,
      messagesPerSecond: random.whole(5, 60),
    })),
    queues: of("queue").map((a) => ({
      queue: a.name,
      kind: "rabbitmq",
      workload: workload(a),
      messagesPerSecond: random.whole(1, 10),
    })),
    classes: Object.fromEntries(of("once").map((a) => [workload(a), "singleton"])),
    window: { timeZone: "UTC", start: "00:00", end: "23:59" },
    policy: {
      concurrency: 100,
      applicationsPerWave: Math.ceil((count * 0.78) / WAVES_SERVING),
      bakeSeconds: 3_600,
    },
  });
};
