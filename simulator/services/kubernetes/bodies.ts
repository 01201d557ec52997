/** What a request brings and what it names: its body as JSON or as an object of the right kind, and the stored object. */

import type { HttpRequest } from "../../../adapters/http.ts";
import type { KubeObject } from "../../../domain/kube.ts";
import { isFields } from "../../world/cluster/fields.ts";
import type { Registry } from "../../world/cluster/registry.ts";
import { badRequest, notFound } from "../../world/cluster/status.ts";
import type { ObjectRequest } from "./request.ts";

/** The object that a request names. @throws 404 */
export const found = (registry: Registry, { resource, namespace, name }: ObjectRequest): KubeObject => {
  const object = registry.store.get(resource.key, namespace ?? "", name);
  if (!object) throw notFound(resource, name);
  return object;
};

/** The body as an object. @throws 400 where it is none, or of another kind, name or namespace than the path says. */
export const objectBody = (asked: ObjectRequest, request: HttpRequest): KubeObject => {
  const body = jsonBody(request);
  if (!isFields(body)) throw badRequest("the body of the request was empty or isn't an object");
  const { apiVersion, kind } = body;
  const wanted = `${asked.resource.group === "" ? "" : `${asked.resource.group}/`}${asked.resource.version}`;
  if (apiVersion !== wanted || kind !== asked.resource.kind)
    throw badRequest(
      `the API version in the data (${String(apiVersion)}, kind ${String(kind)}) does not match the expected API version (${wanted}, kind ${asked.resource.kind})`,
    );
  const metadata = isFields(body.metadata) ? body.metadata : {};
  const namespace = metadata.namespace;
  if (asked.namespace !== undefined && namespace !== undefined && namespace !== asked.namespace)
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  const name = metadata.name;
  if (asked.name !== "" && name !== undefined && name !== asked.name)
    throw badRequest(
      `the name of the object (${String(name)}) does not match the name on the URL (${asked.name})`,
    );
  return {
    ...body,
    metadata: {
      ...metadata,
      ...(asked.name === "" ? {} : { name: asked.name }),
      ...(asked.namespace === undefined ? {} : { namespace: asked.namespace }),
    },
  } as KubeObject;
};

export const jsonBody = (request: HttpRequest): unknown => {
  try {
    return JSON.parse(request.body ?? "");
  } catch (error) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ...): couldn't get version/kind; json parse error: ${error instanceof Error ? error.message : ""}`,
    );
  }
};
