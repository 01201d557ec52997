/** The end-to-end suite as data: one Job for each public host, asking the target by the name that clients use, before clients do. */

import { ours, SYSTEM_NAMESPACE } from "./bundle.ts";
import { sha256 } from "./canonical.ts";
import type { KubeObject } from "./kube.ts";

const PROBE_IMAGE = "ghcr.io/repot-dev/probe:0.1.0";
/** Annotation of a suite's Job and its pods: the host that it asks for. */
export const PROBE_HOST = "repot.dev/probe-host";

/** A DNS name is longer than a label may be. */
export const suiteNameOf = (host: string): string => `e2e-${sha256(host).slice(0, 12)}`;

/** @param servers The new zone's name servers: nobody else knows it yet. */
export const suiteOf = (
  migration: string,
  hosts: readonly string[],
  servers: readonly string[],
): readonly KubeObject[] =>
  hosts.map((host) =>
    ours(migration, {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: suiteNameOf(host), namespace: SYSTEM_NAMESPACE, annotations: { [PROBE_HOST]: host } },
      spec: {
        backoffLimit: 6,
        activeDeadlineSeconds: 1_800,
        template: {
          metadata: { annotations: { [PROBE_HOST]: host } },
          spec: {
            restartPolicy: "Never",
            containers: [
              {
                name: "probe",
                image: PROBE_IMAGE,
                args: [
                  // Host, SNI and the certificate's name; the address comes from the new zone's servers.
                  "--host",
                  host,
                  "--sni",
                  host,
                  ...servers.flatMap((server) => ["--name-server", server]),
                  "--status-below",
                  "500",
                ],
                resources: { requests: { cpu: "50m", memory: "32Mi" }, limits: { memory: "64Mi" } },
              },
            ],
          },
        },
      },
    }),
  );
