/** From an HTTP request to what it asks of the Kubernetes API: verb, resource, namespace, name, subresource, options. */

import type { HttpRequest } from "../../../adapters/http.ts";
import { remembered } from "../../../domain/remembered.ts";
import type { Kinds, Resource } from "../../world/cluster/kinds.ts";
import { badRequest, methodNotAllowed, unknownPath } from "../../world/cluster/status.ts";

export type Verb = "get" | "list" | "create" | "update" | "patch" | "delete" | "deletecollection";

export type ObjectRequest = {
  readonly verb: Verb;
  readonly resource: Resource;
  /** Undefined for cluster-scoped resources and for lists over all namespaces. */
  readonly namespace: string | undefined;
  /** Empty for a collection. */
  readonly name: string;
  readonly subresource: string;
  readonly query: URLSearchParams;
};

/** The URL's path in decoded parts, and its query. */
export const parsePath = (
  url: string,
): { readonly parts: readonly string[]; readonly query: URLSearchParams } => {
  const { parts, search } = placeOf(url);
  return { parts, query: new URLSearchParams(search) };
};

/** Read once for all requests to the same place; the query is everybody's own. */
const placeOf = remembered(10_000, (url): { readonly parts: readonly string[]; readonly search: string } => {
  const { pathname, search } = new URL(url);
  return { parts: pathname.split("/").filter(Boolean).map(decodeURIComponent), search };
});

const VERBS: Readonly<Record<string, Verb>> = { POST: "create", PUT: "update", PATCH: "patch" };

const verbOf = (method: HttpRequest["method"], name: string): Verb => {
  if (method === "GET") return name === "" ? "list" : "get";
  if (method === "DELETE") return name === "" ? "deletecollection" : "delete";
  return VERBS[method] as Verb;
};

/** Splits `[namespaces, ns,] resource[, name[, subresource]]`; `namespaces/x` alone is a namespace itself. */
const locate = (rest: readonly string[]) => {
  const [first, namespace, third] = rest;
  if (first === "namespaces" && third !== undefined && third !== "status" && third !== "finalize") {
    const [, , resource = "", name = "", subresource = "", ...more] = rest;
    return { namespace, resource, name, subresource, more };
  }
  const [resource = "", name = "", subresource = "", ...more] = rest;
  return { namespace: undefined, resource, name, subresource, more };
};

/** @throws ApiError 404 for what isn't served, 405 for a method that the place doesn't take. */
export const parseObjectRequest = (
  method: HttpRequest["method"],
  parts: readonly string[],
  query: URLSearchParams,
  kinds: Kinds,
): ObjectRequest => {
  const core = parts[0] === "api";
  const [group, version] = core ? ["", parts[1] ?? ""] : [parts[1] ?? "", parts[2] ?? ""];
  const { namespace, resource: plural, name, subresource, more } = locate(parts.slice(core ? 2 : 3));
  const resource = kinds.byPath(group, version, plural);
  if (!resource || more.length > 0) throw unknownPath();
  if (namespace !== undefined && !resource.namespaced) throw unknownPath();
  if (subresource !== "" && !resource.subresources.includes(subresource)) throw unknownPath();
  if (query.get("watch") === "true" || query.get("watch") === "1")
    throw badRequest("watch isn't simulated: list instead");
  const verb = verbOf(method, name);
  if (resource.namespaced && namespace === undefined && verb !== "list") {
    if (verb === "create" || verb === "deletecollection") throw methodNotAllowed();
    throw unknownPath();
  }
  if ((verb === "create" && name !== "" && subresource !== "eviction") || (verb === "update" && name === ""))
    throw methodNotAllowed();
  if (verb === "patch" && name === "") throw methodNotAllowed();
  if (verb === "delete" && subresource !== "") throw methodNotAllowed();
  return { verb, resource, namespace, name, subresource, query };
};

/** `dryRun=All` or nothing; another value is refused as the real server does. */
export const dryRunOf = (query: URLSearchParams, body?: readonly unknown[]): boolean => {
  const values = [...query.getAll("dryRun"), ...(body ?? [])];
  if (values.some((v) => v !== "All"))
    throw badRequest(`dryRun: Unsupported value: ${JSON.stringify(values)}: supported values: "All"`);
  return values.length > 0;
};
