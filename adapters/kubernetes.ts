/**
 * A thin Kubernetes client over one HTTP exchange: the verbs that Repot uses, no cache, no watch, no retries (those live in the state
 * machines). Types of well-known objects come from @kubernetes/client-node, which is a development dependency only.
 */

import { AnswerLost, NotFound, Transient } from "../domain/errors.ts";
import { type Json, type KubeObject, type Ref, refOf, sentenceOf } from "../domain/kube.ts";
import {
  apiVersionOf,
  builtInKind,
  collectionPath,
  groupVersionOf,
  type KubeKind,
} from "../domain/kube-kinds.ts";
import { type Exchange, type HttpRequest, type HttpResponse, jsonOf } from "./http.ts";
import { errorOf } from "./kubernetes-errors.ts";

export { isAlreadyExists, type KubeStatus, statusOf } from "./kubernetes-errors.ts";

/** One operation of a JSON patch (RFC 6902). A `test` makes the whole patch conditional. */
export type JsonPatchOperation =
  | { readonly op: "add" | "replace" | "test"; readonly path: string; readonly value: Json }
  | { readonly op: "remove"; readonly path: string }
  | { readonly op: "move" | "copy"; readonly path: string; readonly from: string };

/** How a write is made. */
export type WriteOptions = {
  /** The server checks everything and changes nothing. */
  readonly dryRun?: boolean;
  /** Who owns the written fields; `repot` where absent. */
  readonly fieldManager?: string;
};
export type PatchOptions = WriteOptions & { readonly subresource?: "scale" | "status" };
export type ApplyOptions = WriteOptions & {
  /** Takes fields over from other managers instead of failing with Conflict. */
  readonly force?: boolean;
};
export type RemoveOptions = WriteOptions & {
  /** Only this very object, not a namesake made since: else Conflict. */
  readonly uid?: string;
  readonly propagation?: "Background" | "Foreground" | "Orphan";
};
export type ListOptions = {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** More than this is an error, never a cut list. */
  readonly itemsMax?: number;
};
export type KindRef = { readonly apiVersion: string; readonly kind: string };

/**
 * Every call rejects with an error of domain/errors.ts: NotFound (404), Conflict (409, AlreadyExists included, and a failed `test` of a patch),
 * Forbidden (401, 403), Invalid (400, 422: admission policies too), Throttled (429), Transient (5xx, 410), AnswerLost (no answer came).
 */
export type Kubernetes = {
  readonly get: (ref: Ref) => Promise<KubeObject>;
  /** Like get, but undefined where there is no such object. A kind that the server doesn't know is NotFound still. */
  readonly find: (ref: Ref) => Promise<KubeObject | undefined>;
  /** All pages. */
  readonly list: (kind: KindRef, options?: ListOptions) => Promise<readonly KubeObject[]>;
  /** A name that is taken rejects with Conflict: `isAlreadyExists(error)` tells it apart. */
  readonly create: (object: KubeObject, options?: WriteOptions) => Promise<KubeObject>;
  /** Carries metadata.resourceVersion: stale is Conflict. */
  readonly replace: (object: KubeObject, options?: WriteOptions) => Promise<KubeObject>;
  readonly jsonPatch: (
    ref: Ref,
    operations: readonly JsonPatchOperation[],
    options?: PatchOptions,
  ) => Promise<KubeObject>;
  /** RFC 7386: null removes a field, lists are replaced whole. */
  readonly mergePatch: (ref: Ref, patch: Json, options?: PatchOptions) => Promise<KubeObject>;
  /** Server-side apply. */
  readonly apply: (object: KubeObject, options?: ApplyOptions) => Promise<KubeObject>;
  /** `gone`: nothing of that name is left (or it never was); `deleting`: it goes once its finalizers and dependents are done. */
  readonly remove: (ref: Ref, options?: RemoveOptions) => Promise<"gone" | "deleting">;
  /** Replica counts through the scale subresource: wanted and actual. */
  readonly readScale: (ref: Ref) => Promise<{ readonly wanted: number; readonly actual: number }>;
  /** Sets the wanted count; with `from`, only if it still is that (else Conflict). @returns the wanted count that the server confirms. */
  readonly scale: (
    ref: Ref,
    replicas: number,
    options?: WriteOptions & { readonly from?: number },
  ) => Promise<number>;
  /** Every kind that the server serves in its preferred version, by discovery. Subresources are left out. */
  readonly kinds: () => Promise<readonly (KubeKind & { readonly verbs: readonly string[] })[]>;
  /** Whether the server knows a kind, in exactly this version. */
  readonly knows: (kind: KindRef) => Promise<boolean>;
  /** `{ major: "1", minor: "31", gitVersion: "v1.31.4-eks-…" }`. */
  readonly version: () => Promise<{
    readonly major: string;
    readonly minor: string;
    readonly gitVersion: string;
  }>;
};

/** Like `find`, where a kind that the server doesn't know (any more) has no objects: its definition took them along. */
export const findAny = async (cluster: Kubernetes, ref: Ref): Promise<KubeObject | undefined> => {
  try {
    return await cluster.find(ref);
  } catch (error) {
    if (error instanceof NotFound) return undefined;
    throw error;
  }
};

export type KubernetesOptions = {
  /** Scheme and host, perhaps a path: `https://ABC.gr7.eu-central-1.eks.amazonaws.com`. */
  readonly baseUrl: string;
  readonly http: Exchange;
  /** A fresh bearer token for each call; absent where the exchange authenticates by itself. */
  readonly token?: () => Promise<string>;
};

const PAGE = 500;
const ITEMS_MAX = 100_000;
const KIND_GROUPS_MAX = 500;

type Call = {
  readonly what: string;
  readonly method: HttpRequest["method"];
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
};
type Wire = {
  readonly call: (call: Call) => Promise<HttpResponse>;
  readonly json: (call: Call) => Promise<Answer>;
  readonly kindOf: (ref: KindRef) => Promise<KubeKind>;
};
type Answer = Readonly<Record<string, unknown>>;

/** A client for one API server. Makes no call until it is asked to. */
export const makeKubernetes = (options: KubernetesOptions): Kubernetes => {
  const wire = makeWire(options);
  return { ...reads(wire), ...writes(wire), ...scales(wire), ...discovery(wire) };
};

const discovered = new WeakMap<Exchange, Map<string, KubeKind>>();

const makeWire = ({ baseUrl, http, token }: KubernetesOptions): Wire => {
  const base = baseUrl.replace(/\/+$/, "");
  // Where a kind's objects are served doesn't change as long as it is served, and a path of one that isn't any more is refused all the same:
  // what was found is kept for the life of the exchange. What wasn't is asked for again.
  const kinds = discovered.get(http) ?? new Map<string, KubeKind>();
  discovered.set(http, kinds);
  const call = async ({ what, method, path, query, body, contentType }: Call): Promise<HttpResponse> => {
    const search = new URLSearchParams();
    for (const [key, value] of Object.entries(query ?? {})) if (value !== undefined) search.set(key, value);
    const bearer = token ? { authorization: `Bearer ${await token()}` } : {};
    const content = body === undefined ? {} : { "content-type": contentType ?? "application/json" };
    const request: HttpRequest = {
      method,
      url: `${base}${path}${search.size > 0 ? `?${search}` : ""}`,
      headers: { accept: "application/json", "user-agent": "repot", ...bearer, ...content },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
    const response = await http(request).catch((cause: unknown) => {
      throw new AnswerLost(`No answer came from the Kubernetes API when we tried to ${what}.`, { cause });
    });
    if (response.status < 200 || response.status > 299) throw errorOf(what, response);
    return response;
  };
  const json = async (request: Call): Promise<Answer> => {
    const response = await call(request);
    try {
      return jsonOf(response) as Answer;
    } catch (cause) {
      throw new Transient(`The Kubernetes API's answer to ${request.what} isn't JSON.`, { cause });
    }
  };
  const kindOf = async ({ apiVersion, kind }: KindRef): Promise<KubeKind> => {
    const known = builtInKind(apiVersion, kind);
    if (known) return known;
    const name = `${base} ${apiVersion} ${kind}`;
    const before = kinds.get(name);
    if (before) return before;
    const found = (await resourcesOf(json, apiVersion)).find((k) => k.kind === kind);
    if (!found) throw new NotFound(`The server knows no kind ${kind} in ${apiVersion}.`);
    kinds.set(name, found);
    return found;
  };
  return { call, json, kindOf };
};

const resourcesOf = async (json: Wire["json"], apiVersion: string) => {
  const { group, version } = groupVersionOf(apiVersion);
  const path = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  const { resources } = (await json({ what: `discover ${apiVersion}`, method: "GET", path })) as {
    resources?: readonly { name: string; kind: string; namespaced: boolean; verbs: readonly string[] }[];
  };
  return (resources ?? [])
    .filter((r) => !r.name.includes("/"))
    .map(({ name, kind, namespaced, verbs }) => ({
      group,
      version,
      kind,
      resource: name,
      namespaced,
      verbs,
    }));
};

/** "the server could not find the requested resource" means that the kind isn't served, not that the object is absent. */
export const isUnknownKind = (error: unknown): error is NotFound =>
  error instanceof NotFound && /knows no kind|requested resource|page not found/.test(error.message);

const pathOf = async (wire: Wire, ref: Ref): Promise<string> =>
  `${collectionPath(await wire.kindOf(ref), ref.namespace ?? "default")}/${encodeURIComponent(ref.name)}`;

const reads = (wire: Wire): Pick<Kubernetes, "get" | "find" | "list"> => {
  const read = async (ref: Ref, path: string) =>
    (await wire.json({ what: `get ${sentenceOf(ref)}`, method: "GET", path })) as KubeObject;
  return {
    get: async (ref) => read(ref, await pathOf(wire, ref)),
    find: async (ref) => {
      const path = await pathOf(wire, ref);
      try {
        return await read(ref, path);
      } catch (error) {
        if (error instanceof NotFound && !isUnknownKind(error)) return undefined;
        throw error;
      }
    },
    list: (kind, options) => listAll(wire, kind, options ?? {}),
  };
};

const listAll = async (wire: Wire, kind: KindRef, options: ListOptions): Promise<readonly KubeObject[]> => {
  const { namespace, labelSelector, fieldSelector, itemsMax = ITEMS_MAX } = options;
  const path = collectionPath(await wire.kindOf(kind), namespace);
  const items: KubeObject[] = [];
  let token: string | undefined;
  do {
    const page = (await wire.json({
      what: `list ${kind.kind}s${namespace === undefined ? "" : ` of ${namespace}`}`,
      method: "GET",
      path,
      query: { limit: String(PAGE), continue: token, labelSelector, fieldSelector },
    })) as { items?: readonly KubeObject[]; metadata?: { continue?: string } };
    // The items of a typed list come without apiVersion and kind.
    for (const item of page.items ?? [])
      items.push({ ...item, apiVersion: kind.apiVersion, kind: kind.kind });
    if (items.length > itemsMax)
      throw new Transient(`There are over ${itemsMax} ${kind.kind}s: more than we can hold.`);
    token = page.metadata?.continue || undefined;
  } while (token !== undefined);
  return items;
};

const writeQuery = ({ dryRun, fieldManager }: WriteOptions = {}) => ({
  fieldManager: fieldManager ?? "repot",
  dryRun: dryRun ? "All" : undefined,
});

const writes = (
  wire: Wire,
): Pick<Kubernetes, "create" | "replace" | "jsonPatch" | "mergePatch" | "apply" | "remove"> => {
  const patch = async (
    ref: Ref,
    body: unknown,
    contentType: string,
    options: PatchOptions & ApplyOptions = {},
  ) => {
    const sub = options.subresource === undefined ? "" : `/${options.subresource}`;
    return (await wire.json({
      what: `patch ${sentenceOf(ref)}${sub}`,
      method: "PATCH",
      path: `${await pathOf(wire, ref)}${sub}`,
      query: { ...writeQuery(options), force: options.force ? "true" : undefined },
      body,
      contentType,
    })) as KubeObject;
  };
  return {
    create: async (object, options) => {
      const namespace = object.metadata.namespace ?? "default";
      const path = collectionPath(await wire.kindOf(object), namespace);
      const what = `create ${sentenceOf(refOf(object))}`;
      return (await wire.json({
        what,
        method: "POST",
        path,
        query: writeQuery(options),
        body: object,
      })) as KubeObject;
    },
    replace: async (object, options) => {
      const ref = refOf(object);
      const path = await pathOf(wire, ref);
      const what = `replace ${sentenceOf(ref)}`;
      return (await wire.json({
        what,
        method: "PUT",
        path,
        query: writeQuery(options),
        body: object,
      })) as KubeObject;
    },
    jsonPatch: (ref, operations, options) => patch(ref, operations, "application/json-patch+json", options),
    mergePatch: (ref, body, options) => patch(ref, body, "application/merge-patch+json", options),
    apply: (object, options) => patch(refOf(object), object, "application/apply-patch+yaml", options),
    remove: (ref, options = {}) => remove(wire, ref, options),
  };
};

const remove = async (wire: Wire, ref: Ref, options: RemoveOptions): Promise<"gone" | "deleting"> => {
  const path = await pathOf(wire, ref);
  const { fieldManager: _, ...query } = writeQuery(options);
  const body = {
    apiVersion: "v1",
    kind: "DeleteOptions",
    propagationPolicy: options.propagation ?? "Background",
    ...(options.uid === undefined ? {} : { preconditions: { uid: options.uid } }),
  };
  try {
    const answer = await wire.json({
      what: `delete ${sentenceOf(ref)}`,
      method: "DELETE",
      path,
      query,
      body,
    });
    // One that still waits (grace period, finalizers, dependents) is answered with itself and a deletionTimestamp.
    const { metadata } = answer as { metadata?: { deletionTimestamp?: string } };
    return metadata?.deletionTimestamp === undefined ? "gone" : "deleting";
  } catch (error) {
    if (error instanceof NotFound) return "gone";
    throw error;
  }
};

const scales = (wire: Wire): Pick<Kubernetes, "readScale" | "scale"> => {
  const counts = (answer: Answer) => {
    const { spec, status } = answer as { spec?: { replicas?: number }; status?: { replicas?: number } };
    return { wanted: spec?.replicas ?? 0, actual: status?.replicas ?? 0 };
  };
  return {
    readScale: async (ref) =>
      counts(
        await wire.json({
          what: `read the scale of ${sentenceOf(ref)}`,
          method: "GET",
          path: `${await pathOf(wire, ref)}/scale`,
        }),
      ),
    scale: async (ref, replicas, options = {}) => {
      const test =
        options.from === undefined ? [] : [{ op: "test", path: "/spec/replicas", value: options.from }];
      const answer = await wire.json({
        what: `scale ${sentenceOf(ref)} to ${replicas}`,
        method: "PATCH",
        path: `${await pathOf(wire, ref)}/scale`,
        query: writeQuery(options),
        body: [...test, { op: "replace", path: "/spec/replicas", value: replicas }],
        contentType: "application/json-patch+json",
      });
      return counts(answer).wanted;
    },
  };
};

const discovery = (wire: Wire): Pick<Kubernetes, "kinds" | "knows" | "version"> => ({
  kinds: async () => {
    const { groups } = (await wire.json({ what: "discover groups", method: "GET", path: "/apis" })) as {
      groups?: readonly { preferredVersion?: { groupVersion: string } }[];
    };
    const versions = ["v1", ...(groups ?? []).flatMap((g) => g.preferredVersion?.groupVersion ?? [])];
    if (versions.length > KIND_GROUPS_MAX)
      throw new Transient(`The server serves over ${KIND_GROUPS_MAX} groups.`);
    const all = [];
    for (const version of versions) all.push(...(await resourcesOf(wire.json, version)));
    return all;
  },
  knows: async ({ apiVersion, kind }) => {
    try {
      return (await resourcesOf(wire.json, apiVersion)).some((k) => k.kind === kind);
    } catch (error) {
      if (error instanceof NotFound) return false;
      throw error;
    }
  },
  version: async () =>
    (await wire.json({ what: "read the version", method: "GET", path: "/version" })) as Awaited<
      ReturnType<Kubernetes["version"]>
    >,
});

/** The apiVersion that a kind's objects carry. */
export const apiVersionOfKind = apiVersionOf;
