/** How the lists and maps of built-in kinds merge: by key, as a set, or as one value. Source: the patch strategies in the Kubernetes API reference. */

import { canonical, type Fields } from "../../world/cluster/fields.ts";

/** Lists of objects that merge item by item, with the fields that tell items apart. */
const KEYED: Readonly<Record<string, readonly string[]>> = {
  containers: ["name"],
  initContainers: ["name"],
  ephemeralContainers: ["name"],
  volumes: ["name"],
  env: ["name"],
  volumeMounts: ["mountPath"],
  volumeDevices: ["devicePath"],
  imagePullSecrets: ["name"],
  hostAliases: ["ip"],
  conditions: ["type"],
  ownerReferences: ["uid"],
  topologySpreadConstraints: ["topologyKey", "whenUnsatisfiable"],
  webhooks: ["name"],
};
/** Fields of a container's ports and of a Service's. */
const PORTS: readonly string[][] = [
  ["containerPort", "protocol"],
  ["port", "protocol"],
];
const SETS = new Set(["finalizers"]);
/** Maps that are one value: a selector is replaced whole or not at all. */
const ATOMIC_MAPS = new Set([
  "selector",
  "nodeSelector",
  "labelSelector",
  "namespaceSelector",
  "podSelector",
]);

export type ListKind =
  | { readonly kind: "keyed"; readonly keys: readonly string[] }
  | { readonly kind: "set" }
  | { readonly kind: "atomic" };

/** How the list under this field name merges; `items` tells the two kinds of ports apart. Custom resources' lists are atomic but for metadata's. */
export const listKind = (field: string, items: readonly unknown[], custom: boolean): ListKind => {
  if (SETS.has(field)) return { kind: "set" };
  if (custom && field !== "ownerReferences") return { kind: "atomic" };
  const keys = field === "ports" ? portKeys(items) : KEYED[field];
  return keys ? { kind: "keyed", keys } : { kind: "atomic" };
};

const portKeys = (items: readonly unknown[]): readonly string[] | undefined => {
  const first = items[0] as Fields | undefined;
  return PORTS.find(([key = ""]) => first?.[key] !== undefined);
};

export const isAtomicMap = (field: string, custom: boolean): boolean => !custom && ATOMIC_MAPS.has(field);

/** The identity of an item within its list, as FieldsV1 writes it: `{"name":"app"}`. A protocol that isn't written is TCP. */
export const itemKey = (item: Fields, keys: readonly string[]): string =>
  canonical(
    Object.fromEntries(
      keys
        .map((key) => [key, item[key] ?? (key === "protocol" ? "TCP" : undefined)] as const)
        .filter(([, value]) => value !== undefined),
    ),
  );
