/** The one way out over HTTP: `node:https` in AWS (its own CA, no fetch), a simulated server in the rehearsal. */

/** One exchange. Rejects only where no answer came; every status is an answer. */
export type Exchange = (request: HttpRequest) => Promise<HttpResponse>;

export type HttpRequest = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Absolute: scheme, host, path and query. Its host is the server's name: in the Host header, in TLS (SNI), and in the certificate. */
  readonly url: string;
  /** The address to connect to, in place of what the host resolves to: as curl's --connect-to has it. */
  readonly connectTo?: string;
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

const values = new WeakMap<HttpResponse, unknown>();

/** An answer whose JSON its maker knows: who wants the value needn't parse the text, and the text is written only for whom reads it. @param value Frozen JSON. */
export const answerOf = (
  status: number,
  headers: Readonly<Record<string, string>>,
  value: unknown,
): HttpResponse => {
  let text: string | undefined;
  const response: HttpResponse = {
    status,
    headers,
    get body() {
      text ??= JSON.stringify(value);
      return text;
    },
  };
  values.set(response, value);
  return response;
};

/** The JSON of a body. @throws SyntaxError where it is none. */
export const jsonOf = (response: HttpResponse): unknown =>
  values.get(response) ?? (JSON.parse(response.body) as unknown);
