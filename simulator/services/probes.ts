/** Load balancers as a probe meets them: an address that answers for a host with what stands behind it at that moment. */

import type { Side } from "../../domain/phases.ts";
import type { Plan } from "../../domain/plan.ts";
import type { Addresses } from "../world/addresses.ts";
import type { ThirdParties } from "../world/third-parties.ts";
import type { Cluster } from "../world/types.ts";
import type { Route } from "./seam-wire.ts";

type Platform = {
  readonly clusters: { readonly [S in Side]: Cluster };
  readonly addresses: Addresses;
  readonly outside: Pick<ThirdParties, "isClosed">;
};

/** @returns what listens at an address, undefined where nothing of the platform does. */
export const makeProbes =
  (plan: Plan, { clusters, addresses, outside }: Platform) =>
  (address: string): Route | undefined => {
    const behind = addresses.behind(address);
    if (!behind) return undefined;
    const cluster = clusters[behind.side];
    return {
      service: "probes",
      side: behind.side,
      listens: () => cluster.exists() && !outside.isClosed(behind.side),
      refuses: (serverName) => mismatch(plan, cluster, serverName),
      handle: (request) => ({
        status: statusFor(plan, cluster, request.headers["host"] ?? new URL(request.url).hostname),
        headers: {},
        body: "",
      }),
    };
  };

/**
 * A load balancer picks its certificate by the name in the handshake; where it has none for it, it shows its default one, and the client hangs up.
 * It has those of the hosts whose Services its cluster knows.
 */
const mismatch = (plan: Plan, cluster: Cluster, serverName: string): Error | undefined => {
  const hosts = plan.hosts.filter((h) => cluster.endpoints(h.namespace, h.service)).map((h) => h.host);
  if (hosts.includes(serverName)) return undefined;
  const asked = serverName === "" ? "IP: the address" : `Host: ${serverName}.`;
  return Object.assign(
    new Error(
      `Hostname/IP does not match certificate's altnames: ${asked} is not in the cert's altnames: ${hosts.map((h) => `DNS:${h}`).join(", ")}`,
    ),
    { code: "ERR_TLS_CERT_ALTNAME_INVALID" },
  );
};

/** 404 for a host that the cluster doesn't serve, 503 without a ready endpoint, else the commonest of the application's own answers. */
export const statusFor = (plan: Plan, cluster: Cluster, host: string): number => {
  const known = plan.hosts.find((h) => h.host === host);
  if (!known) return 404;
  const endpoints = cluster.endpoints(known.namespace, known.service);
  if (!endpoints) return 404;
  if (!endpoints.pods.some((pod) => pod.ready && pod.accepting)) return 503;
  const statuses = plan.settings.load.find((l) => l.host === host)?.statuses ?? { "200": 1 };
  const [commonest] = Object.entries(statuses).sort(([a, x], [b, y]) => y - x || Number(a) - Number(b));
  return Number(commonest?.[0] ?? 200);
};
