/** Where the API server of an EKS cluster is, and whom to believe that it is the one. */

import { DescribeClusterCommand, type EKSClient } from "@aws-sdk/client-eks";
import { calling, errorName } from "./aws.ts";

/** @returns undefined where there is no such cluster, or where it has no address yet. */
export const makeEksAddress =
  (client: EKSClient) =>
  async (
    name: string,
  ): Promise<{ readonly endpoint: string; readonly certificateAuthority: string } | undefined> => {
    const answer = await calling(`describe the cluster ${name}`, async () => {
      try {
        return await client.send(new DescribeClusterCommand({ name }));
      } catch (error) {
        if (errorName(error) === "ResourceNotFoundException") return undefined;
        throw error;
      }
    });
    const { endpoint, certificateAuthority } = answer?.cluster ?? {};
    if (endpoint === undefined || certificateAuthority?.data === undefined) return undefined;
    return {
      endpoint,
      certificateAuthority: Buffer.from(certificateAuthority.data, "base64").toString("utf8"),
    };
  };
