/** What a migration has written into the bucket, in the order in which it came there: what `repot events` reads. */

import { ListObjectsV2Command, type S3Client } from "@aws-sdk/client-s3";
import { Transient } from "../domain/errors.ts";
import { entryOfDone } from "../domain/journal.ts";
import { byCodeUnit } from "../domain/kube.ts";
import { calling } from "./aws.ts";

export type RecordSeen = {
  readonly key: string;
  /** Changes when the object is replaced. */
  readonly etag: string;
  /** Milliseconds since 1970, to the second: S3 says no more. */
  readonly writtenMs: number;
};

const PAGES_MAX = 1_000;

/** Within a second the names decide; the mark of an entry comes after the entry. */
const place = (key: string): string => {
  const entry = entryOfDone(key);
  return entry === undefined ? key : `${entry}~`;
};

/** All objects with a prefix, oldest first. @throws an error of domain/errors.ts. */
export const listRecords = async (
  s3: S3Client,
  bucket: string,
  prefix: string,
): Promise<readonly RecordSeen[]> => {
  const found: RecordSeen[] = [];
  let token: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const input = { Bucket: bucket, Prefix: prefix, ...(token ? { ContinuationToken: token } : {}) };
    const answer = await calling(`list ${prefix} in the bucket`, () =>
      s3.send(new ListObjectsV2Command(input)),
    );
    for (const { Key, ETag, LastModified } of answer.Contents ?? [])
      if (Key !== undefined)
        found.push({ key: Key, etag: ETag ?? "", writtenMs: LastModified?.getTime() ?? 0 });
    token = answer.NextContinuationToken;
    if (!answer.IsTruncated || token === undefined)
      return found.sort((a, b) => a.writtenMs - b.writtenMs || byCodeUnit(place(a.key), place(b.key)));
  }
  throw new Transient(
    `${prefix} holds more than ${PAGES_MAX} pages of objects: something writes without a bound.`,
  );
};
