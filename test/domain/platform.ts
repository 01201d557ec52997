/** Small platforms for the tests of the plan: manifests as people write them, without what a test isn't about. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readManifests } from "../../domain/intake.ts";
import type { KubeObject } from "../../domain/kube.ts";
import type { Plan, Workload } from "../../domain/plan.ts";
import { buildPlan } from "../../domain/planning/build.ts";
import type { Decisions } from "../../domain/planning/decisions.ts";
import { readSettings } from "../../domain/settings.ts";

type Parts = {
  readonly kind?: string;
  readonly namespace?: string;
  readonly image?: string;
  readonly replicas?: number;
  /** Lines of the container, already YAML. */
  readonly container?: string;
  /** Lines of the pod's spec. */
  readonly pod?: string;
  /** Lines of the object's spec. */
  readonly spec?: string;
  readonly annotations?: string;
  /** Port of a Service in front of it. */
  readonly service?: number;
};

const indent = (text: string, by: number): string =>
  text
    .split("\n")
    .map((line) => `${" ".repeat(by)}${line}`)
    .join("\n");

const lines = (text: string | undefined, by: number): string =>
  text === undefined ? "" : `${indent(text, by)}\n`;

/** A workload's manifest, and its Service where it has one. */
export const workload = (name: string, parts: Parts = {}): string => {
  const { kind = "Deployment", namespace = "shop", image = "registry.example/own:1", replicas } = parts;
  const own = `apiVersion: apps/v1
kind: ${kind}
metadata:
  name: ${name}
  namespace: ${namespace}
${lines(parts.annotations === undefined ? undefined : `annotations: {${parts.annotations}}`, 2)}spec:
${replicas === undefined ? "" : `  replicas: ${replicas}\n`}${lines(parts.spec, 2)}  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
${lines(parts.pod, 6)}      containers:
        - name: main
          image: ${image}
${lines(parts.container, 10)}`;
  return parts.service === undefined ? own : `${own}---\n${service(name, parts.service, namespace)}`;
};

export const service = (name: string, port: number, namespace = "shop", more = ""): string => `apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: ${namespace}}
spec:
  selector: {app: ${name}}
  ports: [{port: ${port}}]
${lines(more === "" ? undefined : more, 2)}`;

export const env = (name: string, value: string): string => `env: [{name: ${name}, value: "${value}"}]`;

export const objectsOf = (...manifests: readonly string[]): readonly KubeObject[] =>
  readManifests(manifests.join("---\n"), "platform.yaml");

export const planOf = (manifests: readonly string[], settings?: string, decisions?: Decisions): Plan =>
  buildPlan(
    objectsOf(...manifests),
    settings === undefined ? undefined : readSettings(settings, "repot.yaml"),
    decisions,
  );

export const only = (plan: Plan, name: string): Workload => {
  const found = plan.workloads.find((w) => w.name === name);
  if (!found) throw new Error(`The plan has no workload ${name}.`);
  return found;
};

/** The published platforms are inputs beside the repository; tests that need them are skipped where they aren't there. */
export const INPUTS = join(import.meta.dirname, "../../../shared/inputs");
export const hasInputs = existsSync(join(INPUTS, "online-boutique.yaml"));
export const published = (name: "online-boutique" | "opentelemetry-demo"): string =>
  readFileSync(join(INPUTS, `${name}.yaml`), "utf8");
