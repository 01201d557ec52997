/**
 * Everybody else who writes while Repot works: pipelines and developers who deploy at their own moments, operators that keep their
 * annotations. They go through the API as themselves, and admission judges them like anybody.
 */

import type { HttpResponse } from "../../adapters/http.ts";
import { byCodeUnit, type Json, type KubeObject } from "../../domain/kube.ts";
import { builtInKind, collectionPath } from "../../domain/kube-kinds.ts";
import { SIDES, type Side } from "../../domain/phases.ts";
import type { Settings } from "../../domain/settings.ts";
import type { Clock } from "../clock.ts";
import type { Random } from "../random.ts";
import type { Caller, Cluster, Emit } from "./types.ts";

type Pipeline = Settings["pipelines"][number];

export type ActorsOptions = {
  readonly clock: Clock;
  readonly random: Random;
  readonly pipelines: readonly Pipeline[];
  readonly clusters: { readonly [S in Side]: Cluster };
  /** Where pipelines deploy that don't read the switch's `target`. */
  readonly targetOf: () => Side;
  readonly emit: Emit;
};

export type Actors = {
  /** Nobody does anything any more. */
  readonly stop: () => void;
  /** Pipelines as they are: those of the settings, else a few that were made up for the workloads there are. */
  readonly pipelines: readonly Pipeline[];
  /** Lets a pipeline deploy one of its workloads right now. @returns whether it was allowed; undefined where it was paused or has nothing to deploy. */
  readonly deployNow: (name: string) => boolean | undefined;
};

/** The switch that pipelines read before they deploy: a ConfigMap on the source. */
export const PIPELINE_SWITCH = { namespace: "repot-system", name: "repot-pipelines" } as const;

const DAY_MS = 86_400_000;
const WORKS_MS = [180_000, 900_000] as const;
/** What a pipeline may deploy, and where its pods' template is. */
const KINDS = [
  ["apps/v1", "Deployment", ["spec", "template"]],
  ["apps/v1", "StatefulSet", ["spec", "template"]],
  ["apps/v1", "DaemonSet", ["spec", "template"]],
  ["batch/v1", "CronJob", ["spec", "jobTemplate", "spec", "template"]],
] as const;
const OPERATOR_EVERY_MS = 6 * 3_600_000;
/** Workloads that one made-up pipeline deploys. */
const DEPLOYS_MAX = 5;
const MADE_UP = 3;

/** Starts everybody at seed-chosen times. */
export const makeActors = (options: ActorsOptions): Actors => {
  const pipelines = options.pipelines.length > 0 ? options.pipelines : madeUp(options);
  let stopped = false;
  const running = () => !stopped;
  for (const pipeline of pipelines) schedule(options, pipeline, running);
  operate(options, running);
  return {
    pipelines,
    stop: () => {
      stopped = true;
    },
    deployNow: (name) => {
      const pipeline = pipelines.find((p) => p.name === name);
      if (!pipeline || readSwitch(options).paused) return undefined;
      return deploy(options, pipeline, options.random.fork(`now ${name} ${options.clock.now()}`));
    },
  };
};

/** A pipeline for each of the first namespaces that have workloads: as their own users, a few deploys a day. */
const madeUp = ({ clusters }: ActorsOptions): readonly Pipeline[] => {
  const byNamespace = new Map<string, string[]>();
  for (const object of clusters.source.all()) {
    if (object.kind !== "Deployment" || object.apiVersion !== "apps/v1") continue;
    const namespace = object.metadata.namespace ?? "default";
    if (namespace === "kube-system" || namespace === PIPELINE_SWITCH.namespace) continue;
    byNamespace.set(namespace, [
      ...(byNamespace.get(namespace) ?? []),
      `${namespace}/${object.metadata.name}`,
    ]);
  }
  return [...byNamespace]
    .sort(([a], [b]) => byCodeUnit(a, b))
    .slice(0, MADE_UP)
    .map(([namespace, workloads]) => ({
      name: `pipeline-${namespace}`,
      user: `ci-${namespace}`,
      groups: ["ci"],
      deploys: workloads.sort(byCodeUnit).slice(0, DEPLOYS_MAX),
      deploysPerDay: 4,
    }));
};

/** Deploys come like rain: the wait to the next one is exponential. */
const schedule = (options: ActorsOptions, pipeline: Pipeline, running: () => boolean): void => {
  if (pipeline.deploysPerDay <= 0 || pipeline.deploys.length === 0) return;
  const chance = options.random.fork(`pipeline ${pipeline.name}`);
  const next = (): void => {
    const wait = (-Math.log(1 - chance.next()) * DAY_MS) / pipeline.deploysPerDay;
    options.clock.after(Math.max(1_000, Math.round(wait)), () => {
      if (!running()) return;
      // The switch is read when a run begins; it builds and tests for some minutes before it deploys, whatever was switched meanwhile.
      const { paused } = readSwitch(options);
      const worksMs = Math.round(chance.between(...WORKS_MS));
      if (!paused) options.clock.after(worksMs, () => running() && deploy(options, pipeline, chance));
      next();
    });
  };
  next();
};

/** Runs of paused pipelines don't begin; the others deploy where the switch says, else where they always did. */
const readSwitch = ({
  clusters,
  targetOf,
}: ActorsOptions): { readonly paused: boolean; readonly side: Side } => {
  const ref = { apiVersion: "v1", kind: "ConfigMap", ...PIPELINE_SWITCH };
  const data = (clusters.source.get(ref) ?? clusters.target.get(ref))?.["data"] as
    | { readonly [key: string]: string }
    | undefined;
  const target = data?.["target"];
  return {
    paused: data?.["paused"] === "true",
    side: target === "source" || target === "target" ? target : targetOf(),
  };
};

const deploy = (options: ActorsOptions, pipeline: Pipeline, chance: Random): boolean | undefined => {
  const workload = chance.pick(pipeline.deploys);
  const restart = chance.next() < 0.5;
  const release = chance.id().slice(0, 7);
  const { side } = readSwitch(options);
  const found = workloadOf(options.clusters[side], workload);
  if (!found) return undefined;
  const caller = callerOf(`developer:${pipeline.name}`, pipeline.user, pipeline.groups);
  const stamp = `${new Date(options.clock.now()).toISOString().slice(0, 19)}Z`;
  const [key, value] = restart
    ? ["kubectl.kubernetes.io/restartedAt", stamp]
    : ["deploy.example.com/release", release];
  const path = [...found.template, "metadata", "annotations", key];
  const patch = path.reduceRight<Json>((inner, part) => ({ [part]: inner }), value);
  return write(options, caller, side, found.object, path, value, patch);
};

type Deployed = { readonly object: KubeObject; readonly template: readonly string[] };

const workloadOf = (cluster: Cluster, workload: string): Deployed | undefined => {
  const slash = workload.indexOf("/");
  const [namespace, name] = [workload.slice(0, slash), workload.slice(slash + 1)];
  for (const [apiVersion, kind, template] of KINDS) {
    const object = cluster.get({ apiVersion, kind, namespace, name });
    if (object) return { object, template };
  }
  return undefined;
};

const callerOf = (name: string, user: string, groups: readonly string[]): Caller => ({
  name,
  kind: "actor",
  user,
  groups: [...groups, "system:authenticated"],
  mayKubernetes: () => true,
});

/** One merge patch through the API; the record says who changed what, and whether it was let through. */
const write = (
  { clusters, emit }: ActorsOptions,
  caller: Caller,
  side: Side,
  object: KubeObject,
  path: readonly string[],
  after: string,
  patch: Json,
): boolean => {
  const kind = builtInKind(object.apiVersion, object.kind);
  const cluster = clusters[side];
  if (!kind || !cluster.exists()) return false;
  const { namespace, name } = object.metadata;
  const response: HttpResponse = cluster.api(
    {
      method: "PATCH",
      url: `https://${side}${collectionPath(kind, namespace)}/${name}?fieldManager=${encodeURIComponent(caller.name)}`,
      headers: { "content-type": "application/merge-patch+json", "user-agent": caller.name },
      body: JSON.stringify(patch),
    },
    caller,
  );
  const allowed = response.status < 300;
  emit({
    type: "actor",
    who: caller.name,
    cluster: side,
    object: `${object.kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`,
    field: path.join("."),
    before: textIn(object, path),
    after,
    allowed,
  });
  return allowed;
};

/** The text at a path, empty where there is none. */
const textIn = (object: unknown, path: readonly string[]): string => {
  let here = object;
  for (const key of path)
    here =
      typeof here === "object" && here !== null
        ? (here as Readonly<Record<string, unknown>>)[key]
        : undefined;
  return typeof here === "string" ? here : "";
};

/**
 * An operator that notes in an annotation of a Service when it last looked: objects that aren't workloads change meanwhile, frozen or not.
 * Wherever the Service is, its operator is too, so that both sides get the same note.
 */
const operate = (options: ActorsOptions, running: () => boolean): void => {
  const { clock, random, clusters } = options;
  const chance = random.fork("operator");
  const services = clusters.source
    .all()
    .filter(
      (o) =>
        o.kind === "Service" && o.metadata.namespace !== "kube-system" && o.metadata.name !== "kubernetes",
    );
  if (services.length === 0) return;
  const chosen = chance.pick(services);
  const ref = {
    apiVersion: "v1",
    kind: "Service",
    namespace: chosen.metadata.namespace ?? "",
    name: chosen.metadata.name,
  };
  const caller = callerOf("operator", "system:serviceaccount:operators:service-operator", [
    "system:serviceaccounts",
  ]);
  const key = "operator.example.com/checked-at";
  const round = (): void => {
    clock.after(OPERATOR_EVERY_MS + chance.whole(0, 60_000), () => {
      if (!running()) return;
      const stamp = `${new Date(clock.now()).toISOString().slice(0, 19)}Z`;
      const patch = { metadata: { annotations: { [key]: stamp } } };
      for (const side of SIDES) {
        const object = clusters[side].get(ref);
        if (object) write(options, caller, side, object, ["metadata", "annotations", key], stamp, patch);
      }
      round();
    });
  };
  round();
};
