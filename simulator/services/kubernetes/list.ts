/** Lists: label and field selectors, pages with a continue token that expires. */

import type { KubeObject } from "../../../domain/kube.ts";
import { apiVersionOf } from "../../../domain/kube-kinds.ts";
import { at, type Fields, isFields, labelsOf, namespaceOf, pathOf } from "../../world/cluster/fields.ts";
import type { Resource } from "../../world/cluster/kinds.ts";
import type { Registry } from "../../world/cluster/registry.ts";
import { ApiError, badRequest } from "../../world/cluster/status.ts";
import type { ObjectRequest } from "./request.ts";
import { parseSelector } from "./selectors.ts";
import { served } from "./versions.ts";
import { itemOnWire, onWire } from "./wire.ts";

/** etcd keeps old versions for five minutes by default; a token that is older has expired. */
const TOKEN_LIVES_MS = 300_000;

type Token = { readonly after: string; readonly issuedAt: number; readonly version: string };

/** One page, as it is on the wire. Later pages show the present state behind the token, not the first page's snapshot. */
export const listPage = (registry: Registry, asked: ObjectRequest): Fields => {
  const { resource, namespace, query } = asked;
  const { store } = registry;
  const all = namespace === undefined ? store.list(resource.key) : store.listIn(resource.key, namespace);
  const token = tokenOf(query.get("continue"), registry.clock.now());
  const wanted = selected(all, asked, token?.after);
  const limit = Number(query.get("limit") ?? 0);
  const page = limit > 0 ? wanted.slice(0, limit) : wanted;
  const last = page.at(-1);
  const more = last !== undefined && wanted.length > page.length;
  const version = token?.version ?? String(registry.store.version);
  const next: Token | undefined = more
    ? { after: pathOf(last), issuedAt: token?.issuedAt ?? registry.clock.now(), version }
    : undefined;
  return {
    kind: `${resource.kind}List`,
    apiVersion: apiVersionOf(resource),
    metadata: {
      resourceVersion: version,
      ...(next ? { continue: encode(next), ...remaining(query, wanted.length - page.length) } : {}),
    },
    items: page.map((object) => item(resource, object)),
  };
};

/** The real server counts what is left only where no selector thins the list. */
const remaining = (query: URLSearchParams, count: number) =>
  query.get("labelSelector") || query.get("fieldSelector") ? {} : { remainingItemCount: count };

const item = (resource: Resource, object: KubeObject): Fields => {
  const shown = served(resource, object);
  return resource.custom ? onWire(shown) : itemOnWire(shown);
};

const selected = (
  all: readonly KubeObject[],
  asked: ObjectRequest,
  after: string | undefined,
): readonly KubeObject[] => {
  const { namespace, name } = asked;
  const byLabel = parseSelector(asked.query.get("labelSelector") ?? "");
  const byField = fieldSelector(asked.resource, asked.query.get("fieldSelector") ?? "");
  let skipping = after !== undefined;
  const found: KubeObject[] = [];
  for (const object of all) {
    if (skipping) {
      if (before(after ?? "", object)) skipping = false;
      else continue;
    }
    if (namespace !== undefined && namespaceOf(object) !== namespace) continue;
    if (name !== "" && object.metadata.name !== name) continue;
    if (byLabel(labelsOf(object)) && byField(object)) found.push(object);
  }
  return found;
};

/** Whether the place named by a token lies before an object, in the order of the list (namespace, then name). */
const before = (after: string, object: KubeObject): boolean => {
  const slash = after.indexOf("/");
  const [namespace, name] = slash < 0 ? ["", after] : [after.slice(0, slash), after.slice(slash + 1)];
  const here = namespaceOf(object);
  return namespace < here || (namespace === here && name < object.metadata.name);
};

const encode = (token: Token): string => Buffer.from(JSON.stringify(token), "utf8").toString("base64url");

const tokenOf = (text: string | null, now: number): Token | undefined => {
  if (!text) return undefined;
  const token = decode(text);
  if (now - token.issuedAt > TOKEN_LIVES_MS)
    throw new ApiError(
      410,
      "Expired",
      "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.",
    );
  return token;
};

const decode = (text: string): Token => {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
    if (isFields(value) && typeof value.after === "string" && typeof value.issuedAt === "number")
      return value as unknown as Token;
  } catch {
    // Falls through to the refusal below: a token that isn't ours.
  }
  throw badRequest("continue key is not valid");
};

/** Fields that the real server can select by, beside metadata.name and metadata.namespace. */
const SELECTABLE: Readonly<Record<string, readonly string[]>> = {
  pods: [
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "status.phase",
    "status.podIP",
  ],
  events: [
    "involvedObject.kind",
    "involvedObject.name",
    "involvedObject.namespace",
    "involvedObject.uid",
    "reason",
    "type",
  ],
  secrets: ["type"],
  namespaces: ["status.phase"],
  nodes: ["spec.unschedulable"],
  jobs: ["status.successful"],
  replicasets: ["status.replicas"],
};

const fieldSelector = (resource: Resource, text: string): ((object: KubeObject) => boolean) => {
  const terms = text
    .split(",")
    .filter((t) => t !== "")
    .map((term) => {
      const match = /^([^=!]+)(==|=|!=)(.*)$/.exec(term);
      if (!match) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
      const [, field = "", operator, value] = match;
      if (!["metadata.name", "metadata.namespace", ...(SELECTABLE[resource.resource] ?? [])].includes(field))
        throw badRequest(`field label not supported: ${field}`);
      return { path: field.split("."), equal: operator !== "!=", value };
    });
  return (object) =>
    terms.every(({ path, equal, value }) => (String(at(object, ...path) ?? "") === value) === equal);
};
