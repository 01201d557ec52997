/** The exchange of HTTP requests in AWS: `node:https`, since Node's own fetch takes no private certificate authority. */

import { request as requestHttp } from "node:http";
import { type Agent, request as requestHttps } from "node:https";
import type { Exchange, HttpRequest, HttpResponse } from "./http.ts";

export type HttpsOptions = {
  /** Keeps connections, and knows the certificate authorities of the hosts that have one of their own. */
  readonly agent: Agent;
  /** Without an answer within this time the call counts as lost. */
  readonly timeoutMs: number;
  /** Headers that authenticate us to a host: a bearer token for an API server, Slack's bot token. Never logged. */
  readonly authorize: (url: URL) => Promise<Readonly<Record<string, string>>>;
};

/** What one answer may be long: a page of a list is far below. */
const BODY_BYTES_MAX = 64 * 1024 * 1024;

/** One exchange at a time and no retry; plain `http:` is spoken to loopback only. Rejects where no answer came. */
export const makeHttpsExchange =
  (options: HttpsOptions): Exchange =>
  async (request) => {
    const url = new URL(request.url);
    if (url.protocol !== "https:" && !LOOPBACK.has(url.hostname))
      throw new Error(`${url.host} is only spoken to over TLS.`);
    return send(request, url, { ...request.headers, ...(await options.authorize(url)) }, options);
  };

const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);

const send = (
  { method, body, connectTo }: HttpRequest,
  url: URL,
  headers: Readonly<Record<string, string>>,
  { agent, timeoutMs }: HttpsOptions,
): Promise<HttpResponse> =>
  new Promise((resolve, reject) => {
    const isTls = url.protocol === "https:";
    const withLength =
      body === undefined ? headers : { ...headers, "content-length": String(Buffer.byteLength(body)) };
    const outgoing = (isTls ? requestHttps : requestHttp)(url, {
      method,
      ...(connectTo === undefined ? {} : { hostname: connectTo, servername: url.hostname }),
      headers: connectTo === undefined ? withLength : { ...withLength, host: url.host },
      timeout: timeoutMs,
      ...(isTls ? { agent } : {}),
    });
    outgoing.on("timeout", () =>
      outgoing.destroy(
        Object.assign(new Error(`${url.host} did not answer within ${timeoutMs} ms.`), { code: "ETIMEDOUT" }),
      ),
    );
    outgoing.on("error", reject);
    outgoing.on("response", (incoming) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      incoming.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > BODY_BYTES_MAX)
          outgoing.destroy(new Error(`${url.host} answered with more than ${BODY_BYTES_MAX} bytes.`));
        else chunks.push(chunk);
      });
      incoming.on("error", reject);
      incoming.on("end", () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: headersOf(incoming.headers),
          body: Buffer.concat(chunks).toString("utf8"),
        }),
      );
    });
    outgoing.end(body);
  });

const headersOf = (
  raw: Readonly<Record<string, string | readonly string[] | undefined>>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(raw).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, typeof value === "string" ? value : value.join(", ")]],
    ),
  );
