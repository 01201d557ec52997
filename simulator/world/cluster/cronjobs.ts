/**
 * CronJobs: a Job at each tick. What was missed while suspended runs at once on resuming, unless its deadline has passed; without a deadline
 * over a hundred missed ticks block it.
 */

import { byCodeUnit, type KubeObject } from "../../../domain/kube.ts";
import { at, fieldsAt, isDeleting, numberAt, textAt, uidOf } from "./fields.ts";
import { isFinishedJob } from "./jobs.ts";
import { type Controller, controllerWho, type Machine, splitKey } from "./machine.ts";
import { ownerKey, ownerReference, selfKey } from "./replicas.ts";
import { MISSED_MAX, nextTick, ticksBetween } from "./schedule.ts";

const KEY = "cronjobs.batch";
const JOBS = "jobs.batch";
const WHO = controllerWho("cronjob-controller");

export const cronJobs = (machine: Machine): Controller => {
  const { store, queue, clock } = machine;
  /** Key → the tick that a timer waits for, so that one timer waits at a time. */
  const waiting = new Map<string, number>();
  const reconcile = (key: string): void => {
    const { namespace, name } = splitKey(key);
    const cron = store.get(KEY, namespace, name);
    if (!cron || isDeleting(cron)) return void waiting.delete(key);
    const jobs = jobsOf(machine, cron);
    forget(machine, cron, jobs);
    if (at(cron, "spec", "suspend") !== true) tick(machine, cron, jobs);
    const live = store.get(KEY, namespace, name) ?? cron;
    report(machine, live);
    const next = nextTick(scheduleOf(live), zoneOf(live), clock.now());
    if (next === undefined || waiting.get(key) === next || at(live, "spec", "suspend") === true) return;
    waiting.set(key, next);
    clock.at(next, () => {
      if (waiting.get(key) === next) waiting.delete(key);
      queue.enqueue(controller, key);
    });
  };
  const controller: Controller = {
    name: "cronjob-controller",
    watches: { [KEY]: selfKey, [JOBS]: ownerKey("CronJob") },
    reconcile,
  };
  return controller;
};

const scheduleOf = (cron: KubeObject): string => textAt(cron, "spec", "schedule") ?? "";
/** kube-controller-manager's own zone, where the CronJob names none. */
const zoneOf = (cron: KubeObject): string => textAt(cron, "spec", "timeZone") ?? "UTC";

const jobsOf = (machine: Machine, cron: KubeObject): readonly KubeObject[] =>
  machine.store
    .ownedBy(uidOf(cron))
    .filter(({ key }) => key === JOBS)
    .map(({ object }) => object);

/** Runs the last tick that is due, if its deadline and the concurrency policy let it. */
const tick = (machine: Machine, cron: KubeObject, jobs: readonly KubeObject[]): void => {
  const now = machine.clock.now();
  const deadline = numberAt(cron, "spec", "startingDeadlineSeconds");
  const last = Date.parse(
    textAt(cron, "status", "lastScheduleTime") ?? textAt(cron, "metadata", "creationTimestamp") ?? "",
  );
  // What the source missed before the run began is its own past.
  const from = Math.max(
    machine.clock.startedAt,
    Number.isNaN(last) ? 0 : last,
    deadline === undefined ? 0 : now - deadline * 1_000,
  );
  const due = ticksBetween(scheduleOf(cron), zoneOf(cron), from, now);
  const missed = due.at(-1);
  if (missed === undefined) return;
  if (due.length > MISSED_MAX) {
    tooMany(machine, cron);
    return;
  }
  const running = jobs.filter((job) => !isFinishedJob(job));
  const policy = at(cron, "spec", "concurrencyPolicy");
  if (policy === "Forbid" && running.length > 0) return;
  if (policy === "Replace")
    for (const job of running)
      machine.registry.delete(machine.registry.resource(JOBS), job, WHO, { propagation: "Background" });
  start(machine, cron, missed);
};

const start = (machine: Machine, cron: KubeObject, scheduledMs: number): void => {
  const { registry, store } = machine;
  const namespace = cron.metadata.namespace ?? "";
  const name = `${cron.metadata.name}-${Math.floor(scheduledMs / 60_000)}`;
  const template = fieldsAt(cron, "spec", "jobTemplate");
  const scheduled = `${new Date(scheduledMs).toISOString().slice(0, 19)}Z`;
  if (!store.get(JOBS, namespace, name))
    registry.create(
      registry.resource(JOBS),
      {
        apiVersion: "batch/v1",
        kind: "Job",
        metadata: {
          name,
          namespace,
          labels: fieldsAt(template, "metadata", "labels") as Readonly<Record<string, string>>,
          annotations: {
            ...(fieldsAt(template, "metadata", "annotations") as Readonly<Record<string, string>>),
            "batch.kubernetes.io/cronjob-scheduled-timestamp": scheduled,
          },
          ownerReferences: [ownerReference(cron) as never],
        },
        spec: template["spec"],
      },
      WHO,
    );
  registry.setStatus(KEY, cron, { ...fieldsAt(cron, "status"), lastScheduleTime: scheduled });
};

const tooMany = (machine: Machine, cron: KubeObject): void => {
  const namespace = cron.metadata.namespace ?? "";
  const name = `${cron.metadata.name}.toomanymissedtimes`;
  if (machine.store.get("events", namespace, name)) return;
  machine.store.put("events", {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name, namespace, uid: machine.registry.uid() },
    involvedObject: { kind: "CronJob", namespace, name: cron.metadata.name, uid: uidOf(cron) },
    reason: "TooManyMissedTimes",
    message: "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew",
    type: "Warning",
    lastTimestamp: machine.registry.stamp(),
  });
};

const report = (machine: Machine, cron: KubeObject): void => {
  const jobs = jobsOf(machine, cron);
  const active = jobs
    .filter((job) => !isFinishedJob(job))
    .map((job) => ({
      apiVersion: "batch/v1",
      kind: "Job",
      namespace: job.metadata.namespace,
      name: job.metadata.name,
      uid: uidOf(job),
    }));
  const ended = jobs
    .map((job) => textAt(job, "status", "completionTime"))
    .filter((t) => t !== undefined)
    .sort(byCodeUnit)
    .at(-1);
  const { active: _, ...kept } = fieldsAt(cron, "status");
  machine.registry.setStatus(KEY, cron, {
    ...kept,
    ...(active.length === 0 ? {} : { active }),
    ...(ended === undefined ? {} : { lastSuccessfulTime: ended }),
  });
};

/** Finished Jobs beyond the history limit go, the oldest first. */
const forget = (machine: Machine, cron: KubeObject, jobs: readonly KubeObject[]): void => {
  const limit = numberAt(cron, "spec", "successfulJobsHistoryLimit") ?? 3;
  const done = jobs
    .filter(isFinishedJob)
    .toSorted((a, b) =>
      byCodeUnit(textAt(a, "status", "completionTime") ?? "", textAt(b, "status", "completionTime") ?? ""),
    );
  for (const job of done.slice(0, Math.max(0, done.length - limit)))
    machine.registry.delete(machine.registry.resource(JOBS), job, WHO, { propagation: "Background" });
};
