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
    const [succeeded, failed] = [endedOf(machine, job, "Succeeded"), endedOf(machine, job, "Failed")];
    const completions = numberAt(job, "spec", "completions") ?? 1;
    if (failed > (numberAt(job, "spec", "backoffLimit") ?? BACKOFF_LIMIT) || isTooLate(machine, job)) {
      for (const { object } of active) dismiss(machine, object, WHO);
      giveUp(machine, job, failed, isTooLate(machine, job));
      return;
    }
    const wanted = Math.min(numberAt(job, "spec", "parallelism") ?? 1, completions - succeeded);
    const ready = retryAt(machine, job, failed);
    if (ready > machine.clock.now()) machine.queue.enqueueAfter(controller, key, ready - machine.clock.now());
    else for (let i = active.length; i < wanted; i += 1) createPod(machine, job);
    report(machine, pods, job, succeeded, completions);
  };
  const controller: Controller = {
    name: "job-controller",
    watches: { [KEY]: selfKey, pods: ownerKey("Job") },
    reconcile,
  };
  return controller;
};

/** The API's default, and the controller's waits between two tries: ten seconds, twenty, up to six minutes. */
const BACKOFF_LIMIT = 6;
const BACKOFF_MS = 10_000;
const BACKOFF_MAX_MS = 360_000;

const endedOf = (machine: Machine, job: KubeObject, phase: "Succeeded" | "Failed"): number =>
  machine.store.ownedBy(uidOf(job)).filter(({ object }) => textAt(object, "status", "phase") === phase)
    .length;

/** When the next pod may start after one has failed. */
const retryAt = (machine: Machine, job: KubeObject, failed: number): number => {
  if (failed === 0) return 0;
  const lasts = machine.store
    .ownedBy(uidOf(job))
    .filter(({ object }) => textAt(object, "status", "phase") === "Failed")
    .map(({ object }) =>
      Date.parse(
        textAt(listAt(object, "status", "containerStatuses")[0], "state", "terminated", "finishedAt") ?? "",
      ),
    );
  return Math.max(0, ...lasts) + Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** (failed - 1));
};

const isTooLate = (machine: Machine, job: KubeObject): boolean => {
  const seconds = numberAt(job, "spec", "activeDeadlineSeconds");
  const startedAt = Date.parse(textAt(job, "status", "startTime") ?? "");
  return seconds !== undefined && machine.clock.now() - startedAt > seconds * 1_000;
};

const giveUp = ({ registry }: Machine, job: KubeObject, failed: number, late: boolean): void => {
  registry.setStatus(KEY, job, {
    ...fieldsAt(job, "status"),
    active: 0,
    ready: 0,
    failed,
    conditions: [
      {
        type: "Failed",
        status: "True",
        reason: late ? "DeadlineExceeded" : "BackoffLimitExceeded",
        message: late
          ? "Job was active longer than specified deadline"
          : "Job has reached the specified backoff limit",
        lastTransitionTime: registry.stamp(),
      },
    ],
  });
};

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
