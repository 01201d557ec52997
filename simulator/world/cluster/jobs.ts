/** Jobs: run pods to their end, and say so. */

import type { KubeObject } from "../../../domain/kube.ts";
import { at, fieldsAt, isDeleting, listAt, numberAt, textAt, uidOf } from "./fields.ts";
import { type Controller, controllerWho, type Machine, splitKey } from "./machine.ts";
import type { Pods } from "./pods.ts";
import { dismiss, isReady, ownerKey, ownPods, podOf, selfKey } from "./replicas.ts";

const KEY = "jobs.batch";
const WHO = controllerWho("job-controller");
const TTL_WHO = controllerWho("ttl-after-finished-controller");

export const isFinishedJob = (job: KubeObject): boolean =>
  listAt(job, "status", "conditions").some(
    (c) => (c["type"] === "Complete" || c["type"] === "Failed") && c["status"] === "True",
  );

export const jobs = (machine: Machine, pods: Pods): Controller => {
  const { registry, store } = machine;
  const reconcile = (key: string): void => {
    const { namespace, name } = splitKey(key);
    const job = store.get(KEY, namespace, name);
    if (!job || isDeleting(job) || isFinishedJob(job)) return;
    const { active } = ownPods(machine, pods, job);
    if (at(job, "spec", "suspend") === true) {
      for (const { object } of active) dismiss(machine, object, WHO);
      registry.setStatus(KEY, job, { active: 0, conditions: [{ type: "Suspended", status: "True" }] });
      return;
    }
    const succeeded = succeededOf(machine, job);
    const completions = numberAt(job, "spec", "completions") ?? 1;
    const wanted = Math.min(numberAt(job, "spec", "parallelism") ?? 1, completions - succeeded);
    for (let i = active.length; i < wanted; i += 1) createPod(machine, job);
    report(machine, pods, job, succeeded, completions);
  };
  return { name: "job-controller", watches: { [KEY]: selfKey, pods: ownerKey("Job") }, reconcile };
};

const succeededOf = (machine: Machine, job: KubeObject): number =>
  machine.store.ownedBy(uidOf(job)).filter(({ object }) => textAt(object, "status", "phase") === "Succeeded")
    .length;

const createPod = (machine: Machine, job: KubeObject): void => {
  const { registry } = machine;
  const labels = {
    "batch.kubernetes.io/job-name": job.metadata.name,
    "job-name": job.metadata.name,
    "batch.kubernetes.io/controller-uid": uidOf(job),
    "controller-uid": uidOf(job),
  };
  const template = fieldsAt(job, "spec", "template");
  registry.create(
    registry.resource("pods"),
    podOf(job, template, { generateName: `${job.metadata.name}-` }, { labels }),
    WHO,
  );
};

const report = (
  machine: Machine,
  pods: Pods,
  job: KubeObject,
  succeeded: number,
  completions: number,
): void => {
  const { registry } = machine;
  const { active } = ownPods(machine, pods, job);
  const done = succeeded >= completions;
  const startTime = textAt(job, "status", "startTime") ?? registry.stamp();
  registry.setStatus(KEY, job, {
    startTime,
    active: active.length,
    ready: active.filter(isReady).length,
    succeeded,
    ...(done
      ? {
          completionTime: registry.stamp(),
          conditions: [{ type: "Complete", status: "True", lastTransitionTime: registry.stamp() }],
        }
      : {}),
  });
  const ttl = numberAt(job, "spec", "ttlSecondsAfterFinished");
  if (done && ttl !== undefined)
    machine.clock.after(ttl * 1_000, () => {
      const live = machine.store.byUid(uidOf(job))?.object;
      if (live) registry.delete(registry.resource(KEY), live, TTL_WHO, { propagation: "Background" });
    });
};
