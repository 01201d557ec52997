/** The parts of a pod's status that the kubelet writes. */

import type { KubeObject } from "../../../domain/kube.ts";
import { listAt, textAt } from "./fields.ts";
import type { Machine } from "./machine.ts";

export const condition = (type: string, status: boolean, machine: Machine) => ({
  type,
  status: status ? "True" : "False",
  lastTransitionTime: machine.registry.stamp(),
});

/** How often its containers have died, and when they did last. */
export type Deaths = { readonly restarts: number; readonly at: string };

export const containerStates = (object: KubeObject, ready: boolean, state: unknown, deaths?: Deaths) =>
  listAt(object, "spec", "containers").map((c) => ({
    name: textAt(c, "name") ?? "",
    image: textAt(c, "image") ?? "",
    ready,
    started: ready,
    restartCount: deaths?.restarts ?? 0,
    state,
    ...(deaths ? { lastState: { terminated: { exitCode: 1, reason: "Error", finishedAt: deaths.at } } } : {}),
  }));
