/** What an API server says of itself: its version, its groups, and the resources of each. */

import { byCodeUnit } from "../../../domain/kube.ts";
import { apiVersionOf } from "../../../domain/kube-kinds.ts";
import type { Kinds, Resource } from "../../world/cluster/kinds.ts";

const VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update"];

/** The answer to a discovery path; undefined where the path names objects. */
export const discover = (kinds: Kinds, path: readonly string[]): unknown => {
  const [root, first, second] = path;
  if (path.length === 1 && (root === "healthz" || root === "readyz" || root === "livez")) return "ok";
  if (path.length === 1 && root === "version") return version(kinds);
  if (root === "api" && path.length === 1)
    return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] };
  if (root === "api" && path.length === 2) return resources(kinds, "", first ?? "");
  if (root === "apis" && path.length === 1)
    return { kind: "APIGroupList", apiVersion: "v1", groups: groupNames(kinds).map((g) => group(kinds, g)) };
  if (root === "apis" && path.length === 2 && groupNames(kinds).includes(first ?? ""))
    return { ...group(kinds, first ?? ""), kind: "APIGroup", apiVersion: "v1" };
  if (root === "apis" && path.length === 3) return resources(kinds, first ?? "", second ?? "");
  return undefined;
};

const version = (kinds: Kinds) => ({
  major: "1",
  minor: String(kinds.minor),
  gitVersion: `v1.${kinds.minor}.0`,
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "2025-01-01T00:00:00Z",
  goVersion: "go1.24",
  compiler: "gc",
  platform: "linux/amd64",
});

const groupNames = (kinds: Kinds): readonly string[] =>
  [...new Set(kinds.all().map((k) => k.group))].filter((g) => g !== "").sort(byCodeUnit);

const group = (kinds: Kinds, name: string) => {
  const of = kinds.all().filter((k) => k.group === name);
  const versions = [...new Set(of.map((k) => k.version))].sort(byPriority);
  const entries = versions.map((v) => ({ groupVersion: `${name}/${v}`, version: v }));
  return { name, versions: entries, preferredVersion: entries[0] };
};

/** Newest stable first: v2, v1, v1beta1, v1alpha1. */
const byPriority = (a: string, b: string): number => rank(b) - rank(a) || byCodeUnit(a, b);
const rank = (version: string): number => {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  if (!match) return 0;
  const stage = match[2] === undefined ? 3 : match[2] === "beta" ? 2 : 1;
  return stage * 1e6 + Number(match[1]) * 1e3 + Number(match[3] ?? 0);
};

const resources = (kinds: Kinds, groupName: string, versionName: string): unknown => {
  const of = kinds.all().filter((k) => k.group === groupName && k.version === versionName);
  if (of.length === 0) return undefined;
  const groupVersion = apiVersionOf({ group: groupName, version: versionName });
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources: of.flatMap(entries) };
};

const entries = (resource: Resource) => [
  {
    name: resource.resource,
    singularName: resource.kind.toLowerCase(),
    namespaced: resource.namespaced,
    kind: resource.kind,
    verbs: VERBS,
    ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
  },
  ...resource.subresources.map((name) => subresource(resource, name)),
];

const subresource = (resource: Resource, name: string) => {
  const own =
    name === "scale"
      ? { group: "autoscaling", version: "v1", kind: "Scale" }
      : name === "eviction"
        ? { group: "policy", version: "v1", kind: "Eviction" }
        : { kind: resource.kind };
  return {
    name: `${resource.resource}/${name}`,
    singularName: "",
    namespaced: resource.namespaced,
    ...own,
    verbs: name === "eviction" ? ["create"] : ["get", "patch", "update"],
  };
};
