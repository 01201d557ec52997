/** What a lost node does to its pods: they are dead at once, not ready once the node controller has noticed, and replaced once the node is gone. */

import { fieldsAt, listAt } from "./fields.ts";
import { controllerWho, type Machine } from "./machine.ts";
import type { Nodes } from "./nodes.ts";
import type { Pods } from "./pods.ts";

const WHO = controllerWho("pod-garbage-collector");
/** No report of the kubelet for so long, and its node is not ready (node-monitor-grace-period). */
const NOTICED_MS = 40_000;
/** The cloud says that there is no such instance; its node is deleted, and the pods on it are collected. */
const GONE_MS = 100_000;

export const loseNode = (machine: Machine, nodes: Nodes, pods: Pods, name: string): void => {
  const { clock, store, registry } = machine;
  const lost = nodes.lose(name);
  for (const uid of lost) {
    const pod = pods.get(uid);
    if (pod) pods.kill(pod);
  }
  clock.after(NOTICED_MS, () => {
    nodes.silence(name);
    for (const uid of lost) {
      const object = store.byUid(uid)?.object;
      if (!object) continue;
      const conditions = listAt(object, "status", "conditions").map((c) =>
        c["type"] === "Ready"
          ? { ...c, status: "False", reason: "NodeNotReady", lastTransitionTime: registry.stamp() }
          : c,
      );
      registry.setStatus("pods", object, { ...fieldsAt(object, "status"), conditions });
    }
  });
  clock.after(GONE_MS, () => {
    nodes.forget(name);
    for (const uid of lost) {
      const object = store.byUid(uid)?.object;
      if (object) registry.delete(registry.resource("pods"), object, WHO, { graceSeconds: 0 });
    }
  });
};
