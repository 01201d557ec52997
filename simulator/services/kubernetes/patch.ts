/** PATCH in its four kinds: JSON patch, merge patch, strategic merge patch, server-side apply. */

import type { HttpRequest } from "../../../adapters/http.ts";
import type { KubeObject } from "../../../domain/kube.ts";
import { isFields, textAt, withMetadata } from "../../world/cluster/fields.ts";
import type { Registry, Who } from "../../world/cluster/registry.ts";
import { readScale, writeScale } from "../../world/cluster/scale.ts";
import { ApiError, badRequest, conflict, notFound } from "../../world/cluster/status.ts";
import { applied } from "./apply.ts";
import { found, jsonBody, objectBody } from "./bodies.ts";
import { applyJsonPatch, applyMergePatch } from "./json-patch.ts";
import { trackUpdate } from "./managed-fields.ts";
import { dryRunOf, type ObjectRequest } from "./request.ts";
import { applyStrategicMerge } from "./strategic-merge.ts";
import { unknownFields } from "./unknown-fields.ts";
import { served } from "./versions.ts";

const APPLY = "application/apply-patch+yaml";
const KINDS: Readonly<Record<string, (document: unknown, patch: unknown) => unknown>> = {
  "application/json-patch+json": applyJsonPatch,
  "application/merge-patch+json": applyMergePatch,
  "application/strategic-merge-patch+json": applyStrategicMerge,
};

export type Patched = { readonly object: KubeObject; readonly created: boolean };

/** @param mayCreate Throws 403 where the caller may patch but not create: an apply of a missing object creates it. */
export const patched = (
  registry: Registry,
  asked: ObjectRequest,
  request: HttpRequest,
  who: Who,
  mayCreate: () => void,
): Patched => {
  const type = (request.headers["content-type"] ?? "").split(";")[0]?.trim() ?? "";
  if (type === APPLY) return apply(registry, asked, request, who, mayCreate);
  const kind = KINDS[type];
  if (!kind || (asked.resource.custom && kind === applyStrategicMerge))
    throw new ApiError(
      415,
      "UnsupportedMediaType",
      `the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml`,
    );
  if (asked.query.get("force") !== null)
    throw badRequest(
      'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch',
    );
  const object = patchOnto(registry, asked, kind, jsonBody(request), who);
  return { object, created: false };
};

const patchOnto = (
  registry: Registry,
  asked: ObjectRequest,
  kind: (document: unknown, patch: unknown) => unknown,
  patch: unknown,
  who: Who,
): KubeObject => {
  const { resource, subresource } = asked;
  const before = found(registry, asked);
  const options = {
    dryRun: dryRunOf(asked.query),
    subresource,
    track: trackUpdate(registry, resource, who, subresource),
  };
  if (subresource === "scale") {
    const scaled = writeScale(resource, before, kind(readScale(before), patch));
    return registry.update(resource, before, scaled, who, options);
  }
  const after = kind(served(resource, before), patch);
  if (!isFields(after) || !isFields(after.metadata)) throw badRequest("the patch leaves no object");
  const next = after as KubeObject;
  if (next.metadata.name !== before.metadata.name || next.metadata.namespace !== before.metadata.namespace)
    throw badRequest(
      `the name of the object (${String(next.metadata.name)} based on URL) was undeterminable: metadata.name and metadata.namespace may not change`,
    );
  return registry.update(resource, before, next, who, options);
};

const apply = (
  registry: Registry,
  asked: ObjectRequest,
  request: HttpRequest,
  who: Who,
  mayCreate: () => void,
): Patched => {
  const { resource } = asked;
  if (asked.subresource !== "") throw badRequest("server-side apply of a subresource isn't simulated");
  if (!asked.query.get("fieldManager"))
    throw badRequest(
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    );
  const config = objectBody(asked, request);
  if (config.metadata.managedFields !== undefined) throw badRequest("metadata.managedFields must be nil");
  const unknown = unknownFields(resource, config);
  if (unknown !== undefined)
    throw new ApiError(
      500,
      "",
      `failed to create typed patch object (${asked.namespace ?? ""}/${asked.name}; ${config.apiVersion}, Kind=${config.kind}): ${unknown}: field not declared in schema`,
    );
  const live = registry.store.get(resource.key, asked.namespace ?? "", asked.name);
  const dryRun = dryRunOf(asked.query);
  const uid = textAt(config, "metadata", "uid");
  if (!live && uid !== undefined)
    throw conflict(
      resource,
      asked.name,
      `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
    );
  const force = asked.query.get("force") === "true";
  const shown = live ? served(resource, live) : undefined;
  const { object, managedFields } = applied(registry, resource, shown, bare(config), who, force);
  const track = () => managedFields;
  if (live)
    return { object: registry.update(resource, live, object, who, { dryRun, track }), created: false };
  mayCreate();
  const namespace = asked.namespace;
  if (namespace !== undefined && !registry.store.get("namespaces", "", namespace))
    throw notFound({ group: "", resource: "namespaces" }, namespace);
  return { object: registry.create(resource, object, who, { dryRun, track }), created: true };
};

/** A stale resourceVersion in an applied object is a conflict like in an update; the rest of the server's metadata is none of the applier's. */
const bare = (config: KubeObject): KubeObject =>
  withMetadata(config, { creationTimestamp: undefined, generation: undefined });
