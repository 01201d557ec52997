/**
 * The seam between the functions and the simulated services: every call of a step passes here. It finds who calls, denies what the step
 * didn't declare, lets faults strike before and after, takes virtual time, runs the service at one instant, and tells the observers.
 */

import { AsyncLocalStorage } from "node:async_hooks";
import type { Asked } from "../../domain/permissions/entries.ts";
import type { Side } from "../../domain/phases.ts";
import type { Needs } from "../../functions/step.ts";
import type { Clock } from "../clock.ts";
import type { Random } from "../random.ts";
import type { Caller } from "../world/types.ts";
import { type Memory, makeMemory } from "./seam-memory.ts";
import { makePermissionBook, type PermissionBook } from "./seam-permissions.ts";

/** One run of one step: a Lambda invocation. */
export type Invocation = {
  readonly step: string;
  readonly needs: Needs;
  /** The execution of the state machine that invoked it. */
  readonly execution: string;
  /** Told when a fault ends this invocation; the calls of a crashed invocation never return to the step. */
  readonly crash: (reason: Crashed) => void;
  /** Told when a fault makes whoever waits for this invocation give up; the invocation itself goes on. */
  readonly abandon?: () => void;
  /** Told when the step was caught at taking time, chance or the environment by itself. */
  readonly caught?: (mistake: Error) => void;
};

export type ServiceName = Exclude<keyof Needs, "kubernetes"> | "kubernetes";

/** One call as faults and invariants see it. */
export type Call = {
  readonly service: ServiceName;
  /** `ChangeResourceRecordSets`, `patch deployments/scale`, `query`, `ask`, `chat.postMessage`. */
  readonly action: string;
  /** Whether it changes the world where it succeeds. */
  readonly mutating: boolean;
  /** The cluster, where it goes to one of two. */
  readonly side?: Side;
  /** What it is about: a key, a zone, a path. */
  readonly subject: string;
};

/** Before: the service hasn't seen the call yet. After: the service has done it (or refused it), the step has no answer yet. */
export type Moment =
  | { readonly moment: "before" }
  | {
      readonly moment: "after";
      readonly outcome: "applied" | "refused";
      /** Whether the same question was answered otherwise before: only a run with a stale read remembers. */
      readonly isNews: boolean;
    };

/**
 * What a fault does to a call. `crash` and `answer-lost` may come before (nothing happened) or after (it happened, nobody knows);
 * a `zombie` stands still before the call while nobody waits for it any more; the others are answers instead of the service's own,
 * so they only come before.
 */
export type Strike =
  | { readonly kind: "crash" }
  | { readonly kind: "answer-lost" }
  | { readonly kind: "zombie"; readonly seconds: number }
  | { readonly kind: "throttled"; readonly retryAfterSeconds?: number }
  | { readonly kind: "conflict" }
  | { readonly kind: "server-error" }
  /** After a read: the answer that the same question got before. */
  | { readonly kind: "stale" };

export type FaultHook = (call: Call & Moment, invocation: Invocation) => Strike | undefined;

/** A call after the fact, for invariants. `refused` is the service's own no; `denied` is a missing declaration. */
export type Observed = Call & {
  readonly invocation: Invocation;
  readonly outcome: "applied" | "refused" | "denied" | "struck";
  /** Name of the error or status of the refusal; the kind of the strike. */
  readonly error?: string | undefined;
  /** Input as the service got it: the SDK command's input, or the HTTP request. */
  readonly input: unknown;
  readonly output?: unknown;
};

/** A caller with the AWS permissions of its step. */
export type AwsCaller = Caller & {
  /** Whether the step declares this action; a look counts as use. */
  readonly may: (service: ServiceName, action: string) => boolean;
  readonly execution: string;
};

/** Ends an invocation. Never thrown into a step: it couldn't catch the end of its own process. */
export class Crashed extends Error {
  override readonly name = "Crashed";
}

const invocations = new AsyncLocalStorage<Invocation>();
const dead = new WeakSet<Invocation>();

/** Runs a step so that the shared clients know who calls. */
export const withInvocation = <T>(invocation: Invocation, run: () => T): T =>
  invocations.run(invocation, run);

/** The invocation in which the calling code runs; undefined outside of steps. */
export const currentInvocation = (): Invocation | undefined => invocations.getStore();

/** Ends an invocation from outside (a timeout, an abort): no answer reaches it any more, and nothing that it sends counts. */
export const endInvocation = (invocation: Invocation): void => {
  dead.add(invocation);
};

export type SeamOptions = {
  readonly clock: Clock;
  readonly random: Random;
  readonly fault?: FaultHook;
  /** Whether answers are kept, so that a read can be stale. */
  readonly remembers?: boolean;
  readonly onCall?: (observed: Observed) => void;
  /** A mistake in the rehearsal itself, found on behalf of a step: a service that threw what is no refusal, or isn't simulated. */
  readonly onMistake?: (error: unknown, call: Call) => void;
  /** The first use of each permission by a step, and each denial. */
  readonly onPermission?: (step: string, service: ServiceName, action: string, allowed: boolean) => void;
  /** Whether a Kubernetes resource (`deployments`, `restores.velero.io`) is one of the kinds that the plan lists. */
  readonly isPlanned?: (resource: string) => boolean;
  /** Whether a step may write in a namespace; in each where absent. */
  readonly mayWriteIn?: (namespace: string) => boolean;
  /** The platform's zone, lower case without the last dot: what the scopes of record changes are about. */
  readonly zone?: string;
};

/** What a protocol (AWS, HTTP, DNS) gives the seam for one call. Synchronous throughout. */
export type Passage<Out> = {
  readonly call: Call;
  readonly input: unknown;
  /** The service itself; throws or answers its refusals. */
  readonly run: (caller: AwsCaller) => Out;
  /** Whether a step's declared needs cover it; HTTP APIs with rights of their own say yes and judge by the caller. */
  readonly permission: string | undefined;
  /** What the call is about, where a declaration may be narrower than its action. */
  readonly asked?: Asked;
  /** The service's own way to deny; throws or answers. */
  readonly deny: (invocation: Invocation) => Out;
  /** The service's own throttling, conflict and server error; throws or answers. */
  readonly strike: (strike: Strike) => Out;
  /** What the client throws where no answer came. */
  readonly lost: () => Error;
  /** Why an output is a refusal (its status); undefined where it isn't one. */
  readonly refusal: (out: Out) => string | undefined;
  /** Whether an error that the service threw is its own answer; any other is a mistake of ours. */
  readonly isAnswer: (error: unknown) => boolean;
};

export type Seam = {
  /** Whether the step that runs may read what it remembers; notes the use or the denial, and calls nothing. */
  readonly recalled: (service: "s3", action: string, asked: Asked) => boolean;
  readonly pass: <Out>(passage: Passage<Out>) => Promise<Out>;
  readonly permissions: PermissionBook;
  readonly clock: Clock;
  readonly random: Random;
};

/** Milliseconds for one call, there and back. */
const LATENCY_MS: { readonly [S in ServiceName]: readonly [low: number, high: number] } = {
  route53: [40, 140],
  eks: [60, 180],
  ec2: [60, 200],
  elb: [50, 160],
  s3: [12, 45],
  sfn: [20, 70],
  ssm: [30, 110],
  sts: [20, 60],
  rabbitmq: [6, 60],
  logs: [50, 180],
  kubernetes: [4, 24],
  metrics: [6, 45],
  dns: [2, 30],
  slack: [90, 320],
  sqs: [5, 25],
  secrets: [15, 60],
  kafka: [4, 30],
  probes: [8, 60],
};

/** How long a client waits for an answer that doesn't come. */
const TIMEOUT_MS = 5_000;

/** The step that the calling code runs in. Throws where there is none: nothing of ours calls a service outside of a step. */
const caller = (): Invocation => {
  const invocation = invocations.getStore();
  if (!invocation) throw new Error("A simulated service was called outside of a step's invocation.");
  return invocation;
};

const never = <T>(): Promise<T> => new Promise<T>(() => {});

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : String(error));

type Answer<Out> = { readonly value: Out } | { readonly error: unknown };

const attempt = <Out>(run: () => Out): Answer<Out> => {
  try {
    return { value: run() };
  } catch (error) {
    return { error };
  }
};

/** A mistake of ours and no answer of a service: somebody asks for what the rehearsal doesn't have. */
export class NotSimulated extends Error {
  override readonly name = "NotSimulated";
}

type Core = {
  readonly options: SeamOptions;
  readonly permissions: PermissionBook;
  readonly memory: Memory | undefined;
};

const GROUPS: readonly string[] = ["repot"];

const callerOf = ({ permissions }: Core, invocation: Invocation): AwsCaller => ({
  name: invocation.step,
  kind: "step",
  user: `repot:${invocation.step}`,
  groups: GROUPS,
  mayKubernetes: (side, verb, resource, namespace) =>
    permissions.mayKubernetes(invocation, side, verb, resource, namespace),
  may: (service, action) => permissions.may(invocation, service, action),
  execution: invocation.execution,
});

/** At the service: denied, struck, or served. A strike where it takes the answer away. */
const serve = <Out>(core: Core, p: Passage<Out>, invocation: Invocation): Answer<Out> | Strike => {
  const { options, permissions } = core;
  const observe = (outcome: Observed["outcome"], error?: string, output?: unknown) =>
    options.onCall?.({ ...p.call, invocation, outcome, input: p.input, error, output });
  if (p.permission !== undefined && !permissions.may(invocation, p.call.service, p.permission, p.asked)) {
    observe("denied", p.permission);
    return attempt(() => p.deny(invocation));
  }
  const before = options.fault?.({ ...p.call, moment: "before" }, invocation);
  // Nothing reaches the service yet: the call is made later.
  if (before?.kind === "zombie") return before;
  if (before) {
    observe("struck", before.kind);
    return takesAnswer(before) ? before : attempt(() => p.strike(before));
  }
  const answer = attempt(() => p.run(callerOf(core, invocation)));
  const older = "value" in answer ? core.memory?.olderThan(p.call, p.input, answer.value) : undefined;
  if ("error" in answer && !p.isAnswer(answer.error)) {
    options.onMistake?.(answer.error, p.call);
    return answer;
  }
  const refusal = "error" in answer ? nameOf(answer.error) : p.refusal(answer.value);
  const outcome = refusal === undefined ? "applied" : "refused";
  observe(outcome, refusal, "value" in answer ? answer.value : undefined);
  const isNews = older !== undefined;
  const after = options.fault?.({ ...p.call, moment: "after", outcome, isNews }, invocation);
  if (after?.kind === "stale" && older) return { value: older.value as Out };
  if (after && !takesAnswer(after))
    throw new Error(
      `A fault "${after.kind}" can't strike after the effect of ${p.call.service}:${p.call.action}.`,
    );
  return after ?? answer;
};

const takesAnswer = (strike: Strike): boolean => strike.kind === "crash" || strike.kind === "answer-lost";

/** Half a round trip, in whole milliseconds. A random stream for each service: a call to one doesn't shift the latencies of another. */
const makeHalfLatency = (random: Random): ((service: ServiceName) => number) => {
  const streams = new Map<ServiceName, Random>();
  return (service) => {
    const stream = streams.get(service) ?? random.fork(`latency:${service}`);
    streams.set(service, stream);
    return Math.max(1, Math.round(stream.between(...LATENCY_MS[service]) / 2));
  };
};

/** The seam of one rehearsal: what the clients, the exchange and the DNS port are made over. */
export const makeSeam = (options: SeamOptions): Seam => {
  const { clock } = options;
  const permissions = makePermissionBook(options);
  const core: Core = {
    options,
    permissions,
    memory: options.remembers ? makeMemory(clock) : undefined,
  };
  const halfLatencyMs = makeHalfLatency(options.random);
  const outside = AsyncLocalStorage.snapshot();
  const pass = async <Out>(p: Passage<Out>): Promise<Out> => {
    const invocation = caller();
    if (dead.has(invocation)) return never();
    const halfMs = halfLatencyMs(p.call.service);
    await clock.sleep(halfMs);
    // The services know nothing of the step that calls: what they start (an execution, say) isn't part of it.
    let answer = outside(() => serve(core, p, invocation));
    while ("kind" in answer && answer.kind === "zombie") {
      invocation.abandon?.();
      await clock.sleep(answer.seconds * 1000);
      if (dead.has(invocation)) return never();
      answer = outside(() => serve(core, p, invocation));
    }
    if ("kind" in answer && answer.kind === "crash") {
      dead.add(invocation);
      invocation.crash(new Crashed(`${invocation.step} crashed at ${p.call.service}:${p.call.action}.`));
      return never();
    }
    await clock.sleep("kind" in answer ? TIMEOUT_MS - halfMs : halfMs);
    if (dead.has(invocation)) return never();
    if ("kind" in answer) throw p.lost();
    if ("error" in answer) throw answer.error;
    return answer.value;
  };
  const recalled: Seam["recalled"] = (service, action, asked) =>
    permissions.may(caller(), service, action, asked);
  return { pass, recalled, permissions, clock, random: options.random };
};
