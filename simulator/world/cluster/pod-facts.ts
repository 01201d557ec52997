/** What a pod's object says about how it runs. */

import type { KubeObject } from "../../../domain/kube.ts";
import type { Side } from "../../../domain/phases.ts";
import { at, controllerOf, listAt, pathOf, textAt } from "./fields.ts";
import type { Machine } from "./machine.ts";
import { imagesOf } from "./timing.ts";

/** Pods of both clusters are in one VPC, so their addresses differ: 10.0.0.0/11 is the source's, 10.32.0.0/11 the target's. */
export const addressOf = (side: Side, n: number): string =>
  `10.${(side === "source" ? 0 : 32) + ((n >> 16) & 31)}.${(n >> 8) & 255}.${n & 255}`;

/** A pod that runs to an end rather than for ever. */
export const isOneShot = (object: KubeObject): boolean => at(object, "spec", "restartPolicy") !== "Always";

/** Readiness gates are open once their condition is True; the load-balancer controller's own open by themselves here. */
export const gatesOpen = (object: KubeObject): boolean =>
  listAt(object, "spec", "readinessGates").every((gate) => {
    const type = textAt(gate, "conditionType") ?? "";
    if (type.startsWith("target-health.")) return true;
    return listAt(object, "status", "conditions").some((c) => c["type"] === type && c["status"] === "True");
  });

/** What a pod's image is made for: as its spec says, else as the image's name says, else Linux. */
export const osOf = (object: KubeObject): string =>
  textAt(object, "spec", "os", "name") ??
  textAt(object, "spec", "nodeSelector", "kubernetes.io/os") ??
  (imagesOf(object).some((image) => /windowsservercore|nanoserver|windows\/server/.test(image))
    ? "windows"
    : "linux");

/** `namespace/name` of what owns a pod at the top. */
export const workloadOf = (machine: Machine, object: KubeObject): string => {
  let here = object;
  for (let depth = 0; depth < 5; depth += 1) {
    const owner = controllerOf(here);
    const found = owner ? machine.store.byUid(owner.uid)?.object : undefined;
    if (!found) break;
    here = found;
  }
  return pathOf(here);
};
