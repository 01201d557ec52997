/** The way into both clusters: where their API servers are, whom to believe, and the token of the function's role. */

import { Agent } from "node:https";
import { eksToken } from "../adapters/eks-token.ts";
import type { Exchange, HttpRequest } from "../adapters/http.ts";
import { makeHttpsExchange } from "../adapters/https.ts";
import type { Side } from "../domain/phases.ts";
import type { Cluster, Environment } from "./environment.ts";

/** An API server as EKS describes it. */
export type Address = { readonly endpoint: string; readonly certificateAuthority: string };

/** Names that stand for the API servers in a step's URLs: the target has no address before it exists. */
export const API_HOSTS = { source: "source.kubernetes.repot", target: "target.kubernetes.repot" } as const;

const TIMEOUT_MS = 5_000;

type Options = {
  readonly environment: Environment;
  /** Asks EKS. @returns undefined where there is no such cluster, or where it isn't active yet. */
  readonly describe: (name: string) => Promise<Address | undefined>;
  readonly now: () => Date;
  /** Headers for hosts that aren't API servers and know us all the same; none where absent. */
  readonly login?: (url: URL) => Promise<Readonly<Record<string, string>>>;
};

const sideOf = (host: string): Side | undefined =>
  host === API_HOSTS.source ? "source" : host === API_HOSTS.target ? "target" : undefined;

/** No connection could be made: what a step sees where a cluster isn't there yet. */
const nowhere = (name: string): Error =>
  Object.assign(new Error(`The cluster ${name} has no address.`), { code: "ENOTFOUND" });

/** One exchange for one cluster, with its own certificate authority; a cluster's address doesn't change in its life. */
const enter = async (cluster: Cluster, { environment, describe, now }: Options): Promise<Door> => {
  const { name, endpoint, certificateAuthority } = cluster;
  const known = endpoint && certificateAuthority ? { endpoint, certificateAuthority } : await describe(name);
  if (!known) throw nowhere(name);
  const credentials = {
    accessKeyId: environment.AWS_ACCESS_KEY_ID,
    secretAccessKey: environment.AWS_SECRET_ACCESS_KEY,
    ...(environment.AWS_SESSION_TOKEN === undefined ? {} : { sessionToken: environment.AWS_SESSION_TOKEN }),
  };
  return {
    endpoint: known.endpoint,
    http: makeHttpsExchange({
      agent: new Agent({ keepAlive: true, ca: known.certificateAuthority }),
      timeoutMs: TIMEOUT_MS,
      authorize: async () => ({
        authorization: `Bearer ${eksToken(name, environment.AWS_REGION, credentials, now())}`,
      }),
    }),
  };
};

const leave = ({ login }: Options): Exchange =>
  makeHttpsExchange({
    agent: new Agent({ keepAlive: true }),
    timeoutMs: TIMEOUT_MS,
    authorize: login ?? (async () => ({})),
  });

type Door = { readonly endpoint: string; readonly http: Exchange };

/** Requests to the API servers by their stand-in names; everything else as it is, over public certificate authorities and without a cluster's token. */
export const makeWayOut = (options: Options): Exchange => {
  const doors: Partial<Record<Side, Door>> = {};
  let outside: Exchange | undefined;
  return async (request: HttpRequest) => {
    const url = new URL(request.url);
    const side = sideOf(url.host);
    if (side === undefined) {
      outside ??= leave(options);
      return outside(request);
    }
    const door = doors[side] ?? (await enter(options.environment.REPOT_CLUSTERS[side], options));
    doors[side] = door;
    return door.http({ ...request, url: `${door.endpoint}${url.pathname}${url.search}` });
  };
};
