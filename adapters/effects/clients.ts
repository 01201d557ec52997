/** What the executors of effects reach the world by. */

import type { AwsClients } from "../aws-clients.ts";
import type { Bucket } from "../bucket.ts";
import type { Kubernetes } from "../kubernetes.ts";

export type Clients = {
  readonly kubernetes: { readonly source: Kubernetes; readonly target: Kubernetes };
  readonly aws: AwsClients;
  readonly bucket: Bucket;
  /** Names the objects of this migration in the bucket, in annotations and in tokens. */
  readonly migration: string;
};
