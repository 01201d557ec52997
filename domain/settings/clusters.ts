/** The two clusters: their nodes, versions and addresses. */

import * as z from "zod";
import { count, seconds } from "./shapes.ts";

export const NodePool = z
  .strictObject({
    name: z.string(),
    /** Labels of its nodes, beside kubernetes.io/os, arch, hostname and topology zone. */
    labels: z.record(z.string(), z.string()).default({}),
    taints: z
      .array(
        z.strictObject({
          key: z.string(),
          value: z.string().default(""),
          effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]),
        }),
      )
      .default([]),
    cpuPerNode: z.number().positive().default(16),
    memoryGibPerNode: z.number().positive().default(64),
    nodesMin: count.default(2),
    nodesMax: count.default(100),
    /** From asking for a node to a node that is Ready. */
    startSeconds: seconds.default(60),
    os: z.enum(["linux", "windows"]).default("linux"),
    arch: z.enum(["amd64", "arm64"]).default("amd64"),
  })
  .refine((pool) => pool.nodesMin <= pool.nodesMax, { message: "nodesMin is above nodesMax" });

export const ClusterSettings = z.strictObject({
  name: z.string(),
  kubernetesVersion: z.string().regex(/^1\.\d+$/),
  nodePools: z.array(NodePool).min(1),
  /** Addresses that third parties see. */
  egressAddresses: z.array(z.string()).min(1),
  /** The IAM role and the subnets (in the source's VPC) of an EKS cluster that Repot has to create; not needed where it exists. */
  roleArn: z.string().optional(),
  subnetIds: z.array(z.string()).optional(),
});
