/** What a lost node does to its pods: they are dead at once, and replaced once the cluster has noticed and given up on them. */

import { controllerWho, type Machine } from "./machine.ts";
import type { Nodes } from "./nodes.ts";
import type { Pods } from "./pods.ts";

const WHO = controllerWho("pod-garbage-collector");
/** The cloud says that the instance is gone; pods of a deleted node are collected after this. */
const NOTICED_MS = 40_000;

export const loseNode = (machine: Machine, nodes: Nodes, pods: Pods, name: string): void => {
  const { clock, store, registry } = machine;
  const lost = nodes.lose(name);
  for (const uid of lost) {
    const pod = pods.get(uid);
    if (pod) pods.kill(pod);
  }
  clock.after(NOTICED_MS, () => {
    for (const uid of lost) {
      const object = store.byUid(uid)?.object;
      if (object) registry.delete(registry.resource("pods"), object, WHO, { graceSeconds: 0 });
    }
  });
};
