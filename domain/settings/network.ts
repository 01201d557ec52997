/** What the network logs, and who tells a caller its own public address. */

import * as z from "zod";
import { hostName } from "./shapes.ts";

export const Network = z.strictObject({
  /** CloudWatch log group of the VPC's flow logs; both clusters stand in that VPC. */
  flowLogGroup: z.string().min(1).max(512).default("vpc-flow-logs"),
  /** Answers HTTPS requests with the public address that they come from. */
  egressEcho: hostName.default("checkip.amazonaws.com"),
});
