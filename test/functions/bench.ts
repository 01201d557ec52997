/** Every service that steps reach, over one small shop: two clusters, DNS, bucket, waiting tasks and Slack. What the tests of single steps run against. */

import { makeKubernetes, type Kubernetes } from "../../adapters/kubernetes.ts";
import { makeBucket } from "../../adapters/bucket.ts";
import type { Clients } from "../../adapters/effects/clients.ts";
import type { RecordSet } from "../../domain/effects.ts";
import { type Item, listsOf } from "../../domain/items.ts";
import { keys } from "../../domain/journal.ts";
import type { KubeObject, Ref } from "../../domain/kube.ts";
import { numbered, operationOf } from "../../domain/operations.ts";
import type { Side } from "../../domain/phases.ts";
import { nameOf, type Plan, type Workload } from "../../domain/plan.ts";
import type { Context, Needs, Step } from "../../functions/step.ts";
import { Clock } from "../../simulator/clock.ts";
import { Engine } from "../../simulator/interpreter/engine.ts";
import { makeRandom } from "../../simulator/random.ts";
import { makeEksService } from "../../simulator/services/eks.ts";
import { makeSimulatedNetwork } from "../../simulator/services/network.ts";
import { makeRoute53Service } from "../../simulator/services/route53.ts";
import { makeS3 } from "../../simulator/services/s3.ts";
import { type FaultHook, makeSeam, type Observed } from "../../simulator/services/seam.ts";
import { makeAwsClients } from "../../simulator/services/seam-aws.ts";
import { makeAskDns, makeExchange } from "../../simulator/services/seam-wire.ts";
import { makeSfn } from "../../simulator/services/sfn.ts";
import { makeBackupStorage, makeCluster } from "../../simulator/world/cluster/index.ts";
import { makeDns } from "../../simulator/world/dns/index.ts";
import type { Caller, HttpService } from "../../simulator/world/types.ts";
import { runOn, STARTS_AT } from "../contracts/harness.ts";
import { aPlan, aWorkload, anObject } from "../domain/checks.fixture.ts";
import { deployment, scoped } from "./move-bench.ts";

export const RUN = { migration: "shop-1", plan: "abc" };
export const ZONE = "live.example";
export const HOST = "www.live.example";

const OPERATIONS: readonly (readonly [name: string, subject?: string])[] = [
  ["lower-ttls"],
  ["create-zone"],
  ["shift", "shop/cart"],
  ["hand-over", "shop/scheduler"],
  ["hand-over", "shop/nightly"],
  ["raise-target", "shop/cart"],
  ["delegate-zone"],
  ["repoint-old-zone"],
  ["lower-source", "shop/cart"],
  ["resume-pipelines"],
  ["retire-source", "shop/cart"],
  ["retire-source", "shop/scheduler"],
  ["retire-source", "shop/nightly"],
  ["restore-ttls"],
];

export const cronJob = (name: string, spec: object = {}): KubeObject =>
  anObject("batch/v1", "CronJob", name, {
    spec: {
      schedule: "*/10 * * * *",
      startingDeadlineSeconds: 120,
      jobTemplate: { spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "main", image: "registry.example/nightly:1" }] } } } },
      ...spec,
    },
  });

export const objects: readonly KubeObject[] = [scoped("v1", "Namespace", "shop"), deployment("cart"), deployment("scheduler", { replicas: 1 }), cronJob("nightly")];

export const smallPlan = (over: Partial<Plan> = {}, settings: Readonly<Record<string, unknown>> = {}): Plan => {
  const operations = [
    ...numbered(OPERATIONS.map(([name, subject]) => ({ name: name as never, phase: "freeze" as const, sentence: name, ...(subject === undefined ? {} : { subject }) }))),
  ];
  const of = (name: string, subject: string) => operationOf({ operations }, name, subject);
  return aPlan(
    {
      operations,
      workloads: [
        aWorkload({ operation: of("shift", "shop/cart") }),
        aWorkload({ name: "scheduler", class: "singleton", move: "stop-then-start", replicas: 1, half: 1, services: [], hosts: [], operation: of("hand-over", "shop/scheduler") }),
        aWorkload({ name: "nightly", kind: "CronJob", apiVersion: "batch/v1", class: "cron", move: "hand-over-schedule", replicas: 0, half: 0, services: [], hosts: [], operation: of("hand-over", "shop/nightly") }),
      ] as Workload[],
      objects: objects as unknown as Plan["objects"],
      ...over,
    },
    settings,
  );
};

export const RECORDS: readonly RecordSet[] = [
  { name: `${HOST}.`, type: "A", ttlSeconds: 300, values: ["192.0.2.10"] },
  { name: `docs.${ZONE}.`, type: "CNAME", ttlSeconds: 3_600, values: ["elsewhere.example."] },
];

/** A machine whose only state waits for its task's answer. */
const WAITS = {
  QueryLanguage: "JSONata",
  StartAt: "Ask",
  States: {
    Ask: {
      Type: "Task",
      Resource: "arn:aws:states:::lambda:invoke.waitForTaskToken",
      Arguments: { FunctionName: "ask", Payload: { token: "{% $states.context.Task.Token %}" } },
      TimeoutSeconds: 86_400,
      End: true,
    },
  },
};

export type BenchOptions = {
  readonly plan?: Plan;
  readonly fault?: FaultHook;
  readonly records?: readonly RecordSet[];
  /** What stands on the target already. */
  readonly onTarget?: readonly KubeObject[];
  readonly slack?: HttpService;
};

const anyone = (user: string): Caller => ({ name: user, kind: "actor", user, groups: ["system:masters"], mayKubernetes: () => true });

/** A step of any input: what it gets here is parsed by its own schema. */
type AnyStep<Out> = Pick<Step, "name" | "needs"> & { readonly input: { readonly parse: (input: unknown) => unknown }; readonly run: (input: never, context: Context) => Promise<Out> };

const quiet = () => {};

export const makeStepBench = ({ plan = smallPlan(), fault, records = RECORDS, onTarget = objects, slack }: BenchOptions = {}) => {
  const clock = new Clock(STARTS_AT);
  const random = makeRandom(5);
  const stored = new Map<string, string>();
  const calls: Observed[] = [];
  const posts: string[] = [];
  const tokens: string[] = [];
  const logged: string[] = [];
  const seam = makeSeam({
    clock,
    random: random.fork("seam"),
    onCall: (call) => calls.push(call),
    isPlanned: (resource) => !["nodes", "pods"].includes(resource),
    ...(fault ? { fault } : {}),
  });
  const s3 = makeS3({ bucket: "memory", clock, random: random.fork("s3"), onPut: (put) => void stored.set(put.key, String(put.body)) });
  const dns = makeDns({ clock, random: random.fork("dns"), settings: plan.settings.dns, records, sideOf: () => "source", addressesOf: () => [] });
  const engine = new Engine({
    clock,
    random: random.fork("engine"),
    machines: { waits: WAITS } as unknown as ConstructorParameters<typeof Engine>[0]["machines"],
    invoke: async ({ payload }) => void tokens.push((payload as { token: string }).token) as never,
    account: "111122223333",
    region: "eu-central-1",
  });
  const cluster = (side: Side, own: readonly KubeObject[]) =>
    makeCluster({ side, clock, random: random.fork(side), settings: plan.settings[side], objects: own, exists: true, exposed: new Set(), velero: makeBackupStorage(), emit: quiet });
  const clusters = { source: cluster("source", plan.objects as unknown as readonly KubeObject[]), target: cluster("target", onTarget) };
  const post: HttpService = (request, caller) => {
    posts.push(request.body ?? "");
    return slack?.(request, caller) ?? { status: 200, headers: {}, body: JSON.stringify({ ok: true, ts: "1.0" }) };
  };
  const http = makeExchange(seam, {
    "kubernetes.source": { service: "kubernetes", side: "source", handle: clusters.source.api },
    "kubernetes.target": { service: "kubernetes", side: "target", handle: clusters.target.api },
    slack: { service: "slack", handle: post },
  });
  const url = (service: string) => ({ source: `https://${service}.source`, target: `https://${service}.target` });
  let exists = false;
  const managed = { name: plan.settings.target.name, version: "1.33", exists: () => exists, create: () => void (exists = true), destroy: () => void (exists = false) };
  const network = makeSimulatedNetwork({ subnetIds: ["subnet-a", "subnet-b"], egressAddresses: [] });
  const aws = makeAwsClients(seam, {
    s3: s3.handlers,
    route53: makeRoute53Service({ zones: dns.zones, clock, random: random.fork("route53") }).handlers,
    eks: makeEksService({ clock, random: random.fork("eks"), clusters: [managed], subnets: () => network.subnets }).handlers,
    sfn: makeSfn(engine).handlers,
  });
  const context: Context = {
    aws,
    http,
    askDns: makeAskDns(seam, dns),
    endpoints: { kubernetes: url("kubernetes"), metrics: url("metrics"), slack: "https://slack" },
    bucket: "memory",
    now: () => new Date(clock.now()),
    log: { info: quiet, warn: quiet, error: (message) => void logged.push(message) },
  };
  const { objects: planned, ...slim } = plan;
  const put = (key: string, value: unknown) => s3.put(key, JSON.stringify(value));
  put(keys.plan(RUN.plan), slim);
  put(keys.objects(RUN.plan), planned);
  const wait = (seconds: number) => clock.advanceTo(clock.now() + seconds * 1_000);
  wait(120);

  /** Runs anything with the given rights, in virtual time. */
  const within = <T>(needs: Needs, work: () => Promise<T>, name = "a-step"): Promise<T> => runOn(clock, work, needs, name);
  /** What somebody else does to a cluster at this very instant, past permissions and faults. */
  const meanwhile = (side: Side, method: "PATCH" | "POST", path: string, body: unknown, contentType = "application/merge-patch+json") =>
    clusters[side].api({ method, url: `https://api${path}`, headers: { "content-type": contentType }, body: JSON.stringify(body) }, anyone("developer"));
  const kubernetes: { readonly [S in Side]: Kubernetes } = {
    source: makeKubernetes({ baseUrl: "https://kubernetes.source", http }),
    target: makeKubernetes({ baseUrl: "https://kubernetes.target", http }),
  };
  const clients: Clients = { migration: RUN.migration, kubernetes, aws, bucket: makeBucket(aws.s3, "memory") };
  return {
    clock,
    clusters,
    dns,
    engine,
    context,
    clients,
    calls,
    posts,
    logged,
    tokens,
    stored,
    put,
    wait,
    within,
    meanwhile,
    /** A workload's item, as a map would pass it. */
    item: (name: string): Item => {
      const found = listsOf(plan).retire.find((item) => nameOf(item) === name);
      if (!found) throw new Error(`The plan doesn't move ${name}.`);
      return found;
    },
    /** Runs a step once, under the rights that it declares. */
    run: <Out>(step: AnyStep<Out>, input: object = {}): Promise<Out> =>
      within(step.needs, () => step.run(step.input.parse({ run: RUN, ...input }) as never, context), step.name),
    /** A stored object, parsed. */
    json: (key: string): unknown => JSON.parse(stored.get(key) ?? "null"),
    /** An object of a cluster as it is now. */
    live: (side: Side, ref: Ref): KubeObject | undefined => clusters[side].get(ref),
    /** A client as somebody else, past permissions and faults. */
    as: (side: Side, user: string): Kubernetes => makeKubernetes({ baseUrl: "https://api", http: async (request) => clusters[side].api(request, anyone(user)) }),
    /** Calls that changed something, `service action subject`. */
    changes: (): readonly string[] => calls.filter((c) => c.mutating && c.service !== "s3" && c.outcome === "applied").map((c) => `${c.side ?? c.service} ${c.action}`),
    denied: (): readonly string[] => [...seam.permissions.denied].flatMap(([step, actions]) => [...actions].map((a) => `${step} ${a}`)),
    /** Starts an execution that waits, and its token once it asks. */
    waiting: async (name: string): Promise<{ readonly arn: string; readonly token: string }> => {
      const before = tokens.length;
      const { arn } = engine.start({ machine: "waits", name, input: {} });
      await clock.run(() => tokens.length > before);
      return { arn, token: tokens.at(-1) ?? "" };
    },
  };
};

export type StepBench = ReturnType<typeof makeStepBench>;

export const CART: Ref = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "cart" };
export const SCHEDULER: Ref = { ...CART, name: "scheduler" };
export const NIGHTLY: Ref = { apiVersion: "batch/v1", kind: "CronJob", namespace: "shop", name: "nightly" };
