/** How long a pod takes to be Ready, as its probes say: at the earliest, and at the latest before Repot gives up. Source: kubelet's prober. */

import type { Container, PodSpec, Probe } from "./pods.ts";

/** Kubernetes' own defaults (v1.Probe). */
const DEFAULT = { initialDelaySeconds: 0, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 };
/** Pulling an image and starting a process, where nothing better is known. */
export const START_SECONDS_MAX = 120;
/** What Repot waits beyond the latest moment that the probes allow. */
const MARGIN_SECONDS = 60;

type Span = { readonly earliest: number; readonly latest: number };

const spanOf = (probe: Probe | undefined): Span => {
  if (!probe) return { earliest: 0, latest: 0 };
  const delay = probe.initialDelaySeconds ?? DEFAULT.initialDelaySeconds;
  const period = probe.periodSeconds ?? DEFAULT.periodSeconds;
  const successes = probe.successThreshold ?? DEFAULT.successThreshold;
  const failures = probe.failureThreshold ?? DEFAULT.failureThreshold;
  return { earliest: delay + (successes - 1) * period, latest: delay + (failures + successes - 1) * period };
};

/** Both delays count from the container's start; readiness is asked only once the startup probe has passed. */
const containerSpan = (container: Container): Span => {
  const startup = spanOf(container.startupProbe);
  const readiness = spanOf(container.readinessProbe);
  const successes = (container.readinessProbe?.successThreshold ?? 1) - 1;
  const again = successes * (container.readinessProbe?.periodSeconds ?? DEFAULT.periodSeconds);
  return {
    earliest: Math.max(startup.earliest + (container.startupProbe ? again : 0), readiness.earliest),
    latest: startup.latest + readiness.latest,
  };
};

const SECONDS_MAX = 31_536_000;

/** From the start of a pod's containers to Ready. Init containers take a time that nobody wrote down: it is in the margin. */
export const readinessOf = (
  spec: PodSpec,
  minReadySeconds = 0,
): { readonly expectedSeconds: number; readonly latestSeconds: number } => {
  const sidecars = (spec.initContainers ?? []).filter((c) => c.restartPolicy === "Always").map(containerSpan);
  const mains = spec.containers.map(containerSpan);
  const before = sidecars.reduce((sum, s) => sum + s.earliest, 0);
  const expected = before + Math.max(0, ...mains.map((s) => s.earliest)) + minReadySeconds;
  const latest =
    sidecars.reduce((sum, s) => sum + s.latest, 0) +
    Math.max(0, ...mains.map((s) => s.latest)) +
    minReadySeconds;
  return {
    expectedSeconds: Math.min(SECONDS_MAX, expected),
    latestSeconds: Math.min(SECONDS_MAX, Math.max(expected, latest)),
  };
};

/**
 * How long Repot waits for Ready: the policy's deadline, or longer where the probes allow it, a node has to come up first, and an image to be pulled.
 * @param nodeSeconds until a new node is Ready.
 */
export const readyDeadlineSeconds = (
  latestSeconds: number,
  nodeSeconds: number,
  policySeconds: number,
): number =>
  Math.max(policySeconds, Math.ceil(latestSeconds + nodeSeconds + START_SECONDS_MAX + MARGIN_SECONDS));

/** Endpoints are withdrawn from load balancers within this time after a pod begins to terminate. */
export const WITHDRAWAL_SECONDS_MAX = 5;
const GRACE_SECONDS_DEFAULT = 30;

export const graceSecondsOf = (spec: PodSpec): number =>
  spec.terminationGracePeriodSeconds ?? GRACE_SECONDS_DEFAULT;

/** Whether pods can finish what they hold when they are stopped: they live at least until nobody is sent to them any more. */
export const drains = (spec: PodSpec): boolean => graceSecondsOf(spec) >= WITHDRAWAL_SECONDS_MAX;
