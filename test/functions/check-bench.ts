/** A simulated world for preflight's checks: real clients over simulated services, a source cluster, zones; metrics that a test sets by query. */

import type { RecordSet } from "../../domain/effects.ts";
import type { Verdict } from "../../domain/gates.ts";
import { keys } from "../../domain/journal.ts";
import type { KubeObject } from "../../domain/kube.ts";
import type { Plan } from "../../domain/plan.ts";
import type { CheckResult } from "../../functions/check.ts";
import type { Context, Step } from "../../functions/step.ts";
import { Clock } from "../../simulator/clock.ts";
import { makeRandom } from "../../simulator/random.ts";
import { DEPLOYED } from "../../simulator/services/deployed.ts";
import { makeEc2 } from "../../simulator/services/ec2.ts";
import { makeEksService } from "../../simulator/services/eks.ts";
import { makeElb } from "../../simulator/services/elb.ts";
import { noKafka } from "../../simulator/services/kafka.ts";
import { makeSimulatedNetwork } from "../../simulator/services/network.ts";
import { makeRoute53Service } from "../../simulator/services/route53.ts";
import { makeS3, type S3Service } from "../../simulator/services/s3.ts";
import { type FaultHook, makeSeam, type Observed } from "../../simulator/services/seam.ts";
import { makeAwsClients } from "../../simulator/services/seam-aws.ts";
import { makeAskDns, makeExchange } from "../../simulator/services/seam-wire.ts";
import { makeSts } from "../../simulator/services/sts.ts";
import { makeBackupStorage, makeCluster } from "../../simulator/world/cluster/index.ts";
import { makeDns, type SimulatedDns } from "../../simulator/world/dns/index.ts";
import { runOn, STARTS_AT } from "../contracts/harness.ts";
import { answerTo } from "./metrics-answer.ts";

const BUCKET = "repot-memory";
export const RUN = { migration: "shop-1", plan: "abc" };

export type WorldOptions = {
  readonly plan: Plan;
  /** What stands in the source, where it isn't what the plan says. */
  readonly objects?: readonly KubeObject[];
  readonly records?: readonly RecordSet[];
  readonly ttlSeconds?: number;
  /** A query's value; undefined is no series. */
  readonly metrics?: (query: string) => number | undefined;
  readonly gateways?: readonly string[];
  readonly fault?: FaultHook;
  readonly dns?: (dns: SimulatedDns) => void;
};

export type CheckWorld = {
  readonly clock: Clock;
  readonly s3: S3Service;
  readonly observed: readonly Observed[];
  /** Declared by the last check and denied, `service:action`. */
  readonly denied: () => readonly string[];
  readonly used: (step: string) => readonly string[];
  readonly run: (
    check: Step<never, CheckResult>,
    round?: number,
  ) => Promise<CheckResult & { readonly verdicts: readonly Verdict[] }>;
};

const www = (zone: string): RecordSet => ({
  name: `www.${zone}.`,
  type: "A",
  ttlSeconds: 300,
  values: ["192.0.2.10"],
});

export const makeCheckWorld = (options: WorldOptions): CheckWorld => {
  const clock = new Clock(STARTS_AT);
  const observed: Observed[] = [];
  const random = makeRandom(11);
  const seam = makeSeam({
    clock,
    random,
    onCall: (call) => observed.push(call),
    ...(options.fault ? { fault: options.fault } : {}),
  });
  const { context, s3 } = contextOf(options, clock, seam);
  const { objects, ...slim } = options.plan;
  s3.put(keys.plan(RUN.plan), JSON.stringify(slim));
  s3.put(keys.objects(RUN.plan), JSON.stringify(objects));
  return {
    clock,
    s3,
    observed,
    denied: () =>
      [...seam.permissions.denied].flatMap(([step, actions]) => [...actions].map((a) => `${step} ${a}`)),
    used: (step) => [...(seam.permissions.used.get(step) ?? [])].sort(),
    run: async (check, round = 0) => {
      const input = check.input.parse({ run: RUN, round });
      const result = await runOn(clock, () => check.run(input as never, context), check.needs, check.name);
      const body = s3.get(keys.evidence(RUN.migration, "preflight", `${check.name}/round-${round}`)) ?? "{}";
      return { ...result, verdicts: (JSON.parse(String(body)) as { verdicts: readonly Verdict[] }).verdicts };
    },
  };
};

const contextOf = (
  options: WorldOptions,
  clock: Clock,
  seam: ReturnType<typeof makeSeam>,
): { context: Context; s3: S3Service } => {
  const { plan } = options;
  const random = makeRandom(3);
  const s3 = makeS3({ bucket: BUCKET, clock, random, onPut: () => {} });
  const dns = makeDns({
    clock,
    random,
    settings: { ...plan.settings.dns, ttlSeconds: options.ttlSeconds ?? plan.settings.dns.ttlSeconds },
    records: options.records ?? [www(plan.settings.dns.zone)],
    sideOf: () => "source",
    addressesOf: () => [],
  });
  if (options.dns) {
    options.dns(dns);
    // Until every server has it.
    clock.advanceTo(clock.now() + 300_000);
  }
  const source = makeCluster({
    side: "source",
    clock,
    random,
    settings: plan.settings.source,
    objects: options.objects ?? (plan.objects as unknown as readonly KubeObject[]),
    exists: true,
    exposed: new Set(),
    velero: makeBackupStorage(),
    emit: () => {},
  });
  const network = makeSimulatedNetwork({
    subnetIds: plan.settings.target.subnetIds ?? ["subnet-a", "subnet-b"],
    egressAddresses: options.gateways ?? plan.settings.source.egressAddresses,
  });
  const aws = makeAwsClients(seam, {
    s3: s3.handlers,
    route53: makeRoute53Service({ zones: dns.zones, clock, random }).handlers,
    ec2: makeEc2(network).handlers,
    elb: makeElb(network).handlers,
    eks: makeEksService({ clock, random, clusters: [], subnets: () => network.subnets }).handlers,
    sts: makeSts().handlers,
  });
  const http = makeExchange(seam, {
    "kubernetes.source": { service: "kubernetes", side: "source", handle: source.api },
    "metrics.source": {
      service: "metrics",
      side: "source",
      handle: (request) => metricsAnswer(options, clock, request.body ?? ""),
    },
  });
  const url = (service: string) => ({
    source: `https://${service}.source`,
    target: `https://${service}.target`,
  });
  const quiet = () => {};
  const context: Context = {
    aws,
    http,
    askDns: makeAskDns(seam, dns),
    kafka: noKafka(seam),
    endpoints: { kubernetes: url("kubernetes"), metrics: url("metrics"), slack: "https://slack" },
    bucket: BUCKET,
    deployed: DEPLOYED,
    now: () => new Date(clock.now()),
    log: { info: quiet, warn: quiet, error: quiet },
  };
  return { context, s3 };
};

const metricsAnswer = (options: WorldOptions, clock: Clock, body: string) =>
  answerTo(body, clock.now(), (query) => {
    const value = options.metrics?.(query);
    const grouped = query.includes("by (namespace,workload");
    const labels = grouped
      ? options.plan.workloads.map((w) => ({ namespace: w.namespace, workload: w.name }))
      : [{}];
    return value === undefined ? [] : labels.map((metric) => ({ metric, value }));
  });
