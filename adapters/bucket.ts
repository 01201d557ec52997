/** The bucket as JSON objects that are created once or replaced on condition; never written blindly, never deleted. */

import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { canonicalLine } from "../domain/canonical.ts";
import { Conflict, Transient } from "../domain/errors.ts";
import { byCodeUnit } from "../domain/kube.ts";
import { calling, errorName } from "./aws.ts";

export type Stored = { readonly value: unknown; readonly etag: string };

export type Bucket = {
  /** The object's value and its tag for `replaceIf`, or undefined where there is none. */
  readonly getJson: (key: string) => Promise<Stored | undefined>;
  /**
   * Creates an object. Where it exists with equal content this is the lost answer of our own success: `already` is true.
   * @throws Conflict where it exists with another content, or where another write is under way.
   */
  readonly putNew: (
    key: string,
    value: unknown,
  ) => Promise<{ readonly etag: string; readonly already: boolean }>;
  /** Creates an object, or returns what stands there already: whoever comes first is right. One call where it is new, two where it isn't. */
  readonly putFirst: (
    key: string,
    value: unknown,
  ) => Promise<{ readonly value: unknown; readonly already: boolean }>;
  /** Replaces an object that still has this tag; equal content is success. @throws Conflict where it has changed. */
  readonly replaceIf: (key: string, value: unknown, etag: string) => Promise<{ readonly etag: string }>;
  /** All keys with a prefix, sorted. @throws Transient beyond 100,000: nothing of ours has so many. */
  readonly listKeys: (prefix: string) => Promise<readonly string[]>;
};

const PAGES_MAX = 100;

/** What is stored: JSON whose bytes depend on the value only. */
export const canonicalJson = canonicalLine;

const getJson =
  (s3: S3Client, bucket: string): Bucket["getJson"] =>
  async (key) => {
    const answer = await calling(`read ${key} from the bucket`, async () => {
      try {
        return await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      } catch (error) {
        if (errorName(error) === "NoSuchKey") return undefined;
        throw error;
      }
    });
    if (!answer) return undefined;
    const text = (await answer.Body?.transformToString("utf-8")) ?? "";
    return { value: JSON.parse(text) as unknown, etag: answer.ETag ?? "" };
  };

type Condition = { readonly IfNoneMatch: "*" } | { readonly IfMatch: string };

/** A conditional put; a failed condition is undefined. */
const putIf = (s3: S3Client, bucket: string, key: string, body: string, condition: Condition) =>
  calling(`write ${key} to the bucket`, async () => {
    try {
      const input = { Bucket: bucket, Key: key, Body: body, ContentType: "application/json", ...condition };
      return (await s3.send(new PutObjectCommand(input))).ETag ?? "";
    } catch (error) {
      if (errorName(error) === "PreconditionFailed") return undefined;
      throw error;
    }
  });

const putNew = (s3: S3Client, bucket: string): Bucket["putNew"] => {
  const read = getJson(s3, bucket);
  return async (key, value) => {
    const body = canonicalJson(value);
    const etag = await putIf(s3, bucket, key, body, { IfNoneMatch: "*" });
    if (etag !== undefined) return { etag, already: false };
    const there = await read(key);
    if (there && canonicalJson(there.value) === body) return { etag: there.etag, already: true };
    throw new Conflict(`${key} exists in the bucket with another content: somebody else wrote it.`);
  };
};

const putFirst = (s3: S3Client, bucket: string): Bucket["putFirst"] => {
  const read = getJson(s3, bucket);
  return async (key, value) => {
    const etag = await putIf(s3, bucket, key, canonicalJson(value), { IfNoneMatch: "*" });
    if (etag !== undefined) return { value, already: false };
    const there = await read(key);
    if (there) return { value: there.value, already: true };
    throw new Conflict(`${key} was in the bucket when it was to be created, and can't be read yet.`);
  };
};

const replaceIf = (s3: S3Client, bucket: string): Bucket["replaceIf"] => {
  const read = getJson(s3, bucket);
  return async (key, value, etag) => {
    const body = canonicalJson(value);
    const fresh = await putIf(s3, bucket, key, body, { IfMatch: etag });
    if (fresh !== undefined) return { etag: fresh };
    const there = await read(key);
    if (there && canonicalJson(there.value) === body) return { etag: there.etag };
    throw new Conflict(`${key} changed in the bucket since it was read; read it again.`);
  };
};

const listKeys =
  (s3: S3Client, bucket: string): Bucket["listKeys"] =>
  async (prefix) => {
    const keys: string[] = [];
    let token: string | undefined;
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const input = { Bucket: bucket, Prefix: prefix, ...(token ? { ContinuationToken: token } : {}) };
      const answer = await calling(`list ${prefix} in the bucket`, () =>
        s3.send(new ListObjectsV2Command(input)),
      );
      for (const entry of answer.Contents ?? []) if (entry.Key !== undefined) keys.push(entry.Key);
      token = answer.NextContinuationToken;
      if (!answer.IsTruncated || token === undefined) return keys.sort(byCodeUnit);
    }
    throw new Transient(
      `${prefix} holds more than ${PAGES_MAX} pages of objects: something writes without a bound.`,
    );
  };

/** The bucket behind the official client. Needs GetObject, PutObject and ListBucket (without which a missing key reads as forbidden). */
export const makeBucket = (s3: S3Client, bucket: string): Bucket => ({
  getJson: getJson(s3, bucket),
  putNew: putNew(s3, bucket),
  putFirst: putFirst(s3, bucket),
  replaceIf: replaceIf(s3, bucket),
  listKeys: listKeys(s3, bucket),
});
