/** Every service that steps reach, over one small shop: two clusters, DNS, bucket, waiting tasks and Slack. What the tests of single steps run against. */

import { makeBucket } from "../../adapters/bucket.ts";
import type { Clients } from "../../adapters/effects/clients.ts";
import { type Kubernetes, makeKubernetes } from "../../adapters/kubernetes.ts";
import type { RecordSet } from "../../domain/effects.ts";
import { type Item, listsOf } from "../../domain/items.ts";
import { keys } from "../../domain/journal.ts";
import type { KubeObject, Ref } from "../../domain/kube.ts";
import type { Side } from "../../domain/phases.ts";
import { nameOf, type Plan } from "../../domain/plan.ts";
import type { Context, Needs, Step } from "../../functions/step.ts";
import { Clock } from "../../simulator/clock.ts";
import { Engine } from "../../simulator/interpreter/engine.ts";
import { makeRandom } from "../../simulator/random.ts";
import { DEPLOYED, SLACK_APP, VOTES_QUEUE } from "../../simulator/services/deployed.ts";
import { makeEksService } from "../../simulator/services/eks.ts";
import { noKafka } from "../../simulator/services/kafka.ts";
import { makeSimulatedNetwork } from "../../simulator/services/network.ts";
import { makeRoute53Service } from "../../simulator/services/route53.ts";
import { makeS3 } from "../../simulator/services/s3.ts";
import { type FaultHook, makeSeam, type Observed } from "../../simulator/services/seam.ts";
import { makeAwsClients } from "../../simulator/services/seam-aws.ts";
import { makeAskDns, makeExchange } from "../../simulator/services/seam-wire.ts";
import { makeSecrets } from "../../simulator/services/secrets.ts";
import { makeSfn } from "../../simulator/services/sfn.ts";
import { makeSqs } from "../../simulator/services/sqs.ts";
import { makeBackupStorage, makeCluster } from "../../simulator/world/cluster/index.ts";
import { makeDns } from "../../simulator/world/dns/index.ts";
import type { Caller, HttpService } from "../../simulator/world/types.ts";
import { runOn, STARTS_AT } from "../contracts/harness.ts";
import { objects, RECORDS, RUN, smallPlan } from "./bench-plan.ts";
import { answerTo } from "./metrics-answer.ts";

export * from "./bench-plan.ts";

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
  /** A query's value at a side; undefined is no series. */
  readonly metrics?: (query: string, side: Side) => Metric;
};

/** One number, none, or numbers by one label. */
export type Metric =
  | number
  | undefined
  | { readonly label: string; readonly values: Readonly<Record<string, number>> };

const anyone = (user: string): Caller => ({
  name: user,
  kind: "actor",
  user,
  groups: ["system:masters"],
  mayKubernetes: () => true,
});

/** A step of any input: what it gets here is parsed by its own schema. */
type AnyStep<Out> = Pick<Step, "name" | "needs"> & {
  readonly input: { readonly parse: (input: unknown) => unknown };
  readonly run: (input: never, context: Context) => Promise<Out>;
};

const seriesOf = (metric: Metric) => {
  if (metric === undefined) return [];
  if (typeof metric === "number") return [{ metric: {}, value: metric }];
  return Object.entries(metric.values).map(([name, value]) => ({ metric: { [metric.label]: name }, value }));
};

const quiet = () => {};

export const makeStepBench = ({
  plan = smallPlan(),
  fault,
  records = RECORDS,
  onTarget = objects,
  slack,
  metrics,
}: BenchOptions = {}) => {
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
    zone: plan.settings.dns.zone,
    ...(fault ? { fault } : {}),
  });
  const s3 = makeS3({
    bucket: "memory",
    clock,
    random: random.fork("s3"),
    onPut: (put) => void stored.set(put.key, String(put.body)),
  });
  const dns = makeDns({
    clock,
    random: random.fork("dns"),
    settings: plan.settings.dns,
    records,
    sideOf: () => "source",
    addressesOf: () => [],
  });
  const engine = new Engine({
    clock,
    random: random.fork("engine"),
    machines: { waits: WAITS } as unknown as ConstructorParameters<typeof Engine>[0]["machines"],
    invoke: async ({ payload }) => void tokens.push((payload as { token: string }).token) as never,
    account: "111122223333",
    region: "eu-central-1",
  });
  const cluster = (side: Side, own: readonly KubeObject[]) =>
    makeCluster({
      side,
      clock,
      random: random.fork(side),
      settings: plan.settings[side],
      objects: own,
      exists: true,
      exposed: new Set(),
      velero: makeBackupStorage(),
      emit: quiet,
    });
  const clusters = {
    source: cluster("source", plan.objects as unknown as readonly KubeObject[]),
    target: cluster("target", onTarget),
  };
  const post: HttpService = (request, caller) => {
    posts.push(request.body ?? "");
    return (
      slack?.(request, caller) ?? { status: 200, headers: {}, body: JSON.stringify({ ok: true, ts: "1.0" }) }
    );
  };
  const http = makeExchange(seam, {
    "kubernetes.source": { service: "kubernetes", side: "source", handle: clusters.source.api },
    "kubernetes.target": { service: "kubernetes", side: "target", handle: clusters.target.api },
    ...Object.fromEntries(
      (["source", "target"] as const).map((side) => [
        `metrics.${side}`,
        {
          service: "metrics" as const,
          side,
          handle: (request: { readonly body?: string }) =>
            answerTo(request.body ?? "", clock.now(), (query) => seriesOf(metrics?.(query, side))),
        },
      ]),
    ),
    slack: { service: "slack", handle: post },
  });
  const url = (service: string) => ({
    source: `https://${service}.source`,
    target: `https://${service}.target`,
  });
  let exists = false;
  const managed = {
    name: plan.settings.target.name,
    version: "1.33",
    exists: () => exists,
    create: () => {
      exists = true;
    },
    destroy: () => {
      exists = false;
    },
  };
  const network = makeSimulatedNetwork({ subnetIds: ["subnet-a", "subnet-b"], egressAddresses: [] });
  const secrets = makeSecrets({ [DEPLOYED.slackSecretId]: JSON.stringify(SLACK_APP) });
  const queued: unknown[] = [];
  const sqs = makeSqs(
    {
      name: VOTES_QUEUE,
      batchMax: 10,
      visibilitySeconds: 180,
      receivesMax: 3,
      deliver: async (event) => void queued.push(event),
    },
    { clock, random: random.fork("sqs") },
  );
  const aws = makeAwsClients(seam, {
    s3: s3.handlers,
    route53: makeRoute53Service({ zones: dns.zones, clock, random: random.fork("route53") }).handlers,
    eks: makeEksService({
      clock,
      random: random.fork("eks"),
      clusters: [managed],
      subnets: () => network.subnets,
    }).handlers,
    sfn: makeSfn(engine).handlers,
    secrets: secrets.handlers,
    sqs: sqs.handlers,
  });
  const context: Context = {
    aws,
    http,
    askDns: makeAskDns(seam, dns),
    kafka: noKafka(seam),
    endpoints: { kubernetes: url("kubernetes"), metrics: url("metrics"), slack: "https://slack" },
    bucket: "memory",
    deployed: DEPLOYED,
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
  const within = <T>(needs: Needs, work: () => Promise<T>, name = "a-step"): Promise<T> =>
    runOn(clock, work, needs, name);
  /** What somebody else does to a cluster at this very instant, past permissions and faults. */
  const meanwhile = (
    side: Side,
    method: "PATCH" | "POST",
    path: string,
    body: unknown,
    contentType = "application/merge-patch+json",
  ) =>
    clusters[side].api(
      {
        method,
        url: `https://api${path}`,
        headers: { "content-type": contentType },
        body: JSON.stringify(body),
      },
      anyone("developer"),
    );
  const kubernetes: { readonly [S in Side]: Kubernetes } = {
    source: makeKubernetes({ baseUrl: "https://kubernetes.source", http }),
    target: makeKubernetes({ baseUrl: "https://kubernetes.target", http }),
  };
  const clients: Clients = {
    migration: RUN.migration,
    kubernetes,
    aws,
    bucket: makeBucket(aws.s3, "memory"),
  };
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
    secrets,
    /** What the queue of votes has handed to its worker, as Lambda's events. */
    queued,
    meanwhile,
    /** A workload's item, as a map would pass it. */
    item: (name: string): Item => {
      const found = listsOf(plan).retire.find((item) => nameOf(item) === name);
      if (!found) throw new Error(`The plan doesn't move ${name}.`);
      return found;
    },
    /** Runs a step once, under the rights that it declares. */
    run: <Out>(step: AnyStep<Out>, input: object = {}): Promise<Out> =>
      within(
        step.needs,
        () => step.run(step.input.parse({ run: RUN, ...input }) as never, context),
        step.name,
      ),
    /** A stored object, parsed. */
    json: (key: string): unknown => JSON.parse(stored.get(key) ?? "null"),
    /** An object of a cluster as it is now. */
    live: (side: Side, ref: Ref): KubeObject | undefined => clusters[side].get(ref),
    /** A client as somebody else, past permissions and faults. */
    as: (side: Side, user: string): Kubernetes =>
      makeKubernetes({
        baseUrl: "https://api",
        http: async (request) => clusters[side].api(request, anyone(user)),
      }),
    /** Calls that changed something, `service action subject`. */
    changes: (): readonly string[] =>
      calls
        .filter((c) => c.mutating && c.service !== "s3" && c.outcome === "applied")
        .map((c) => `${c.side ?? c.service} ${c.action}`),
    denied: (): readonly string[] =>
      [...seam.permissions.denied].flatMap(([step, actions]) => [...actions].map((a) => `${step} ${a}`)),
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
