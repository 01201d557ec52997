/**
 * One simulated S3 bucket: versioned, append-only by conditional puts, deletes and unconditional puts denied by its policy.
 * Source: Amazon S3 API reference (PutObject, GetObject, ListObjectsV2) and "How to prevent object overwrites with conditional writes".
 */

import { hash } from "node:crypto";
import {
  type DeleteObjectCommandInput,
  type DeleteObjectsCommandInput,
  type GetObjectCommandInput,
  type GetObjectCommandOutput,
  type HeadObjectCommandInput,
  type HeadObjectCommandOutput,
  type ListObjectsV2CommandInput,
  type ListObjectsV2CommandOutput,
  NoSuchBucket,
  NoSuchKey,
  NotFound,
  type PutObjectCommandInput,
  type PutObjectCommandOutput,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import { byCodeUnit } from "../../domain/kube.ts";
import type { Clock } from "../clock.ts";
import type { Random } from "../random.ts";
import { untraced } from "../untraced.ts";
import { type AwsCaller, NotSimulated } from "./seam.ts";
import { ACCOUNT, type AwsHandlers } from "./seam-aws.ts";
import { knownFields, positionOf, tokenOf } from "./seam-support.ts";

type Output<T> = Omit<T, "$metadata">;

/** One version of an object. */
export type StoredObject = {
  readonly body: string;
  readonly etag: string;
  readonly versionId: string;
  /** Milliseconds since 1970. */
  readonly at: number;
};

export type Put = StoredObject & {
  readonly key: string;
  /** The step or actor that wrote it. */
  readonly by: string;
};

export type S3Service = {
  readonly handlers: AwsHandlers;
  /** The world's own look and hand: what lies in the bucket before a run, and what the interpreter's Map reads and writes. */
  readonly get: (key: string) => string | undefined;
  readonly put: (key: string, body: string, by?: string) => void;
  readonly keys: (prefix: string) => readonly string[];
  /** Every version of an object, oldest first. */
  readonly versions: (key: string) => readonly StoredObject[];
};

export type S3Options = {
  readonly bucket: string;
  readonly clock: Pick<Clock, "now">;
  readonly random: Random;
  /** Keys of a listing's first page where that is fewer than 1,000: "the response might contain fewer keys but will never contain more" (ListObjectsV2). */
  readonly firstPageMax?: number;
  /** After each put that succeeded. */
  readonly onPut?: (put: Put) => void;
};

const refused = (name: string, status: number, message: string): S3ServiceException =>
  untraced(
    () =>
      new S3ServiceException({
        name,
        message,
        $fault: status < 500 ? "client" : "server",
        $metadata: { httpStatusCode: status },
      }),
  );

/** What the SDK makes of a 404 with a body, per command: HEAD has none, so its error carries no code. */
const noSuchKey = (): NoSuchKey =>
  untraced(
    () => new NoSuchKey({ message: "The specified key does not exist.", $metadata: { httpStatusCode: 404 } }),
  );

const explicitDeny = (caller: AwsCaller, action: string, resource: string): S3ServiceException =>
  refused(
    "AccessDenied",
    403,
    `User: arn:aws:sts::${ACCOUNT}:assumed-role/repot-${caller.name}/${caller.name} is not authorized to perform: s3:${action} on resource: "${resource}" with an explicit deny in a resource-based policy`,
  );

const precondition = (condition: string): Error =>
  Object.assign(
    refused("PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold"),
    {
      Condition: condition,
    },
  );

/** A body as the SDK hands it out, without a stream behind it: it may be read once. */
const bodyOf = (text: string): NonNullable<GetObjectCommandOutput["Body"]> => {
  let read = false;
  const once = <T>(value: () => T): Promise<T> => {
    if (read) return Promise.reject(new Error("The stream has already been transformed."));
    read = true;
    return Promise.resolve(value());
  };
  const body = {
    transformToString: () => once(() => text),
    transformToByteArray: () => once(() => new Uint8Array(Buffer.from(text, "utf8"))),
    transformToWebStream: () => {
      throw new NotSimulated("The rehearsal doesn't simulate transformToWebStream: use transformToString.");
    },
  };
  return body as unknown as NonNullable<GetObjectCommandOutput["Body"]>;
};

const textOf = (body: PutObjectCommandInput["Body"]): string => {
  if (typeof body === "string") return body;
  if (body instanceof Uint8Array) return Buffer.from(body).toString("utf8");
  if (body === undefined) return "";
  throw new NotSimulated("The rehearsal doesn't simulate streams as the Body of PutObject: use a string.");
};

const KEY_BYTES_MAX = 1024;
const PAGE_MAX = 1000;

/** The objects of the bucket: all versions by key, and the keys in order. */
class Store {
  readonly #objects = new Map<string, StoredObject[]>();
  #keys: string[] = [];
  /** Keys that no listing has seen yet: they are sorted in when one asks. */
  #fresh: string[] = [];
  readonly options: S3Options;

  constructor(options: S3Options) {
    this.options = options;
  }

  latest(key: string): StoredObject | undefined {
    return this.#objects.get(key)?.at(-1);
  }

  versions(key: string): readonly StoredObject[] {
    return this.#objects.get(key) ?? [];
  }

  put(key: string, body: string, by: string): StoredObject {
    const stored: StoredObject = {
      body,
      etag: `"${hash("md5", body)}"`,
      versionId: this.options.random.id(),
      at: this.options.clock.now(),
    };
    const versions = this.#objects.get(key);
    if (versions) versions.push(stored);
    else {
      this.#objects.set(key, [stored]);
      this.#fresh.push(key);
    }
    this.options.onPut?.({ ...stored, key, by });
    return stored;
  }

  /** Keys with a prefix, in order, after a position (exclusive). */
  *after(prefix: string, position: string): Generator<string> {
    this.#sort();
    // What is written while somebody goes through the keys isn't among them.
    const keys = this.#keys;
    let i = this.#from(position > prefix ? position : prefix);
    if (keys[i] === position) i += 1;
    for (let key = keys[i]; key?.startsWith(prefix); key = keys[++i]) yield key;
  }

  #sort(): void {
    if (this.#fresh.length === 0) return;
    this.#keys = [...this.#keys, ...this.#fresh.sort(byCodeUnit)].sort(byCodeUnit);
    this.#fresh = [];
  }

  /** Index of the first key that isn't before this one. */
  #from(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (byCodeUnit(this.#keys[middle] as string, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

type Named = { readonly Bucket?: string | undefined; readonly Key?: string | undefined };

const checked = (store: Store, input: Named): string => {
  if (input.Bucket !== store.options.bucket)
    throw new NoSuchBucket({
      message: "The specified bucket does not exist",
      $metadata: { httpStatusCode: 404 },
    });
  const key = input.Key ?? "";
  if (key === "") throw new Error("No value provided for input HTTP label: Key.");
  if (Buffer.byteLength(key, "utf8") > KEY_BYTES_MAX)
    throw refused("KeyTooLongError", 400, "Your key is too long");
  return key;
};

/** The version asked for. Without ListBucket a missing key is a 403: S3 doesn't tell strangers what isn't there. */
const found = (
  store: Store,
  input: Named & { VersionId?: string | undefined },
  caller: AwsCaller,
): StoredObject => {
  const key = checked(store, input);
  const stored = input.VersionId
    ? store.versions(key).find((version) => version.versionId === input.VersionId)
    : store.latest(key);
  if (stored) return stored;
  if (!caller.may("s3", "ListBucket"))
    throw refused(
      "AccessDenied",
      403,
      `User: arn:aws:sts::${ACCOUNT}:assumed-role/repot-${caller.name}/${caller.name} is not authorized to perform: s3:ListBucket on resource: "arn:aws:s3:::${store.options.bucket}" because no identity-based policy allows the s3:ListBucket action`,
    );
  if (input.VersionId) throw refused("NoSuchVersion", 404, "The specified version does not exist.");
  throw noSuchKey();
};

const put =
  (store: Store) =>
  (input: PutObjectCommandInput, caller: AwsCaller): Output<PutObjectCommandOutput> => {
    knownFields("s3:PutObject", input, ["Bucket", "Key", "Body", "ContentType", "IfNoneMatch", "IfMatch"]);
    const key = checked(store, input);
    if (input.IfNoneMatch === undefined && input.IfMatch === undefined)
      throw explicitDeny(caller, "PutObject", `arn:aws:s3:::${store.options.bucket}/${key}`);
    if (input.IfNoneMatch !== undefined && input.IfNoneMatch !== "*")
      throw refused(
        "NotImplemented",
        501,
        "A header you provided implies functionality that is not implemented",
      );
    const latest = store.latest(key);
    if (input.IfNoneMatch === "*" && latest) throw precondition("If-None-Match");
    if (input.IfMatch !== undefined) {
      if (!latest) throw noSuchKey();
      if (unquoted(latest.etag) !== unquoted(input.IfMatch)) throw precondition("If-Match");
    }
    const stored = store.put(key, textOf(input.Body), caller.name);
    return { ETag: stored.etag, VersionId: stored.versionId, ServerSideEncryption: "AES256" };
  };

const unquoted = (etag: string): string => etag.replace(/^"|"$/g, "");

const get =
  (store: Store) =>
  (input: GetObjectCommandInput, caller: AwsCaller): Output<GetObjectCommandOutput> => {
    knownFields("s3:GetObject", input, ["Bucket", "Key", "VersionId"]);
    const stored = found(store, input, caller);
    return { ...headOf(stored), Body: bodyOf(stored.body) };
  };

const headOf = (stored: StoredObject): Output<HeadObjectCommandOutput> => ({
  AcceptRanges: "bytes",
  ContentLength: Buffer.byteLength(stored.body, "utf8"),
  ContentType: "application/json",
  ETag: stored.etag,
  LastModified: new Date(Math.floor(stored.at / 1000) * 1000),
  VersionId: stored.versionId,
  ServerSideEncryption: "AES256",
  Metadata: {},
});

const head =
  (store: Store) =>
  (input: HeadObjectCommandInput, caller: AwsCaller): Output<HeadObjectCommandOutput> => {
    knownFields("s3:HeadObject", input, ["Bucket", "Key", "VersionId"]);
    try {
      return headOf(found(store, input, caller));
    } catch (error) {
      // A HEAD answer has no body, hence no code: the SDK names what it sees in the status line.
      if (error instanceof NoSuchKey)
        throw new NotFound({ message: "UnknownError", $metadata: { httpStatusCode: 404 } });
      if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 403)
        throw refused("403", 403, "UnknownError");
      throw error;
    }
  };

const list =
  (store: Store) =>
  (input: ListObjectsV2CommandInput): Output<ListObjectsV2CommandOutput> => {
    const fields = ["Bucket", "Prefix", "Delimiter", "MaxKeys", "ContinuationToken", "StartAfter"];
    knownFields("s3:ListObjectsV2", input, fields);
    checked(store, { Bucket: input.Bucket, Key: "-" });
    const prefix = input.Prefix ?? "";
    const allowed = input.ContinuationToken ? PAGE_MAX : (store.options.firstPageMax ?? PAGE_MAX);
    const size = Math.min(input.MaxKeys ?? PAGE_MAX, PAGE_MAX, allowed);
    const start = input.ContinuationToken ? positionOf(input.ContinuationToken) : (input.StartAfter ?? "");
    const contents: string[] = [];
    const groups = new Set<string>();
    let last = start;
    let truncated = false;
    for (const key of store.after(prefix, start)) {
      const cut = input.Delimiter ? key.indexOf(input.Delimiter, prefix.length) : -1;
      const group = cut < 0 ? undefined : key.slice(0, cut + (input.Delimiter ?? "").length);
      // A page may end within a group of common prefixes: the next one must not name that group again.
      if (group !== undefined && (groups.has(group) || (start.startsWith(group) && start >= group))) {
        last = key;
        continue;
      }
      if (contents.length + groups.size >= size) {
        truncated = true;
        break;
      }
      if (group === undefined) contents.push(key);
      else groups.add(group);
      last = key;
    }
    return {
      Name: store.options.bucket,
      Prefix: prefix,
      MaxKeys: size,
      KeyCount: contents.length + groups.size,
      IsTruncated: truncated,
      ...(input.Delimiter ? { Delimiter: input.Delimiter } : {}),
      ...(input.ContinuationToken ? { ContinuationToken: input.ContinuationToken } : {}),
      ...(input.StartAfter ? { StartAfter: input.StartAfter } : {}),
      ...(truncated ? { NextContinuationToken: tokenOf(last) } : {}),
      ...(contents.length > 0 ? { Contents: contents.map((key) => entryOf(store, key)) } : {}),
      ...(groups.size > 0 ? { CommonPrefixes: [...groups].map((Prefix) => ({ Prefix })) } : {}),
    };
  };

const entryOf = (store: Store, key: string) => {
  const { etag, at, body } = store.latest(key) as StoredObject;
  return {
    Key: key,
    LastModified: new Date(Math.floor(at / 1000) * 1000),
    ETag: etag,
    Size: Buffer.byteLength(body, "utf8"),
    StorageClass: "STANDARD" as const,
  };
};

/** The bucket's policy denies every delete to everybody. */
const denyDelete =
  (store: Store) =>
  (input: DeleteObjectCommandInput | DeleteObjectsCommandInput, caller: AwsCaller): never => {
    const key = "Key" in input && input.Key ? input.Key : "*";
    throw explicitDeny(caller, "DeleteObject", `arn:aws:s3:::${store.options.bucket}/${key}`);
  };

/** One bucket and the commands in front of it. */
export const makeS3 = (options: S3Options): S3Service => {
  const store = new Store({ ...options, random: options.random.fork("s3") });
  return {
    handlers: {
      PutObject: put(store),
      GetObject: get(store),
      HeadObject: head(store),
      ListObjectsV2: list(store),
      DeleteObject: denyDelete(store),
      DeleteObjects: denyDelete(store),
    },
    get: (key) => store.latest(key)?.body,
    put: (key, body, by = "world") => {
      store.put(key, body, by);
    },
    keys: (prefix) => [...store.after(prefix, "")],
    versions: (key) => store.versions(key),
  };
};
