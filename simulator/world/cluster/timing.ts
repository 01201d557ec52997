/** How long things take on a node: pulling, starting, probing, draining. Read from the manifests; only what they don't say is drawn by chance. */

import type { KubeObject } from "../../../domain/kube.ts";
import { makeRandom, type Random } from "../../random.ts";
import { at, type Fields, fieldsAt, isFields, listAt, numberAt, textAt, textsAt } from "./fields.ts";

export const imagesOf = (object: KubeObject): readonly string[] =>
  ["initContainers", "containers"].flatMap((list) =>
    listAt(object, "spec", list).map((container) => textAt(container, "image") ?? ""),
  );

/** One image takes the same time on every node: 4 to 14 s on Linux, 45 s to two minutes on Windows. */
export const pullMs = (image: string, os: string): number => {
  const random = makeRandom(0).fork(`image ${image}`);
  return Math.round(os === "windows" ? random.between(45_000, 120_000) : random.between(4_000, 14_000));
};

/** What a Job's pod takes: the sleep that its command is made of, else what chance says. */
export const jobSeconds = (object: KubeObject, random: Random): number => {
  const words = listAt(object, "spec", "containers").flatMap((container) => [
    ...textsAt(container, "command"),
    ...textsAt(container, "args"),
  ]);
  const slept = SLEEP.exec(words.join(" "))?.[1];
  return Math.round(slept === undefined ? random.between(15, 60) : Number(slept));
};

const SLEEP = /\bsleep\s+(\d+(?:\.\d+)?)/;

export type Timeline = {
  /** From images there to the containers started. */
  readonly startMs: number;
  /** From started to the first moment at which it can be Ready. */
  readonly readyMs: number;
  /** How often it is probed after that. */
  readonly probeMs: number;
};

/** What the manifests make of a pod's start. Chance decides only on the process's own start-up. */
export const timeline = (object: KubeObject, random: Random): Timeline => {
  const inits = listAt(object, "spec", "initContainers").length;
  const bootMs = Math.round(random.between(1_000, 3_000));
  let readyMs = 0;
  let probeMs = 10_000;
  for (const container of listAt(object, "spec", "containers")) {
    const startup = probeOf(container, "startupProbe");
    const readiness = probeOf(container, "readinessProbe");
    const startedMs = startup ? firstSuccessMs(startup, bootMs) : 0;
    const mine = readiness ? firstSuccessMs(readiness, Math.max(bootMs, startedMs)) : startedMs;
    readyMs = Math.max(readyMs, mine);
    if (readiness) probeMs = readiness.periodMs;
  }
  const gates = listAt(object, "spec", "readinessGates").length > 0 ? 20_000 : 0;
  return {
    startMs: 1_000 + inits * Math.round(random.between(1_000, 3_000)),
    readyMs: readyMs + gates,
    probeMs,
  };
};

type Probe = { readonly initialDelayMs: number; readonly periodMs: number; readonly successes: number };

const probeOf = (container: Fields, name: string): Probe | undefined => {
  const probe = container[name];
  if (!isFields(probe)) return undefined;
  return {
    initialDelayMs: (numberAt(probe, "initialDelaySeconds") ?? 0) * 1_000,
    periodMs: Math.max(1, numberAt(probe, "periodSeconds") ?? 10) * 1_000,
    successes: Math.max(1, numberAt(probe, "successThreshold") ?? 1),
  };
};

/** Probes are made every period from the container's start, not before the initial delay; the last of the required successes counts. */
const firstSuccessMs = (probe: Probe, upMs: number): number => {
  const from = Math.max(probe.initialDelayMs, upMs);
  const first = Math.ceil(from / probe.periodMs) * probe.periodMs;
  return first + (probe.successes - 1) * probe.periodMs;
};

/** A process that gets SIGTERM without a preStop hook goes on accepting for so long, as most servers' graceful shutdown does. */
const NOTICE_MS = 5_000;

/** How long after the deletion began a pod's process goes on accepting, if its grace period lets it. */
export const acceptsAfterTermMs = (object: KubeObject): number => {
  const sleeps = listAt(object, "spec", "containers")
    .map((container) => preStopMs(container))
    .filter((ms) => ms !== undefined);
  return sleeps.length === 0 ? NOTICE_MS : Math.max(...sleeps);
};

/** A preStop hook that sleeps: `sleep: {seconds}` or a command that runs `sleep N`. */
const preStopMs = (container: Fields): number | undefined => {
  const hook = fieldsAt(container, "lifecycle", "preStop");
  const seconds = numberAt(hook, "sleep", "seconds");
  if (seconds !== undefined) return seconds * 1_000;
  const command = textsAt(hook, "exec", "command").join(" ");
  const match = SLEEP.exec(command);
  if (match) return Number(match[1]) * 1_000;
  return at(hook, "exec") === undefined ? undefined : NOTICE_MS;
};
