/** The HTTP surface of a simulated API server: who may, which object, which verb; everything else is the registry's. */

import { answerOf, type HttpRequest, type HttpResponse } from "../../../adapters/http.ts";
import type { KubeObject } from "../../../domain/kube.ts";
import type { Side } from "../../../domain/phases.ts";
import { isFields, listAt, textAt } from "../../world/cluster/fields.ts";
import type { Resource } from "../../world/cluster/kinds.ts";
import type { DeleteOptions, Registry, Who } from "../../world/cluster/registry.ts";
import { readScale, writeScale } from "../../world/cluster/scale.ts";
import {
  ApiError,
  badRequest,
  forbidden,
  methodNotAllowed,
  statusBody,
  unknownPath,
} from "../../world/cluster/status.ts";
import type { Caller, HttpService } from "../../world/types.ts";
import { found, jsonBody, objectBody } from "./bodies.ts";
import { discover } from "./discovery.ts";
import { listPage } from "./list.ts";
import { trackUpdate } from "./managed-fields.ts";
import { patched } from "./patch.ts";
import { dryRunOf, type ObjectRequest, parseObjectRequest, parsePath } from "./request.ts";
import { served } from "./versions.ts";
import { onWire } from "./wire.ts";

export type ApiParts = {
  readonly side: Side;
  readonly registry: Registry;
  /** Takes a pod away if the disruption budgets allow it; throws 429 where they don't. */
  readonly evict: (pod: KubeObject, who: Who, options: DeleteOptions) => void;
};

/** What a handler answers with; `isStored` where the body is an object of the store, or a list of such. */
export type Answer = { readonly status: number; readonly body: unknown; readonly isStored?: boolean };

/** @returns the service; whether the cluster exists at all is its owner's business. */
export const makeKubernetesApi =
  (parts: ApiParts): HttpService =>
  (request, caller) => {
    try {
      const { status, body, isStored = false } = answer(parts, request, caller);
      return isStored ? answerOf(status, JSON_TYPE, body) : respond(status, body);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return respond(error.code, statusBody(error), error.code === 429 ? { "retry-after": "1" } : {});
    }
  };

const JSON_TYPE = { "content-type": "application/json" };

const respond = (
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse => ({
  status,
  headers: { ...JSON_TYPE, ...headers },
  body: JSON.stringify(body),
});

const answer = (parts: ApiParts, request: HttpRequest, caller: Caller): Answer => {
  if (caller.user === "") throw new ApiError(401, "Unauthorized", "Unauthorized");
  const { parts: path, query } = parsePath(request.url);
  const discovered = discover(parts.registry.kinds, path);
  if (discovered !== undefined) {
    if (request.method !== "GET") throw methodNotAllowed();
    return { status: 200, body: discovered };
  }
  if (path[0] !== "api" && path[0] !== "apis") throw unknownPath();
  const asked = parseObjectRequest(request.method, path, query, parts.registry.kinds);
  authorize(parts.side, caller, asked);
  if (asked.resource.kind === "Lease") parts.registry.refreshLeases();
  return handle(parts, asked, request, caller);
};

/** How permissions name a resource: `deployments/scale`; custom ones with their group, `restores.velero.io`. */
export const permissionName = (resource: Resource, subresource: string): string =>
  `${resource.custom ? resource.key : resource.resource}${subresource === "" ? "" : `/${subresource}`}`;

const authorize = (side: Side, caller: Caller, asked: ObjectRequest, verb: string = asked.verb): void => {
  const { resource, subresource, namespace, name } = asked;
  if (caller.mayKubernetes(side, verb, permissionName(resource, subresource), namespace)) return;
  const what = `"${resource.resource}${subresource === "" ? "" : `/${subresource}`}"`;
  const where = namespace === undefined ? "at the cluster scope" : `in the namespace "${namespace}"`;
  const why = `User "${caller.user}" cannot ${verb} resource ${what} in API group "${resource.group}" ${where}`;
  throw forbidden(resource, name, why);
};

const handle = (parts: ApiParts, asked: ObjectRequest, request: HttpRequest, caller: Caller): Answer => {
  switch (asked.verb) {
    case "list":
      return { status: 200, body: listPage(parts.registry, asked), isStored: true };
    case "get":
      return { status: 200, body: read(parts, asked), isStored: true };
    case "create":
      return asked.subresource === "eviction"
        ? evict(parts, asked, request, caller)
        : create(parts, asked, request, caller);
    case "update":
      return update(parts, asked, request, caller);
    case "patch": {
      const may = () => authorize(parts.side, caller, asked, "create");
      const { object, created } = patched(parts.registry, asked, request, whoOf(caller, asked, request), may);
      return { status: created ? 201 : 200, body: shown(parts, asked, object), isStored: true };
    }
    case "delete":
      return remove(parts, asked, request, caller);
    case "deletecollection":
      return removeAll(parts, asked, request, caller);
  }
};

/** The writer as managedFields name it: the fieldManager, else the first word of the user agent. */
const whoOf = (caller: Caller, { query }: ObjectRequest, request: HttpRequest): Who => ({
  user: caller.user,
  groups: caller.groups,
  manager:
    query.get("fieldManager") ?? (request.headers["user-agent"] ?? "unknown").split("/")[0] ?? "unknown",
});

/** An object as the asked version and subresource show it. */
const shown = (_parts: ApiParts, asked: ObjectRequest, object: KubeObject): unknown =>
  onWire(asked.subresource === "scale" ? readScale(object) : served(asked.resource, object));

const read = (parts: ApiParts, asked: ObjectRequest): unknown => {
  if (asked.subresource === "eviction") throw methodNotAllowed();
  return shown(parts, asked, found(parts.registry, asked));
};

const create = (parts: ApiParts, asked: ObjectRequest, request: HttpRequest, caller: Caller): Answer => {
  const who = whoOf(caller, asked, request);
  const object = parts.registry.create(asked.resource, objectBody(asked, request), who, {
    dryRun: dryRunOf(asked.query),
    track: trackUpdate(parts.registry, asked.resource, who, ""),
  });
  return { status: 201, body: shown(parts, asked, object), isStored: true };
};

const update = (parts: ApiParts, asked: ObjectRequest, request: HttpRequest, caller: Caller): Answer => {
  const who = whoOf(caller, asked, request);
  const before = found(parts.registry, asked);
  const dryRun = dryRunOf(asked.query);
  if (asked.subresource === "scale") {
    const body = jsonBody(request);
    const after = writeScale(asked.resource, before, body);
    const track = trackUpdate(parts.registry, asked.resource, who, "scale");
    const object = parts.registry.update(asked.resource, before, after, who, {
      dryRun,
      subresource: "scale",
      track,
    });
    return { status: 200, body: shown(parts, asked, object), isStored: true };
  }
  const object = parts.registry.update(asked.resource, before, objectBody(asked, request), who, {
    dryRun,
    subresource: asked.subresource,
    track: trackUpdate(parts.registry, asked.resource, who, asked.subresource),
  });
  return { status: 200, body: shown(parts, asked, object), isStored: true };
};

const deleteOptions = (asked: ObjectRequest, request: HttpRequest): DeleteOptions => {
  const body = request.body ? jsonBody(request) : {};
  const grace =
    asked.query.get("gracePeriodSeconds") ?? (isFields(body) ? body.gracePeriodSeconds : undefined);
  const propagation = asked.query.get("propagationPolicy") ?? textAt(body, "propagationPolicy");
  if (propagation !== undefined && !["Background", "Foreground", "Orphan"].includes(propagation))
    throw badRequest(`propagationPolicy: Unsupported value: "${propagation}"`);
  const uid = textAt(body, "preconditions", "uid");
  const resourceVersion = textAt(body, "preconditions", "resourceVersion");
  const bodyDryRun = isFields(body) && Array.isArray(body.dryRun) ? body.dryRun : [];
  return {
    dryRun: dryRunOf(asked.query, bodyDryRun),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(grace === undefined || grace === null ? {} : { graceSeconds: Number(grace) }),
    ...(propagation === undefined
      ? {}
      : { propagation: propagation as "Background" | "Foreground" | "Orphan" }),
  };
};

const remove = (parts: ApiParts, asked: ObjectRequest, request: HttpRequest, caller: Caller): Answer => {
  const object = found(parts.registry, asked);
  const options = deleteOptions(asked, request);
  const left = parts.registry.delete(asked.resource, object, whoOf(caller, asked, request), options);
  if (left) return { status: 200, body: shown(parts, asked, left), isStored: true };
  const { group, resource } = asked.resource;
  const details = {
    name: asked.name,
    ...(group === "" ? {} : { group }),
    kind: resource,
    uid: object.metadata.uid,
  };
  return {
    status: 200,
    body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details },
  };
};

const removeAll = (parts: ApiParts, asked: ObjectRequest, request: HttpRequest, caller: Caller): Answer => {
  const options = deleteOptions(asked, request);
  asked.query.delete("limit");
  const page = listPage(parts.registry, asked);
  for (const item of listAt(page, "items")) {
    const object = parts.registry.store.get(
      asked.resource.key,
      asked.namespace ?? "",
      textAt(item, "metadata", "name") ?? "",
    );
    if (object) parts.registry.delete(asked.resource, object, whoOf(caller, asked, request), options);
  }
  return { status: 200, body: page, isStored: true };
};

const evict = (parts: ApiParts, asked: ObjectRequest, request: HttpRequest, caller: Caller): Answer => {
  const pod = found(parts.registry, asked);
  const body = jsonBody(request);
  const uid = textAt(body, "deleteOptions", "preconditions", "uid");
  const options = { dryRun: dryRunOf(asked.query), ...(uid === undefined ? {} : { uid }) };
  parts.evict(pod, whoOf(caller, asked, request), options);
  return {
    status: 201,
    body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 },
  };
};
