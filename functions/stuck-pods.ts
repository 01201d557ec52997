/** Pods that should have been gone and hang in Terminating: what a person is told about them, with the command that removes them. */

import { PodStuck } from "../domain/errors.ts";
import { BREAK_GLASS_GROUP } from "../domain/freeze-policy.ts";
import type { KubeObject } from "../domain/kube.ts";
import type { Side } from "../domain/phases.ts";

/** Beyond its grace period a pod is not late but stuck. */
const OVERDUE_SECONDS = 60;

/** The API server sets deletionTimestamp to the moment by which the grace period is over (API conventions, metadata). */
const isStuck = ({ metadata }: KubeObject, now: Date): boolean =>
  now.getTime() - Date.parse(String(metadata["deletionTimestamp"] ?? "")) > OVERDUE_SECONDS * 1000;

/** @throws PodStuck where one of the pods won't go by itself: only who looks at its node knows whether the process is gone, so a person removes it. */
export const notStuck = (pods: readonly KubeObject[], side: Side, now: Date): void => {
  const names = pods.filter((pod) => isStuck(pod, now)).map((pod) => pod.metadata.name);
  if (names.length === 0) return;
  const namespace = pods[0]?.metadata.namespace ?? "default";
  throw new PodStuck(
    `The rollback waits for ${names.join(", ")} of ${namespace} on the ${side}: deleted, and hangs in Terminating. Nothing is lost meanwhile. See on the node that the process is gone, then run, as a member of ${BREAK_GLASS_GROUP}: kubectl --context ${side} -n ${namespace} delete pod ${names.join(" ")} --grace-period=0 --force. The rollback then goes on by itself; it waits for twelve hours.`,
  );
};
