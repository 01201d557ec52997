/** Controllers that deploy from a repository by themselves: how each is paused, as one field. */

import type { FieldChange } from "./autoscalers.ts";
import { canonicalLine } from "./canonical.ts";
import type { Json, KubeObject } from "./kube.ts";
import { at, groupOf } from "./pods.ts";

type Pausable = {
  readonly group: string;
  readonly kind: string;
  readonly resource: string;
  readonly path: readonly string[];
  readonly paused: Json;
};

/** Argo CD syncs by itself only where `automated` is set; Flux has a switch of its own. */
export const PAUSABLE: readonly Pausable[] = [
  {
    group: "argoproj.io",
    kind: "Application",
    resource: "applications.argoproj.io",
    path: ["spec", "syncPolicy", "automated"],
    paused: null,
  },
  {
    group: "helm.toolkit.fluxcd.io",
    kind: "HelmRelease",
    resource: "helmreleases.helm.toolkit.fluxcd.io",
    path: ["spec", "suspend"],
    paused: true,
  },
  {
    group: "kustomize.toolkit.fluxcd.io",
    kind: "Kustomization",
    resource: "kustomizations.kustomize.toolkit.fluxcd.io",
    path: ["spec", "suspend"],
    paused: true,
  },
];

const pausableOf = (object: KubeObject): Pausable | undefined =>
  PAUSABLE.find((p) => p.kind === object.kind && p.group === groupOf(object.apiVersion));

/** What pauses an object that deploys; undefined where it is none, or paused already. */
export const pauseOf = (object: KubeObject): FieldChange | undefined => {
  const pausable = pausableOf(object);
  if (!pausable) return undefined;
  const before = (at(object, ...pausable.path) ?? null) as Json;
  return canonicalLine(before) === canonicalLine(pausable.paused)
    ? undefined
    : { path: pausable.path, before, after: pausable.paused };
};

/** What lets it go on as it was: from its state now to that of before the pause. */
export const resumeOf = (now: KubeObject, own: KubeObject): FieldChange | undefined => {
  const pausable = pausableOf(own);
  if (!pausable) return undefined;
  const before = (at(now, ...pausable.path) ?? null) as Json;
  const after = (at(own, ...pausable.path) ?? null) as Json;
  return canonicalLine(before) === canonicalLine(after) ? undefined : { path: pausable.path, before, after };
};
