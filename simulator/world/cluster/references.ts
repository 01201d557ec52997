/** What a pod needs to be there before its containers can start: ConfigMaps, Secrets and claims that it names. */

import type { KubeObject } from "../../../domain/kube.ts";
import { at, type Fields, listAt, namespaceOf, textAt } from "./fields.ts";
import type { Store } from "./store.ts";

export type Reference = {
  readonly kind: "ConfigMap" | "Secret" | "PersistentVolumeClaim";
  readonly name: string;
};

const reference = (kind: Reference["kind"], from: unknown, field = "name"): readonly Reference[] => {
  const name = textAt(from, field);
  return name === undefined || at(from, "optional") === true ? [] : [{ kind, name }];
};

const ofVolume = (volume: Fields): readonly Reference[] => [
  ...reference("ConfigMap", volume["configMap"]),
  ...(at(volume, "secret", "optional") === true ? [] : reference("Secret", volume["secret"], "secretName")),
  ...reference("PersistentVolumeClaim", volume["persistentVolumeClaim"], "claimName"),
  ...listAt(volume, "projected", "sources").flatMap((source) => [
    ...reference("ConfigMap", source["configMap"]),
    ...reference("Secret", source["secret"]),
  ]),
];

const ofContainer = (container: Fields): readonly Reference[] => [
  ...listAt(container, "envFrom").flatMap((from) => [
    ...reference("ConfigMap", from["configMapRef"]),
    ...reference("Secret", from["secretRef"]),
  ]),
  ...listAt(container, "env").flatMap((env) => [
    ...reference("ConfigMap", at(env, "valueFrom", "configMapKeyRef")),
    ...reference("Secret", at(env, "valueFrom", "secretKeyRef")),
  ]),
];

/** Everything that a pod spec names and can't start without. */
export const referencesOf = (spec: unknown): readonly Reference[] => [
  ...listAt(spec, "volumes").flatMap(ofVolume),
  ...["initContainers", "containers"].flatMap((list) => listAt(spec, list).flatMap(ofContainer)),
];

const TABLES = {
  ConfigMap: "configmaps",
  Secret: "secrets",
  PersistentVolumeClaim: "persistentvolumeclaims",
} as const;

/** What keeps a pod from starting, as the kubelet words it; undefined where everything is there. */
export const missingReferences = (store: Store, pod: KubeObject): string | undefined => {
  for (const { kind, name } of referencesOf(pod["spec"])) {
    const found = store.get(TABLES[kind], namespaceOf(pod), name);
    if (!found) return `${TABLES[kind].slice(0, -1)} "${name}" not found`;
    if (kind === "PersistentVolumeClaim" && at(found, "status", "phase") !== "Bound")
      return `pod has unbound PersistentVolumeClaim "${name}"`;
  }
  return undefined;
};
