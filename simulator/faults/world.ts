/** Faults of the world as switches on its parts, and what shows that somebody feels them. */

import type { KubeObject } from "../../domain/kube.ts";
import { nameOf, type Plan } from "../../domain/plan.ts";
import { at } from "../../domain/pods.ts";
import type { Clock } from "../clock.ts";
import type { RehearsedWorld } from "../rehearsal/world.ts";
import { LATE_SECONDS } from "../services/logs.ts";
import type { Observed } from "../services/seam.ts";
import type { Emit } from "../world/types.ts";
import { ADMINISTRATOR, AUTOSCALER } from "./callers.ts";
import { groupFaults } from "./kafka.ts";
import { machineryFaults } from "./machinery.ts";
import { metricsFaults } from "./metrics.ts";

export type WorldFault = {
  /** @param struck Called whenever the fault is felt, where the world itself notices. */
  readonly turn: (on: boolean, struck: () => void) => void;
  /** Whether a call of a step ran into it. */
  readonly feltBy?: (call: Observed) => boolean;
};
export type WorldFaults = { readonly [kind: string]: WorldFault };

/** A first snapshot of a volume that is written to a lot. */
const SLOW_SNAPSHOTS = 100;
const INSYNC_LATE_SECONDS = 1_500;
const FIGHT_EVERY_MS = 45_000;

/** Hours: AWS promises minutes and guarantees nothing. */
const VERY_LATE_SECONDS = 14_400;

/** A third party (or whoever else is called, where there is none) hears nothing of the target any more. */
const dropping =
  (world: RehearsedWorld, by: "theirs" | "ours"): WorldFault["turn"] =>
  (on) => {
    const { all } = world.outside;
    const first = all.find((o) => o.kind === "third-party") ?? all[0];
    if (first) world.outside.drop("target", first.name, on ? by : undefined);
  };

const asksProbes = (call: Observed): boolean =>
  call.service === "kubernetes" && call.invocation.step === "observe-egress" && call.side === "target";

const changesDns = (call: Observed): boolean =>
  call.service === "route53" && call.mutating && call.outcome === "applied";

export const makeWorldFaults = (
  world: RehearsedWorld,
  around: { readonly clock: Clock; readonly plan: Plan; readonly emit: Emit },
): WorldFaults => {
  const faults: WorldFaults = {
    "pod-never-ready": { turn: neverReady(world) },
    "pod-crashes": { turn: crashing(world, around.plan) },
    "terminating-hangs": { turn: hanging(world, around.plan) },
    "unacked-stuck": {
      turn: (on, struck) => {
        for (const queue of world.queues.switches()) {
          if (!on) queue.release();
          else if (queue.stick(STUCK_MESSAGES)) struck();
        }
      },
    },
    "publisher-reappears": {
      turn: (on, struck) => {
        for (const queue of world.queues.switches()) if (queue.reappear(on)) struck();
      },
    },
    "volume-snapshot-fails": {
      turn: (on, struck) => {
        world.cloud.refuses = () => {
          if (on) struck();
          return on;
        };
      },
    },
    "volume-snapshot-slow": {
      turn: (on, struck) => {
        world.cloud.slower = () => {
          if (on) struck();
          return on ? SLOW_SNAPSHOTS : 1;
        };
      },
    },
    "controller-both-sides": { turn: startedAgain(world, around) },
    "broker-unreachable": {
      turn: (on) => {
        for (const queue of world.queues.switches()) queue.cutOff("target", on);
      },
      feltBy: (call) => call.service === "rabbitmq" || call.service === "sqs",
    },
    "clusters-cut-off": { turn: severing(world) },
    ...metricsFaults(world.metrics),
    "node-lost": { turn: losing(world) },
    "webhook-down": { turn: refusing(world, around.plan) },
    "quota-exceeded": { turn: limiting(world, around.plan) },
    "resolver-ignores-ttl": { turn: (on) => world.dns.ignoreTtls(on), feltBy: changesDns },
    "insync-late": { turn: (on) => world.dns.delaySync(on ? INSYNC_LATE_SECONDS : 0), feltBy: changesDns },
    "firewall-drops": { turn: dropping(world, "theirs"), feltBy: asksProbes },
    "security-group-drops": { turn: dropping(world, "ours"), feltBy: asksProbes },
    "parent-late": {
      turn: (on) => world.dns.delaySync(on ? INSYNC_LATE_SECONDS : 0, "parent"),
      feltBy: changesDns,
    },
    "flow-logs-late": {
      turn: (on) => world.flowRecords.delay(on ? VERY_LATE_SECONDS : LATE_SECONDS),
      feltBy: (call) => call.service === "logs",
    },
    // What strikes is each call that is lost: see strikes.ts.
    "source-unreachable": { turn: () => {} },
    "target-unreachable": { turn: () => {} },
    "hpa-fights": { turn: fighting(world, around) },
    ...groupFaults(world.kafka, around.clock),
    ...machineryFaults(world, around),
  };
  return Object.fromEntries(
    Object.entries(faults).map(([kind, fault]) => [
      kind,
      {
        ...fault,
        turn: (on: boolean, struck: () => void) => {
          world.kafka.strain(on);
          fault.turn(on, struck);
        },
      },
    ]),
  );
};

/** What runs on the target doesn't reach what stays on the source. */
const severing =
  ({ queues, kafka, outside }: RehearsedWorld): WorldFault["turn"] =>
  (on, struck) => {
    const crossing = queues.switches().filter((queue) => queue.crosses);
    for (const queue of crossing) queue.cutOff("target", on);
    const concerned = crossing.length + kafka.cutOff(on) + outside.cutOff(on);
    if (on && concerned > 0) struck();
  };

/** A controller that was handed over is started on the source again, by somebody who means well. */
const startedAgain = (
  world: RehearsedWorld,
  { clock, plan }: { readonly clock: Clock; readonly plan: Plan },
): WorldFault["turn"] => {
  let on = false;
  const start = (struck: () => void): void => {
    if (!on) return;
    for (const w of plan.workloads) {
      if (w.controller?.way !== "owned" || w.kind !== "Deployment") continue;
      const { apiVersion, kind, namespace, name } = w;
      if (replicasOf(world.clusters.source.get({ apiVersion, kind, namespace, name })) !== 0) continue;
      const { status } = world.clusters.source.api(
        {
          method: "PATCH",
          url: `https://source/apis/apps/v1/namespaces/${namespace}/deployments/${name}/scale`,
          headers: { "content-type": "application/merge-patch+json" },
          body: JSON.stringify({ spec: { replicas: w.replicas } }),
        },
        AUTOSCALER,
      );
      if (status < 300) struck();
    }
    clock.after(FIGHT_EVERY_MS, () => start(struck));
  };
  return (wanted, struck) => {
    on = wanted;
    if (on) clock.after(FIGHT_EVERY_MS, () => start(struck));
  };
};

/** Messages that one worker takes and never acknowledges. */
const STUCK_MESSAGES = 3;

/** Pods of the source's applications that are told to stop don't hear it. */
const hanging = (world: RehearsedWorld, plan: Plan): WorldFault["turn"] => {
  const moved = new Set(plan.workloads.map(nameOf));
  const ends: (() => void)[] = [];
  return (on, struck) => {
    for (const end of ends.splice(0)) end();
    if (!on) return;
    ends.push(
      world.clusters.source.addHang((workload) => {
        if (!moved.has(workload)) return false;
        struck();
        return true;
      }),
    );
  };
};

const neverReady = (world: RehearsedWorld): WorldFault["turn"] => {
  const ends: (() => void)[] = [];
  return (on, struck) => {
    for (const end of ends.splice(0)) end();
    if (!on) return;
    // Pods that are ready already stay so: what is asked is only whether a pod may become ready from now on.
    let armed = false;
    ends.push(
      world.clusters.target.addPodFault(() => {
        if (armed) struck();
        return armed;
      }),
    );
    armed = true;
  };
};

/** Pods of the platform's applications become ready on the target and die, again and again. */
const crashing = (world: RehearsedWorld, plan: Plan): WorldFault["turn"] => {
  const moved = new Set(plan.workloads.map(nameOf));
  const ends: (() => void)[] = [];
  return (on, struck) => {
    for (const end of ends.splice(0)) end();
    if (!on) return;
    ends.push(
      world.clusters.target.addCrash((workload) => {
        if (moved.has(workload)) struck();
        return moved.has(workload);
      }),
    );
  };
};

const losing =
  ({ clusters: { target } }: RehearsedWorld): WorldFault["turn"] =>
  (on, struck) => {
    if (!on) return;
    const counts = target.nodeNames().map((name) => ({
      name,
      pods: target.all().filter((o) => o.kind === "Pod" && at(o, "spec", "nodeName") === name).length,
    }));
    const fullest = counts.reduce<(typeof counts)[number] | undefined>(
      (a, b) => (a && a.pods >= b.pods ? a : b),
      undefined,
    );
    if (!fullest) return;
    target.loseNode(fullest.name);
    struck();
  };

/** A quota in each of the platform's namespaces, of as many pods as there are. */
const limiting = (world: RehearsedWorld, plan: Plan): WorldFault["turn"] => {
  const { target } = world.clusters;
  const namespaces = [...new Set(plan.workloads.map((w) => w.namespace))].sort();
  const url = (namespace: string) => `https://target/api/v1/namespaces/${namespace}/resourcequotas`;
  return (on, struck) => {
    for (const namespace of namespaces) {
      const pods = target.pods().filter((p) => p.namespace === namespace).length;
      const quota = {
        apiVersion: "v1",
        kind: "ResourceQuota",
        metadata: { name: "hands-off", namespace },
        spec: { hard: { pods: String(pods) } },
      };
      const { status } = on
        ? target.api(
            {
              method: "POST",
              url: url(namespace),
              headers: { "content-type": "application/json" },
              body: JSON.stringify(quota),
            },
            ADMINISTRATOR,
          )
        : target.api({ method: "DELETE", url: `${url(namespace)}/hands-off`, headers: {} }, ADMINISTRATOR);
      if (on && status === 201) struck();
    }
  };
};

/** Somebody installs a webhook for the platform's pods, and what answers for it isn't there. */
const refusing = (world: RehearsedWorld, plan: Plan): WorldFault["turn"] => {
  const { target } = world.clusters;
  const url = "https://target/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
  const values = [...new Set(plan.workloads.map((w) => w.namespace))].sort();
  const configuration = {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name: "pod-checker" },
    webhooks: [
      {
        name: "pods.checker.example",
        admissionReviewVersions: ["v1"],
        sideEffects: "None",
        failurePolicy: "Fail",
        clientConfig: { service: { namespace: "default", name: "pod-checker" } },
        namespaceSelector: {
          matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "In", values }],
        },
        rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] }],
      },
    ],
  };
  return (on, struck) => {
    if (!on) {
      target.api({ method: "DELETE", url: `${url}/pod-checker`, headers: {} }, ADMINISTRATOR);
      return;
    }
    const headers = { "content-type": "application/json" };
    const { status } = target.api(
      { method: "POST", url, headers, body: JSON.stringify(configuration) },
      ADMINISTRATOR,
    );
    if (status === 201) struck();
  };
};

/** Sets every shared workload of the source back to the number it had in the plan, again and again. */
const fighting = (
  world: RehearsedWorld,
  { clock, plan, emit }: { readonly clock: Clock; readonly plan: Plan; readonly emit: Emit },
): WorldFault["turn"] => {
  let on = false;
  const fight = (struck: () => void) => {
    if (!on) return;
    for (const workload of plan.workloads) {
      if (workload.move !== "half-and-half" || workload.kind !== "Deployment") continue;
      const object = world.clusters.source.get({
        apiVersion: workload.apiVersion,
        kind: workload.kind,
        namespace: workload.namespace,
        name: workload.name,
      });
      const now = replicasOf(object);
      if (now === undefined || now >= workload.replicas) continue;
      const { status } = world.clusters.source.api(
        {
          method: "PATCH",
          url: `https://source/apis/apps/v1/namespaces/${workload.namespace}/deployments/${workload.name}/scale`,
          headers: { "content-type": "application/merge-patch+json" },
          body: JSON.stringify({ spec: { replicas: workload.replicas } }),
        },
        AUTOSCALER,
      );
      emit({
        type: "actor",
        who: AUTOSCALER.name,
        cluster: "source",
        object: `Deployment ${nameOf(workload)}`,
        field: "spec.replicas",
        before: String(now),
        after: String(workload.replicas),
        allowed: status < 300,
      });
      struck();
    }
    clock.after(FIGHT_EVERY_MS, () => fight(struck));
  };
  return (wanted, struck) => {
    on = wanted;
    if (on) clock.after(FIGHT_EVERY_MS, () => fight(struck));
  };
};

const replicasOf = (object: KubeObject | undefined): number | undefined =>
  (object?.["spec"] as { readonly replicas?: number } | undefined)?.replicas;
