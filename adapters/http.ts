/** The one way out over HTTP: `node:https` in AWS (its own CA, no fetch), a simulated server in the rehearsal. */

/** One exchange. Rejects only where no answer came; every status is an answer. */
export type Exchange = (request: HttpRequest) => Promise<HttpResponse>;

export type HttpRequest = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Absolute: scheme, host, path and query. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
};

export type HttpResponse = {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};
