/** What Step Functions itself reads for a Map: objects of the bucket, under the machine's own role. */

import type { Integrate, Json } from "../interpreter/engine.ts";
import type { S3Service } from "../services/s3.ts";

/** Rejects as the S3 integration does; the engine makes States.ItemReaderFailed of it. */
class S3Error extends Error {
  override readonly name: string;
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

export const makeItemReader =
  (s3: Pick<S3Service, "get">): Integrate =>
  async (resource, args) => {
    if (!resource.endsWith("s3:getObject"))
      throw new S3Error("NotSimulated", `No machine of ours uses ${resource}.`);
    const { Key: key } = args as { readonly Key?: string };
    const body = key === undefined ? undefined : s3.get(key);
    if (body === undefined)
      throw new S3Error("S3.NoSuchKeyException", `The specified key does not exist: ${key ?? ""}`);
    return { Body: body } as Json;
  };
