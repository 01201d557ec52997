/** What steps ask of a queue and of the pods that work on it. */

import { seeRabbitQueue } from "../adapters/rabbitmq.ts";
import { seeSqsQueue } from "../adapters/sqs.ts";
import { addressOf, isGoing } from "../domain/conditions.ts";
import type { KubeObject } from "../domain/kube.ts";
import type { Side } from "../domain/phases.ts";
import type { Queue } from "../domain/settings/messaging.ts";
import type { QueueSeen, WorkerPod, Workers } from "../domain/workers.ts";
import { type Item, kubernetesOf } from "./run.ts";
import type { Context, Needs } from "./step.ts";
import { podsOf, readySecondsOf, refOfItem, statusOf } from "./workload.ts";

/** What looking at a queue takes, whatever its kind. */
export const QUEUE_NEEDS = {
  rabbitmq: ["read"],
  sqs: ["GetQueueAttributes", "GetQueueUrl"],
} as const satisfies Needs;

/** One queue as its broker sees it; "missing" where it gives no figures. */
export const seeQueue = (
  context: Context,
  queue: Queue,
  options: { readonly holders?: boolean } = {},
): Promise<QueueSeen | "missing"> =>
  queue.kind === "sqs" ? seeSqsQueue(context.aws.sqs, queue) : seeRabbitQueue(context.http, queue, options);

/** The pods of one side that work on a queue, and how many it wants. None where the workload isn't there. */
export const workersOf = async (
  context: Context,
  item: Pick<Item, "apiVersion" | "namespace" | "name"> & { readonly kind: string },
  side: Side,
): Promise<Workers> => {
  const cluster = kubernetesOf(context, side);
  const workload = await cluster.find(refOfItem(item));
  if (!workload) return { side, wanted: 0, pods: [] };
  const pods = await podsOf(cluster, workload);
  return { side, wanted: statusOf(workload).wanted, pods: pods.map((pod) => workerOf(pod, context.now())) };
};

const workerOf = (pod: KubeObject, now: Date): WorkerPod => {
  const readySeconds = readySecondsOf(pod, now);
  const deadline = Date.parse(String(pod.metadata["deletionTimestamp"] ?? ""));
  return {
    name: pod.metadata.name,
    address: addressOf(pod),
    ready: readySeconds !== undefined,
    readySeconds: readySeconds ?? 0,
    overdueSeconds: overdueOf(pod, deadline, now),
  };
};

/** The API server sets deletionTimestamp to the moment by which the grace period is over (API conventions, metadata). */
const overdueOf = (pod: KubeObject, deadline: number, now: Date): number | undefined => {
  if (!isGoing(pod)) return undefined;
  return Number.isFinite(deadline) ? (now.getTime() - deadline) / 1000 : 0;
};
