/** The graphs of both stages, and what tests ask of them. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Graph, Resource } from "./evaluate.ts";
import { ROOT } from "./setup.ts";

export type { Graph, Resource } from "./evaluate.ts";

/** Written by global-setup.ts, one after the other: they share the folder that SST builds in. */
export const graphOf = (stage: string): Graph =>
  JSON.parse(readFileSync(join(ROOT, ".sst/graphs", `${stage}.json`), "utf8")) as Graph;

export const ofType = ({ resources }: Graph, type: string): readonly Resource[] =>
  resources.filter((r) => r.type === type);

export const textOf = (resource: Resource | undefined, field: string): string =>
  String(resource?.inputs[field] ?? "");

export const jsonOf = (resource: Resource | undefined, field: string): never =>
  JSON.parse(textOf(resource, field)) as never;

export type Statement = {
  readonly Sid: string;
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
};

export const list = (value: string | readonly string[]): readonly string[] =>
  typeof value === "string" ? [value] : value;

/** Every policy that is attached to a role, with the role's name. */
export const policiesOf = (
  graph: Graph,
): readonly { readonly role: string; readonly statements: readonly Statement[] }[] =>
  ofType(graph, "aws:iam/rolePolicy:RolePolicy").map((policy) => ({
    role: textOf(policy, "role"),
    statements: (jsonOf(policy, "policy") as { readonly Statement: readonly Statement[] }).Statement,
  }));
