/**
 * The Kubernetes API servers that the contracts are held against: the simulated one always, a real kube-apiserver where
 * REPOT_KUBERNETES_URL (and REPOT_KUBERNETES_TOKEN) name one whose controller manager runs.
 */

import type { Exchange, HttpRequest, HttpResponse } from "../../adapters/http.ts";
import { type Kubernetes, makeKubernetes } from "../../adapters/kubernetes.ts";
import { Clock } from "../../simulator/clock.ts";
import { makeRandom } from "../../simulator/random.ts";
import { makeBackupStorage, makeCluster } from "../../simulator/world/cluster/index.ts";
import { CALLER, POOL, STARTS_AT } from "../simulator/cluster-fixtures.ts";

export type Server = {
  readonly name: string;
  readonly kube: Kubernetes;
  /** One request as it is, for what the client doesn't do. */
  readonly raw: (
    method: HttpRequest["method"],
    path: string,
    body?: unknown,
    contentType?: string,
  ) => Promise<HttpResponse>;
  /** Asks again until it holds, for at most half a minute. @returns whether it did. */
  readonly eventually: (holds: () => Promise<boolean>) => Promise<boolean>;
  /** Lets simulated time pass; undefined on a real server. */
  readonly wait?: (seconds: number) => void;
};

const rawOver =
  (http: Exchange, baseUrl: string, headers: Readonly<Record<string, string>>): Server["raw"] =>
  (method, path, body, contentType = "application/json") =>
    http({
      method,
      url: `${baseUrl}${path}`,
      headers: {
        accept: "application/json",
        "user-agent": "contract",
        "content-type": contentType,
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });

export const simulatedServer = (kubernetesVersion = "1.33"): Server => {
  const clock = new Clock(STARTS_AT);
  const cluster = makeCluster({
    side: "source",
    clock,
    random: makeRandom(7),
    settings: { name: "contract", kubernetesVersion, nodePools: [POOL], egressAddresses: ["192.0.2.1"] },
    objects: [],
    exists: true,
    exposed: new Set(),
    velero: makeBackupStorage(),
    emit: () => {},
  });
  const http: Exchange = async (request) => cluster.api(request, CALLER);
  const wait = (seconds: number) => clock.advanceTo(clock.now() + seconds * 1_000);
  const baseUrl = "https://kubernetes.test";
  return {
    name: "the simulated API server",
    kube: makeKubernetes({ baseUrl, http }),
    raw: rawOver(http, baseUrl, {}),
    eventually: async (holds) => {
      for (let i = 0; i < 300; i += 1) {
        if (await holds()) return true;
        wait(0.1);
      }
      return false;
    },
    wait,
  };
};

const realServer = (baseUrl: string, token: string | undefined): Server => {
  const http: Exchange = async ({ method, url, headers, body }) => {
    const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) });
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: await response.text(),
    };
  };
  const bearer = token === undefined ? {} : { token: async () => token };
  return {
    name: "a real API server",
    kube: makeKubernetes({ baseUrl, http, ...bearer }),
    raw: rawOver(http, baseUrl, token === undefined ? {} : { authorization: `Bearer ${token}` }),
    eventually: async (holds) => {
      for (let i = 0; i < 150; i += 1) {
        if (await holds()) return true;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      return false;
    },
  };
};

const url = process.env["REPOT_KUBERNETES_URL"];

/** One server for each run of the contracts. */
export const SERVERS: readonly (() => Server)[] = [
  () => simulatedServer(),
  ...(url === undefined ? [] : [() => realServer(url, process.env["REPOT_KUBERNETES_TOKEN"])]),
];

export const statusIn = (response: HttpResponse) => {
  const body = JSON.parse(response.body) as { kind: string; reason?: string; message?: string };
  return { code: response.status, reason: body.reason ?? "", message: body.message ?? "" };
};
