/** Two simulated clusters that share a backup store, a bucket and a clock: what the steps of freeze, move and thaw run against, one by one. */

import { type Kubernetes, makeKubernetes } from "../../adapters/kubernetes.ts";
import type { RecordSet } from "../../domain/effects.ts";
import { Transient } from "../../domain/errors.ts";
import type { Verdict } from "../../domain/gates.ts";
import { keys } from "../../domain/journal.ts";
import type { KubeObject } from "../../domain/kube.ts";
import { maskObjects } from "../../domain/masking.ts";
import { numbered } from "../../domain/operations.ts";
import type { Side } from "../../domain/phases.ts";
import type { Plan, Workload } from "../../domain/plan.ts";
import type { GateResult } from "../../functions/gate.ts";
import type { Context, Step } from "../../functions/step.ts";
import { Clock } from "../../simulator/clock.ts";
import { makeRandom } from "../../simulator/random.ts";
import { DEPLOYED } from "../../simulator/services/deployed.ts";
import { makeEc2 } from "../../simulator/services/ec2.ts";
import { makeEksService } from "../../simulator/services/eks.ts";
import { makeElb } from "../../simulator/services/elb.ts";
import { makeKafkaPort } from "../../simulator/services/kafka.ts";
import { makeLogs } from "../../simulator/services/logs.ts";
import { type BalancerView, makeSimulatedNetwork } from "../../simulator/services/network.ts";
import { makeRoute53Service } from "../../simulator/services/route53.ts";
import { makeS3 } from "../../simulator/services/s3.ts";
import { type FaultHook, makeSeam } from "../../simulator/services/seam.ts";
import { makeAwsClients } from "../../simulator/services/seam-aws.ts";
import { makeAskDns, makeExchange } from "../../simulator/services/seam-wire.ts";
import {
  makeBackupStorage,
  makeCluster,
  type SimulatedCluster,
} from "../../simulator/world/cluster/index.ts";
import { makeDns, type SimulatedDns } from "../../simulator/world/dns/index.ts";
import { makeFlowRecords } from "../../simulator/world/flow-records.ts";
import { makeKafka } from "../../simulator/world/kafka/index.ts";
import { makeProgram } from "../../simulator/world/probe-pods.ts";
import { makeThirdParties, type ThirdParties } from "../../simulator/world/third-parties.ts";
import type { Caller } from "../../simulator/world/types.ts";
import { runOn, STARTS_AT } from "../contracts/harness.ts";
import { anObject, aPlan, aWorkload } from "../domain/checks.fixture.ts";

export const RUN = { migration: "shop-1", plan: "abc" };

const LABELS = { app: "cart" };

/** A Deployment as an API server takes it. */
export const deployment = (name: string, over: Readonly<Record<string, unknown>> = {}): KubeObject =>
  anObject("apps/v1", "Deployment", name, {
    spec: {
      replicas: 4,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          containers: [
            {
              name: "main",
              image: "registry.example/cart:1",
              resources: { requests: { cpu: "100m", memory: "64Mi" } },
            },
          ],
        },
      },
      ...over,
    },
  });

/** An object without a namespace. */
export const scoped = (apiVersion: string, kind: string, name: string, rest: object = {}): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name },
  ...rest,
});

/** A shop: a Deployment with its HPA, a cron job, configuration, a secret. */
export const shop: readonly KubeObject[] = [
  scoped("v1", "Namespace", "shop"),
  deployment("cart"),
  anObject("v1", "Service", "cart", { spec: { selector: LABELS, ports: [{ name: "http", port: 80 }] } }),
  anObject("v1", "ConfigMap", "cart", { data: { level: "info" } }),
  anObject("v1", "Secret", "cart", { type: "Opaque", data: { password: "aHVudGVyMg==" } }),
  anObject("autoscaling/v2", "HorizontalPodAutoscaler", "cart", {
    spec: {
      minReplicas: 3,
      maxReplicas: 9,
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "cart" },
    },
  }),
  anObject("batch/v1", "CronJob", "nightly", {
    spec: {
      schedule: "0 3 * * *",
      jobTemplate: {
        spec: {
          template: {
            spec: {
              restartPolicy: "Never",
              containers: [{ name: "main", image: "registry.example/nightly:1" }],
            },
          },
        },
      },
    },
  }),
];

const OPERATIONS = `ensure-cluster create-zone run-e2e-suite install-bundle install-probes warm-target pause-pipelines install-freeze-policy floor-autoscalers take-snapshot restore-workloads
  complete-restore restore-hooks fill-zone carry-drift delegate-zone stop-load lift-freeze resume-pipelines restore-autoscalers final-snapshot`;

export const shopPlan = (objects: readonly KubeObject[] = shop, over: Partial<Plan> = {}): Plan =>
  aPlan({
    workloads: [
      aWorkload(),
      aWorkload({
        name: "nightly",
        kind: "CronJob",
        apiVersion: "batch/v1",
        class: "cron",
        move: "hand-over-schedule",
        replicas: 0,
        services: [],
        hosts: [],
      }),
    ] as Workload[],
    operations: [
      ...numbered(
        OPERATIONS.split(/\s+/).map((name) => ({
          name: name as never,
          phase: "freeze" as const,
          sentence: name,
        })),
      ),
    ],
    objects: objects as unknown as Plan["objects"],
    ...over,
  });

export type MoveWorld = {
  readonly clock: Clock;
  readonly clusters: { readonly [S in Side]: SimulatedCluster };
  readonly dns: SimulatedDns;
  readonly outside: ThirdParties;
  readonly context: Context;
  /** A client as somebody: held to admission, not to permissions. */
  readonly as: (side: Side, user: string, groups?: readonly string[]) => Kubernetes;
  readonly run: <Out>(step: Step<never, Out>, input?: object) => Promise<Out>;
  /** Runs a batch step until nothing is left; the number of batches. */
  readonly batches: (
    step: Step<never, { readonly next: number | null }>,
    subject?: string,
  ) => Promise<number>;
  /** Asks a gate once. */
  readonly ask: (
    step: Step<never, GateResult>,
    subject?: string,
    item?: object,
  ) => Promise<GateResult & { readonly verdicts: readonly Verdict[] }>;
  /** Asks until it is no longer unknown, at most twenty times. */
  readonly watch: (
    step: Step<never, GateResult>,
    subject?: string,
  ) => Promise<GateResult & { readonly verdicts: readonly Verdict[] }>;
  readonly wait: (seconds: number) => void;
  readonly denied: () => readonly string[];
  /** Every object in the bucket, by key. */
  readonly stored: () => ReadonlyMap<string, string>;
};

export type WorldOptions = {
  readonly fault?: FaultHook;
  /** The old zone's, beside NS and SOA. */
  readonly records?: readonly RecordSet[];
  readonly targetExists?: boolean;
  /** What EKS says that an existing target runs. */
  readonly eksVersion?: string;
  /** The status with which hosts answer on the target. */
  readonly answers?: () => number;
  /** What Elastic Load Balancing knows. */
  readonly balancers?: () => readonly BalancerView[];
};

/** Where every load balancer is. */
const ADDRESS = "192.0.2.1";

const SILENCE = { status: 503, headers: {}, body: "" };

const anyone = (user: string, groups: readonly string[]): Caller => ({
  name: user,
  kind: "actor",
  user,
  groups,
  mayKubernetes: () => true,
});

export const makeMoveWorld = (plan: Plan = shopPlan(), options: WorldOptions = {}): MoveWorld => {
  const clock = new Clock(STARTS_AT);
  const random = makeRandom(5);
  const stored = new Map<string, string>();
  const seam = makeSeam({
    clock,
    random,
    isPlanned: (resource) => !["nodes", "pods"].includes(resource),
    zone: plan.settings.dns.zone,
    ...(options.fault ? { fault: options.fault } : {}),
  });
  const s3 = makeS3({
    bucket: "memory",
    clock,
    random,
    onPut: (put) => void stored.set(put.key, String(put.body)),
  });
  const storage = makeBackupStorage();
  const outside = makeThirdParties(plan);
  const program = makeProgram(plan, outside, () => flowRecords);
  const cluster = (side: Side) =>
    makeCluster({
      side,
      clock,
      random: random.fork(side),
      settings: plan.settings[side],
      objects: side === "source" ? (plan.objects as unknown as readonly KubeObject[]) : [],
      exists: side === "source" || options.targetExists !== false,
      exposed: new Set(),
      velero: storage,
      emit: () => {},
      program: (pod) => program(side, pod),
    });
  const clusters = { source: cluster("source"), target: cluster("target") };
  const flowRecords = makeFlowRecords({
    now: () => clock.now(),
    traffic: { history: () => [] },
    outside,
    clusters,
  });
  const dns = makeDns({
    clock,
    random,
    settings: plan.settings.dns,
    records: options.records ?? [
      { name: "www.live.example.", type: "CNAME", ttlSeconds: 300, values: ["old.example."] },
      { name: "live.example.", type: "MX", ttlSeconds: 300, values: ["10 mail.example."] },
    ],
    sideOf: () => undefined,
    addressesOf: () => [ADDRESS],
  });
  const network = makeSimulatedNetwork({
    subnetIds: ["subnet-assumed-a", "subnet-assumed-b"],
    egressAddresses: [],
    balancers: options.balancers ?? (() => []),
  });
  const http = makeExchange(seam, {
    [ADDRESS]: {
      service: "probes",
      handle: () => ({ status: options.answers?.() ?? 200, headers: {}, body: "" }),
    },
    // Nobody measures here: whoever asks gets no answer.
    "metrics.source": { service: "metrics", side: "source", handle: () => SILENCE, listens: () => false },
    "metrics.target": { service: "metrics", side: "target", handle: () => SILENCE, listens: () => false },
    "kubernetes.source": { service: "kubernetes", side: "source", handle: clusters.source.api },
    "kubernetes.target": { service: "kubernetes", side: "target", handle: clusters.target.api },
  });
  const url = (service: string) => ({
    source: `https://${service}.source`,
    target: `https://${service}.target`,
  });
  const quiet = () => {};
  const context: Context = {
    aws: makeAwsClients(seam, {
      s3: s3.handlers,
      route53: makeRoute53Service({ zones: dns.zones, clock, random }).handlers,
      eks: makeEksService({
        clock,
        random,
        clusters: [
          {
            name: plan.settings.target.name,
            version: options.eksVersion ?? plan.settings.target.kubernetesVersion,
            exists: clusters.target.exists,
            create: clusters.target.create,
            destroy: clusters.target.destroy,
          },
        ],
        subnets: () => network.subnets,
      }).handlers,
      ec2: makeEc2(network).handlers,
      elb: makeElb(network).handlers,
      logs: makeLogs({
        clock,
        random,
        groups: { "vpc-flow-logs": flowRecords.between },
      }).handlers,
    }),
    http,
    askDns: makeAskDns(seam, dns),
    kafka: makeKafkaPort(seam, makeKafka({ clock, plan, ...clusters, emit: () => {} }).brokers),
    endpoints: { kubernetes: url("kubernetes"), metrics: url("metrics"), slack: "https://slack" },
    bucket: "memory",
    deployed: DEPLOYED,
    now: () => new Date(clock.now()),
    log: { info: quiet, warn: quiet, error: quiet },
  };
  const { objects, ...slim } = plan;
  s3.put(keys.plan(RUN.plan), JSON.stringify(slim));
  // The plan is masked; the source itself is not.
  s3.put(keys.objects(RUN.plan), JSON.stringify(maskObjects(objects as unknown as readonly KubeObject[])));
  const wait = (seconds: number) => clock.advanceTo(clock.now() + seconds * 1_000);
  wait(120);

  const run: MoveWorld["run"] = (step, input = {}) =>
    runOn(
      clock,
      () => step.run(step.input.parse({ run: RUN, ...input }) as never, context),
      step.needs,
      step.name,
    );
  let asked = 0;
  const ask: MoveWorld["ask"] = async (step, subject = "platform", item) => {
    asked += 1;
    const result = await run(step, {
      phase: "move-workloads",
      subject,
      item: item ?? null,
      asked,
      watcher: "w",
    });
    const body =
      stored.get(`migrations/${RUN.migration}/evidence/move-workloads/${step.name}/w-${asked}.json`) ??
      '{"verdicts":[]}';
    return { ...result, verdicts: (JSON.parse(body) as { verdicts: readonly Verdict[] }).verdicts };
  };
  return {
    clock,
    clusters,
    dns,
    outside,
    context,
    as: (side, user, groups = []) =>
      makeKubernetes({
        baseUrl: "https://api",
        http: async (request) => clusters[side].api(request, anyone(user, groups)),
      }),
    run,
    batches: async (step, subject = "") => {
      let from: number | null = 0;
      let count = 0;
      let failures = 0;
      while (from !== null && count < 50) {
        try {
          const { next }: { next: number | null } = await run(step, { subject, from });
          from = next;
          count += 1;
        } catch (error) {
          // What a state machine does: it waits, and calls again with the same input.
          failures += 1;
          if (!(error instanceof Transient) || failures > 4) throw error;
          wait(4);
        }
      }
      return count;
    },
    ask,
    watch: async (step, subject) => {
      for (let i = 0; i < 20; i += 1) {
        const seen = await ask(step, subject);
        if (seen.verdict !== "unknown") return seen;
        wait(seen.pollSeconds);
      }
      throw new Error(`${step.name} stayed unknown.`);
    },
    wait,
    denied: () =>
      [...seam.permissions.denied].flatMap(([step, actions]) => [...actions].map((a) => `${step} ${a}`)),
    stored: () => stored,
  };
};
