/** HTTP and DNS through the seam: the exchange that reaches simulated HTTP services by host, and DNS questions on the wire. */

import { isIP } from "node:net";
import type { Exchange, HttpRequest, HttpResponse } from "../../adapters/http.ts";
import type { Side } from "../../domain/phases.ts";
import { remembered } from "../../domain/remembered.ts";
import type { AskDns } from "../../functions/step.ts";
import type { DnsWorld, HttpService } from "../world/types.ts";
import type { Call, Seam, ServiceName, Strike } from "./seam.ts";

export type HttpServiceName = Extract<
  ServiceName,
  "kubernetes" | "metrics" | "slack" | "probes" | "rabbitmq"
>;

/** One simulated HTTP service behind a host. */
export type Route = {
  readonly service: HttpServiceName;
  readonly side?: Side;
  readonly handle: HttpService;
  /** Whether anything listens there now; always where absent. */
  readonly listens?: () => boolean;
  /** What a client finds wrong in the handshake for a server name (SNI; empty for an address); nothing where absent. */
  readonly refuses?: (serverName: string) => Error | undefined;
};

/** By `host` or `host:port`, as in the URL. */
export type Routes = { readonly [host: string]: Route };

const lost = (code: string, message: string): Error => Object.assign(new Error(message), { code });

/** POSTs of these API groups ask and change nothing. */
const ASKING = ["/apis/authorization.k8s.io/", "/apis/authentication.k8s.io/"];

/** What is looked at in a URL. */
type Place = Pick<URL, "host" | "hostname" | "pathname" | "search"> & {
  readonly isDryRun: boolean;
  /** For TLS (SNI): empty for an address. */
  readonly serverName: string;
};

/** A run asks for the same few hundred places again and again: reading each URL anew was 2 % of it. */
const placeOf = remembered(10_000, (text): Place => {
  const { host, hostname, pathname, search, searchParams } = new URL(text);
  const isDryRun = searchParams.getAll("dryRun").includes("All");
  return { host, hostname, pathname, search, isDryRun, serverName: isIP(hostname) === 0 ? hostname : "" };
});

const mutates = (route: Route, request: HttpRequest, url: Place): boolean => {
  if (request.method === "GET" || url.isDryRun) return false;
  if (route.service === "metrics") return false;
  // What stands in a message, and what one person is told, is a view of the record; only a new message asks somebody for something.
  if (route.service === "slack") return url.pathname.endsWith("/chat.postMessage");
  return !(route.service === "kubernetes" && ASKING.some((prefix) => url.pathname.startsWith(prefix)));
};

const VERBS = { GET: "get", POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" } as const;

/** `patch deployments/scale` from a request to a Kubernetes API, in the words of RBAC without the API group. */
export const kubernetesAction = (method: HttpRequest["method"], path: string): string =>
  actionAt(`${method} ${path}`);

const actionAt = remembered(10_000, (methodAndPath): string => {
  const method = methodAndPath.slice(0, methodAndPath.indexOf(" ")) as HttpRequest["method"];
  const path = methodAndPath.slice(method.length + 1);
  const parts = path.split("/").filter((part) => part !== "");
  const rest = parts[0] === "api" ? parts.slice(2) : parts[0] === "apis" ? parts.slice(3) : [];
  const inNamespace = rest[0] === "namespaces" && rest.length > 2;
  const [resource, name, subresource] = inNamespace ? rest.slice(2) : rest;
  if (resource === undefined) return `${VERBS[method]} ${path}`;
  const verb = method === "GET" && name === undefined ? "list" : VERBS[method];
  return `${verb} ${resource}${subresource === undefined ? "" : `/${subresource}`}`;
});

const actionOf = (route: Route, request: HttpRequest, url: Place): string => {
  switch (route.service) {
    case "kubernetes":
      return kubernetesAction(request.method, url.pathname);
    case "metrics":
      return "query";
    case "slack":
      return url.pathname.split("/").at(-1) ?? "";
    case "rabbitmq":
      return request.method === "GET" ? "read" : "write";
    case "probes":
      return request.method.toLowerCase();
  }
};

const STATUS_REASONS = {
  403: "Forbidden",
  409: "Conflict",
  429: "TooManyRequests",
  500: "InternalError",
} as const;
type FaultStatus = keyof typeof STATUS_REASONS;

/** An answer of the service's own shape with a status of refusal. */
const refusal = (
  service: HttpServiceName,
  status: FaultStatus,
  message: string,
  retryAfterSeconds?: number,
): HttpResponse => {
  const body = {
    kubernetes: {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message,
      reason: STATUS_REASONS[status],
      code: status,
    },
    rabbitmq: { error: STATUS_REASONS[status], reason: message },
    metrics: { status: "error", errorType: STATUS_REASONS[status], error: message },
    probes: { error: message },
    slack: {
      ok: false,
      error: status === 429 ? "ratelimited" : status === 403 ? "missing_scope" : "internal_error",
    },
  }[service];
  return {
    status: service === "slack" && status === 403 ? 200 : status,
    headers: {
      "content-type": "application/json",
      ...(status === 429 ? { "retry-after": String(retryAfterSeconds ?? 1) } : {}),
    },
    body: JSON.stringify(body),
  };
};

const struck = (service: HttpServiceName, strike: Strike): HttpResponse => {
  switch (strike.kind) {
    case "throttled":
      return refusal(service, 429, "Too many requests, please try again later.", strike.retryAfterSeconds);
    case "conflict":
      return refusal(
        service,
        409,
        "Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest version and try again",
      );
    case "server-error":
      return refusal(service, 500, "An internal error occurred.");
    default:
      throw new Error(`${strike.kind} is no answer of a service.`);
  }
};

/** The one way out over HTTP; `atAddress` finds what listens at an address (load balancers come and go). A host that isn't in the table doesn't resolve; one that doesn't listen refuses connections. */
export const makeExchange =
  (seam: Seam, routes: Routes, atAddress?: (host: string) => Route | undefined): Exchange =>
  async (request) => {
    const url = placeOf(request.url);
    const route =
      request.connectTo === undefined
        ? (routes[url.host] ?? atAddress?.(url.hostname))
        : (routes[request.connectTo] ?? atAddress?.(request.connectTo));
    if (!route) throw lost("ENOTFOUND", `getaddrinfo ENOTFOUND ${request.connectTo ?? url.hostname}`);
    const action = actionOf(route, request, url);
    const call: Call = {
      service: route.service,
      action,
      mutating: mutates(route, request, url),
      ...(route.side === undefined ? {} : { side: route.side }),
      subject: url.pathname + url.search,
    };
    const answer = await seam.pass<HttpResponse | Error>({
      call,
      input: request,
      permission: route.service === "kubernetes" ? undefined : action,
      run: (caller) =>
        route.listens && !route.listens()
          ? lost("ECONNREFUSED", `connect ECONNREFUSED ${url.host}`)
          : (route.refuses?.(url.serverName) ?? route.handle(request, caller)),
      deny: (invocation) =>
        refusal(route.service, 403, `${invocation.step} doesn't declare ${route.service}:${action}`),
      strike: (strike) => struck(route.service, strike),
      lost: () => lost("ETIMEDOUT", `no answer from ${url.host} within 5 s`),
      refusal: (out) =>
        out instanceof Error ? out.message : out.status >= 400 ? `HTTP ${out.status}` : undefined,
      isAnswer: (error) => error instanceof Error && error.name === "NoAnswer",
    });
    if (answer instanceof Error) throw answer;
    return answer;
  };

/** DNS questions as bytes to one server. Rejects where that server doesn't answer. */
export const makeAskDns =
  (seam: Seam, dns: Pick<DnsWorld, "answer">): AskDns =>
  async (server, message) => {
    const answer = await seam.pass<Uint8Array | Error>({
      call: { service: "dns", action: "ask", mutating: false, subject: server },
      input: { server, message },
      permission: "ask",
      run: () => dns.answer(server, message) ?? lost("ETIMEOUT", `no answer from ${server}`),
      deny: (invocation) => lost("EPERM", `${invocation.step} doesn't declare dns:ask`),
      strike: () => lost("ETIMEOUT", `no answer from ${server}`),
      lost: () => lost("ETIMEOUT", `no answer from ${server}`),
      refusal: (out) => (out instanceof Error ? out.message : undefined),
      isAnswer: () => false,
    });
    if (answer instanceof Error) throw answer;
    return answer;
  };
