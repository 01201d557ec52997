/** The token for an API server, held to what the SDK's own signer makes of the same request. */

import { createHash, createHmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import { describe, expect, it } from "vitest";
import { eksToken, TOKEN_SECONDS } from "../../adapters/eks-token.ts";

/** What the signer asks for: SHA-256, with a key or without. */
class Sha256 {
  readonly #hash: { update(data: Uint8Array | string): unknown; digest(): Buffer };
  constructor(key?: Uint8Array | string | ArrayBuffer) {
    this.#hash = key === undefined ? createHash("sha256") : createHmac("sha256", key as Uint8Array);
  }
  update(data: Uint8Array | string): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

const AT = new Date("2026-03-03T02:00:00.123Z");
const KEYS = { accessKeyId: "ASIAEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };

/** As the SDK presigns it, sorted by name. */
const presigned = async (cluster: string, region: string, credentials: object) => {
  const signer = new SignatureV4({
    service: "sts",
    region,
    credentials: credentials as typeof KEYS,
    sha256: Sha256 as never,
  });
  const { query = {}, hostname } = await signer.presign(
    {
      method: "GET",
      protocol: "https:",
      hostname: `sts.${region}.amazonaws.com`,
      path: "/",
      query: { Action: "GetCallerIdentity", Version: "2011-06-15" },
      headers: { host: `sts.${region}.amazonaws.com`, "x-k8s-aws-id": cluster },
    },
    {
      signingDate: AT,
      expiresIn: TOKEN_SECONDS,
      unhoistableHeaders: new Set(["x-k8s-aws-id"]),
      signableHeaders: new Set(["host", "x-k8s-aws-id"]),
    },
  );
  return { hostname, query };
};

const inToken = (token: string) => {
  const url = new URL(Buffer.from(token.replace(/^k8s-aws-v1\./, ""), "base64url").toString("utf8"));
  return { hostname: url.hostname, query: Object.fromEntries(url.searchParams) };
};

describe("the token for an API server", () => {
  it.each([
    ["keys of a user", "streaming-eks", "eu-central-1", KEYS],
    [
      "a role's session, whose token has every character that is escaped",
      "streaming-eks",
      "us-east-1",
      { ...KEYS, sessionToken: "IQoJb3JpZ2luX2VjE+/=!'()* ~" },
    ],
    ["a cluster whose name has a dash and digits", "a-1", "ap-southeast-2", KEYS],
  ])("is signed as the SDK signs it: %s", async (_, cluster, region, credentials) => {
    const token = eksToken(cluster, region, credentials, AT);
    expect(token).toMatch(/^k8s-aws-v1\.[A-Za-z0-9_-]+$/);
    expect(inToken(token)).toEqual(await presigned(cluster, region, credentials));
  });

  it("is worth nothing at another cluster, and nothing a minute later", () => {
    const signature = (cluster: string, at: Date) =>
      inToken(eksToken(cluster, "eu-central-1", KEYS, at)).query["X-Amz-Signature"];
    expect(signature("a", AT)).not.toBe(signature("b", AT));
    expect(signature("a", AT)).not.toBe(signature("a", new Date(AT.getTime() + 60_000)));
    expect(inToken(eksToken("a", "eu-central-1", KEYS, AT)).query["X-Amz-Expires"]).toBe("60");
  });
});
