/** Autoscalers: HorizontalPodAutoscalers by CPU, and KEDA's ScaledObjects by backlog. They write replica counts whoever else does. */

import type { KubeObject } from "../../../domain/kube.ts";
import { at, fieldsAt, isDeleting, listAt, numberAt, pathOf, textAt, uidOf, withAt } from "./fields.ts";
import { controllerWho, type Machine, serviceAccount } from "./machine.ts";
import type { Who } from "./registry.ts";
import { ApiError } from "./status.ts";

/** What autoscalers measure, supplied by the rest of the world. `workload` is `namespace/name`. */
export type Signals = {
  /** CPU used by a workload's ready pods as a share of what they request; undefined where nothing is measured. */
  readonly cpuShare?: (workload: string) => number | undefined;
  /** Pods that the backlog of a ScaledObject's triggers calls for; undefined where the scaler can't tell. */
  readonly podsForBacklog?: (workload: string, scaledObject: KubeObject) => number | undefined;
};

const HPAS = "horizontalpodautoscalers.autoscaling";
const SCALED = "scaledobjects.keda.sh";
const HPA_MS = 15_000;
const KEDA_MS = 30_000;
/** Within this share of the goal nothing is done. */
const TOLERANCE = 0.1;
const HPA_WHO = controllerWho("horizontal-pod-autoscaler");

type Recommendation = { readonly at: number; readonly replicas: number };

export class Autoscalers {
  readonly #machine: Machine;
  readonly #history = new Map<string, Recommendation[]>();
  /** The status of an HPA, by the version of it that has that status. */
  readonly #said = new WeakMap<KubeObject, string>();
  signals: Signals = {};

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#every(HPA_MS, HPAS, (hpa) => this.#hpa(hpa));
    this.#every(KEDA_MS, SCALED, (object) => this.#keda(object));
  }

  /** Looks at all objects of a kind again and again, from the first one on. */
  #every(milliseconds: number, key: string, look: (object: KubeObject) => void): void {
    let running = false;
    const round = () => {
      const all = this.#machine.store.list(key);
      running = all.length > 0 && !this.#machine.queue.stopped;
      for (const object of all) if (running && !isDeleting(object)) look(object);
      if (running) this.#machine.clock.after(milliseconds, round);
    };
    this.#machine.store.onChange((change) => {
      if (change.key !== key || running) return;
      running = true;
      this.#machine.clock.after(milliseconds, round);
    });
  }

  #target(object: KubeObject, { apiVersion, kind, name }: TargetRef = targetOf(object)) {
    const resource = this.#machine.registry.kinds.byKind(apiVersion, kind);
    return resource && this.#machine.store.get(resource.key, object.metadata.namespace ?? "", name);
  }

  #hpa(hpa: KubeObject): void {
    const range = rangeOf(hpa);
    const target = this.#target(hpa, range.target);
    if (!target) return;
    const current = numberAt(target, "spec", "replicas") ?? 1;
    if (current === 0) {
      this.#status(hpa, current, current, "ScalingDisabled");
      return;
    }
    const { min, max, goal } = range;
    const share = this.signals.cpuShare?.(pathOf(target));
    const measured =
      share === undefined || goal === undefined ? current : desired(current, share / goal, target);
    const bounded = Math.max(min, Math.min(max, measured));
    const next = this.#behaved(hpa, current, bounded, range);
    if (next !== current)
      this.#scale(target, current, next, HPA_WHO, `HorizontalPodAutoscaler ${pathOf(hpa)}`);
    this.#status(hpa, current, next, "ValidMetricFound", share);
  }

  /** Upwards at most the double or four more a round; downwards the highest recommendation of the last minutes; and what `behavior` forbids. */
  #behaved(hpa: KubeObject, current: number, wanted: number, range: Range): number {
    const { min, max, windowMs, disabled } = range;
    const now = this.#machine.clock.now();
    const history = this.#history.get(uidOf(hpa)) ?? [];
    this.#history.set(uidOf(hpa), history);
    // The same recommendation again: only when it was last made counts.
    if (history.at(-1)?.replicas === wanted) history.pop();
    while (history[0] && history[0].at <= now - windowMs) history.shift();
    history.push({ at: now, replicas: wanted });
    if (wanted > current) {
      const step = Math.max(min, Math.min(wanted, Math.max(current * 2, current + 4)));
      return disabled.scaleUp ? current : step;
    }
    if (wanted === current) return current;
    if (current > max) return disabled.scaleDown ? current : max;
    const counting = windowMs > 0 ? history : [];
    const stable = Math.max(wanted, ...counting.map((r) => r.replicas));
    return disabled.scaleDown ? current : Math.min(current, stable);
  }

  #status(hpa: KubeObject, current: number, next: number, reason: string, share?: number): void {
    const percent = share === undefined ? undefined : Math.round(share * 100);
    const said = `${current} ${next} ${reason} ${percent}`;
    // Nearly every look finds what the last one found.
    if (this.#said.get(hpa) === said) return;
    const active = reason === "ScalingDisabled" ? "False" : "True";
    const written = this.#machine.registry.setStatus(HPAS, hpa, {
      currentReplicas: current,
      desiredReplicas: next,
      conditions: [{ type: "ScalingActive", status: active, reason }],
      ...(percent === undefined
        ? {}
        : {
            currentMetrics: [
              {
                type: "Resource",
                resource: { name: "cpu", current: { averageUtilization: percent } },
              },
            ],
          }),
    });
    this.#said.set(written, said);
  }

  /** KEDA acts only where its operator runs. */
  #keda(object: KubeObject): void {
    const target = this.#target(object);
    const operator = this.#operator();
    if (!target || !operator) return;
    const current = numberAt(target, "spec", "replicas") ?? 1;
    const who = `ScaledObject ${pathOf(object)}`;
    const annotation = (name: string) =>
      textAt(object, "metadata", "annotations", `autoscaling.keda.sh/${name}`);
    const pinned = annotation("paused-replicas");
    if (pinned !== undefined) {
      if (Number(pinned) !== current) this.#scale(target, current, Number(pinned), operator, who);
      return;
    }
    if (annotation("paused") === "true") return;
    const called = this.signals.podsForBacklog?.(pathOf(target), object);
    if (called === undefined) return;
    const min = numberAt(object, "spec", "minReplicaCount") ?? 0;
    const max = numberAt(object, "spec", "maxReplicaCount") ?? 100;
    const bounded = Math.max(min, Math.min(max, called));
    if (bounded < current && annotation("paused-scale-in") === "true") return;
    const next = bounded < current ? this.#cooled(object, current, bounded) : bounded;
    if (next !== current) this.#scale(target, current, next, operator, who);
  }

  /** Less only after the cool-down: what was called for at any time within it still counts. */
  #cooled(object: KubeObject, current: number, wanted: number): number {
    const now = this.#machine.clock.now();
    const coolMs = (numberAt(object, "spec", "cooldownPeriod") ?? 300) * 1_000;
    const seen = this.#history.get(uidOf(object)) ?? [{ at: now, replicas: current }];
    const history = [...seen, { at: now, replicas: wanted }].filter((r) => r.at > now - coolMs);
    this.#history.set(uidOf(object), history);
    return Math.min(current, Math.max(wanted, ...history.map((r) => r.replicas)));
  }

  /** The operator as it authenticates; undefined while no pod of it is ready. It is known by its image. */
  #operator(): Who | undefined {
    for (const deployment of this.#machine.store.list("deployments.apps")) {
      if ((numberAt(deployment, "status", "readyReplicas") ?? 0) === 0) continue;
      const spec = fieldsAt(deployment, "spec", "template", "spec");
      if (listAt(spec, "containers").some((c) => /(^|\/)keda(:|@|$)/.test(textAt(c, "image") ?? "")))
        return serviceAccount(
          deployment.metadata.namespace ?? "",
          textAt(spec, "serviceAccountName") ?? "default",
        );
    }
    return undefined;
  }

  #scale(target: KubeObject, before: number, after: number, who: Who, name: string): void {
    const { registry, emit, side } = this.#machine;
    const resource = registry.kinds.byKind(target.apiVersion, target.kind);
    if (!resource) return;
    const say = (allowed: boolean) =>
      emit({
        type: "actor",
        who: name,
        cluster: side,
        object: `${target.kind} ${pathOf(target)}`,
        field: "spec.replicas",
        before: String(before),
        after: String(after),
        allowed,
      });
    try {
      registry.update(resource, target, withAt(target, ["spec", "replicas"], after), who, {
        subresource: "scale",
      });
      say(true);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      say(false);
    }
  }
}

const desired = (current: number, ratio: number, target: KubeObject): number => {
  const ready = numberAt(target, "status", "readyReplicas") ?? current;
  if (ready === 0 || Math.abs(ratio - 1) <= TOLERANCE) return current;
  return Math.ceil(ready * ratio);
};

type TargetRef = { readonly apiVersion: string; readonly kind: string; readonly name: string };

const targetOf = (object: KubeObject): TargetRef => {
  const reference = fieldsAt(object, "spec", "scaleTargetRef");
  return {
    apiVersion: textAt(reference, "apiVersion") ?? "apps/v1",
    kind: textAt(reference, "kind") ?? "Deployment",
    name: textAt(reference, "name") ?? "",
  };
};

/** What an HPA's spec says. */
type Range = {
  readonly target: TargetRef;
  readonly min: number;
  readonly max: number;
  readonly goal: number | undefined;
  readonly windowMs: number;
  readonly disabled: { readonly scaleUp: boolean; readonly scaleDown: boolean };
};

const ranges = new WeakMap<object, Range>();

/** Read once for each spec: specs are replaced, never changed. */
const rangeOf = (hpa: KubeObject): Range => {
  const spec = fieldsAt(hpa, "spec");
  const known = ranges.get(spec) ?? readRange(hpa);
  ranges.set(spec, known);
  return known;
};

const readRange = (hpa: KubeObject): Range => {
  const min = numberAt(hpa, "spec", "minReplicas") ?? 1;
  const disabled = (way: "scaleUp" | "scaleDown") =>
    at(hpa, "spec", "behavior", way, "selectPolicy") === "Disabled";
  return {
    target: targetOf(hpa),
    min,
    max: numberAt(hpa, "spec", "maxReplicas") ?? min,
    goal: cpuGoal(hpa),
    windowMs: (numberAt(hpa, "spec", "behavior", "scaleDown", "stabilizationWindowSeconds") ?? 300) * 1_000,
    disabled: { scaleUp: disabled("scaleUp"), scaleDown: disabled("scaleDown") },
  };
};

/** The CPU goal as a share of requests; undefined where the HPA goes by something else. */
const cpuGoal = (hpa: KubeObject): number | undefined => {
  const cpu = listAt(hpa, "spec", "metrics").find((m) => textAt(m, "resource", "name") === "cpu");
  const percent = numberAt(cpu, "resource", "target", "averageUtilization");
  return percent === undefined ? undefined : percent / 100;
};
