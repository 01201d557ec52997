/**
 * The bearer token of an IAM role for a Kubernetes API server (EKS, or any that runs aws-iam-authenticator): a GetCallerIdentity call that is
 * signed for the cluster's name and made by the server. Source: the authenticator's README and AWS Signature Version 4 (query string).
 */

import { createHash, createHmac } from "node:crypto";

export type Credentials = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
};

/** How long the server may take the token: the authenticator accepts 15 minutes at most, whatever the signature says. */
export const TOKEN_SECONDS = 60;

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

/** RFC 3986, as signatures want it. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** @param cluster The name that the API server knows itself by; a token for one cluster is worth nothing at another. */
export const eksToken = (cluster: string, region: string, credentials: Credentials, at: Date): string => {
  const stamp = at.toISOString().replace(/[-:]|\.\d{3}/g, "");
  const day = stamp.slice(0, 8);
  const scope = `${day}/${region}/sts/aws4_request`;
  const host = `sts.${region}.amazonaws.com`;
  const query = Object.entries({
    Action: "GetCallerIdentity",
    Version: "2011-06-15",
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": `${credentials.accessKeyId}/${scope}`,
    "X-Amz-Date": stamp,
    "X-Amz-Expires": String(TOKEN_SECONDS),
    ...(credentials.sessionToken === undefined ? {} : { "X-Amz-Security-Token": credentials.sessionToken }),
    "X-Amz-SignedHeaders": "host;x-k8s-aws-id",
  })
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join("&");
  const headers = `host:${host}\nx-k8s-aws-id:${cluster}\n`;
  const canonical = ["GET", "/", query, headers, "host;x-k8s-aws-id", sha256("")].join("\n");
  const key = [region, "sts", "aws4_request"].reduce<Buffer>(
    hmac,
    hmac(`AWS4${credentials.secretAccessKey}`, day),
  );
  const signature = hmac(key, ["AWS4-HMAC-SHA256", stamp, scope, sha256(canonical)].join("\n")).toString(
    "hex",
  );
  const url = `https://${host}/?${query}&X-Amz-Signature=${signature}`;
  return `k8s-aws-v1.${Buffer.from(url, "utf8").toString("base64url")}`;
};
