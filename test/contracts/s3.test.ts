/** The contract of the bucket: what S3 answers and refuses, through the middleware and on the wire; and the adapter in front of it. */

import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import { canonicalJson, makeBucket } from "../../adapters/bucket.ts";
import { makeRandom } from "../../simulator/random.ts";
import { makeS3, type S3Service } from "../../simulator/services/s3.ts";
import type { FaultHook } from "../../simulator/services/seam.ts";
import { makeBench, onWire, type WireRequest } from "./harness.ts";

const BUCKET = "repot-memory";
const NEEDS = { s3: ["GetObject", "PutObject", "ListBucket", "DeleteObject"] };

const bench = (fault?: FaultHook, limits: { readonly firstPageMax?: number } = {}) => {
  let s3: S3Service | undefined;
  const puts: string[] = [];
  const made = makeBench(
    (clock) => {
      s3 = makeS3({
        bucket: BUCKET,
        clock,
        random: makeRandom(1),
        ...limits,
        onPut: ({ key, by }) => puts.push(`${by} ${key}`),
      });
      return { s3: s3.handlers };
    },
    { needs: NEEDS, ...(fault ? { fault } : {}) },
  );
  return { ...made, puts, world: s3 as S3Service };
};

const at = (Key: string) => ({ Bucket: BUCKET, Key });
const MD5_OF_ONE = '"c4ca4238a0b923820dcc509a6f75849b"';

describe("S3 refuses what the real one refuses", () => {
  const cases: readonly (readonly [
    title: string,
    command: () =>
      | GetObjectCommand
      | PutObjectCommand
      | HeadObjectCommand
      | DeleteObjectCommand
      | ListObjectsV2Command,
    error: { readonly name: string; readonly status: number },
  ])[] = [
    [
      "an object that isn't there",
      () => new GetObjectCommand(at("nothing")),
      { name: "NoSuchKey", status: 404 },
    ],
    [
      "the head of an object that isn't there",
      () => new HeadObjectCommand(at("nothing")),
      { name: "NotFound", status: 404 },
    ],
    [
      "a version that isn't there",
      () => new GetObjectCommand({ ...at("there"), VersionId: "0" }),
      { name: "NoSuchVersion", status: 404 },
    ],
    [
      "another bucket",
      () => new GetObjectCommand({ Bucket: "somebody-elses", Key: "there" }),
      { name: "NoSuchBucket", status: 404 },
    ],
    [
      "creating what exists",
      () => new PutObjectCommand({ ...at("there"), Body: "2", IfNoneMatch: "*" }),
      { name: "PreconditionFailed", status: 412 },
    ],
    [
      "If-None-Match with a tag",
      () => new PutObjectCommand({ ...at("there"), Body: "2", IfNoneMatch: MD5_OF_ONE }),
      { name: "NotImplemented", status: 501 },
    ],
    [
      "replacing what has changed",
      () => new PutObjectCommand({ ...at("there"), Body: "2", IfMatch: '"0"' }),
      { name: "PreconditionFailed", status: 412 },
    ],
    [
      "replacing what isn't there",
      () => new PutObjectCommand({ ...at("nothing"), Body: "2", IfMatch: MD5_OF_ONE }),
      { name: "NoSuchKey", status: 404 },
    ],
    [
      "a put without a condition (the bucket's policy)",
      () => new PutObjectCommand({ ...at("new"), Body: "2" }),
      { name: "AccessDenied", status: 403 },
    ],
    [
      "any delete (the bucket's policy)",
      () => new DeleteObjectCommand(at("there")),
      { name: "AccessDenied", status: 403 },
    ],
    [
      "a key above 1,024 bytes",
      () => new PutObjectCommand({ ...at("ü".repeat(513)), Body: "2", IfNoneMatch: "*" }),
      { name: "KeyTooLongError", status: 400 },
    ],
  ];
  it.each(cases)("%s", async (_title, command, { name, status }) => {
    const { asStep, world } = bench();
    world.put("there", "1");
    const refused = asStep((aws) => aws.s3.send(command() as GetObjectCommand));
    await expect(refused).rejects.toMatchObject({ name, $metadata: { httpStatusCode: status } });
    expect(world.versions("there")).toHaveLength(1);
    expect(world.keys("")).toEqual(["there"]);
  });

  it("a missing key reads as forbidden to who may not list", async () => {
    const { asStep } = bench();
    const blind = asStep((aws) => aws.s3.send(new GetObjectCommand(at("nothing"))), { s3: ["GetObject"] });
    await expect(blind).rejects.toMatchObject({ name: "AccessDenied", $metadata: { httpStatusCode: 403 } });
  });

  it("a command or a field that isn't simulated is a clear error and no answer", async () => {
    const { asStep } = bench();
    await expect(asStep((aws) => aws.s3.send(new ListBucketsCommand({})))).rejects.toThrow(
      "The rehearsal doesn't simulate s3:ListBuckets: add it to simulator/services/s3.ts.",
    );
    const ranged = asStep((aws) => aws.s3.send(new GetObjectCommand({ ...at("x"), Range: "bytes=0-1" })));
    await expect(ranged).rejects.toThrow("The rehearsal doesn't simulate Range of s3:GetObject.");
  });
});

describe("S3 keeps what it was given", () => {
  it("tags an object with the quoted MD5 of its bytes and keeps every version", async () => {
    const { asStep, world, puts } = bench();
    const tags = await asStep(async (aws) => {
      const first = await aws.s3.send(new PutObjectCommand({ ...at("a/b"), Body: "1", IfNoneMatch: "*" }));
      const second = await aws.s3.send(
        new PutObjectCommand({ ...at("a/b"), Body: new TextEncoder().encode("zwölf"), IfMatch: first.ETag }),
      );
      const old = await aws.s3.send(new GetObjectCommand({ ...at("a/b"), VersionId: first.VersionId }));
      const now = await aws.s3.send(new GetObjectCommand(at("a/b")));
      const head = await aws.s3.send(new HeadObjectCommand(at("a/b")));
      expect(head.ETag).toBe(second.ETag);
      expect(head.ContentLength).toBe(6);
      return [first.ETag, await old.Body?.transformToString(), await now.Body?.transformToString()];
    });
    expect(tags).toEqual([MD5_OF_ONE, "1", "zwölf"]);
    expect(world.versions("a/b").map((v) => v.body)).toEqual(["1", "zwölf"]);
    expect(puts).toEqual(["a-step a/b", "a-step a/b"]);
  });

  it("a body can be read once, like a stream", async () => {
    const { asStep, world } = bench();
    world.put("there", "1");
    const twice = asStep(async (aws) => {
      const { Body } = await aws.s3.send(new GetObjectCommand(at("there")));
      await Body?.transformToString();
      return Body?.transformToString();
    });
    await expect(twice).rejects.toThrow("already been transformed");
  });

  it.each([1, 2, 3, 7, 1000])(
    "lists each key and each common prefix once, in pages of %i",
    async (MaxKeys) => {
      const { asStep, world } = bench();
      const keys = ["a/1", "a/2", "b", "c/1/x", "c/1/y", "c/2", "c0", "d/"];
      for (const key of [...keys].reverse()) world.put(key, "1");
      const list = (input: { Prefix?: string; Delimiter?: string }) =>
        asStep(async (aws) => {
          const seen: string[] = [];
          let token: string | undefined;
          do {
            const page = await aws.s3.send(
              new ListObjectsV2Command({ Bucket: BUCKET, MaxKeys, ContinuationToken: token, ...input }),
            );
            const here = [
              ...(page.Contents ?? []).map((c) => c.Key ?? ""),
              ...(page.CommonPrefixes ?? []).map((p) => p.Prefix ?? ""),
            ];
            expect(page.KeyCount).toBe(here.length);
            expect(here.length).toBeLessThanOrEqual(MaxKeys);
            seen.push(...here.sort());
            token = page.NextContinuationToken;
          } while (token);
          return seen;
        });
      expect(await list({})).toEqual(keys);
      expect((await list({ Delimiter: "/" })).sort()).toEqual(["a/", "b", "c/", "c0", "d/"]);
      expect((await list({ Prefix: "c/", Delimiter: "/" })).sort()).toEqual(["c/1/", "c/2"]);
      expect(await list({ Prefix: "zzz" })).toEqual([]);
    },
  );
});

describe("S3 on the wire", () => {
  it("serialises a conditional put and reads its answer to the same output", async () => {
    const sent: WireRequest[] = [];
    const headers = { etag: MD5_OF_ONE, "x-amz-version-id": "v1", "x-amz-server-side-encryption": "AES256" };
    const client = new S3Client(onWire(sent, { headers }));
    const command = () =>
      new PutObjectCommand({ ...at("a/b"), Body: "1", IfNoneMatch: "*", ContentType: "application/json" });
    const real = await client.send(command());
    const { asStep } = bench();
    const simulated = await asStep((aws) => aws.s3.send(command()));
    expect(sent[0]).toMatchObject({ method: "PUT", path: "/a/b", body: "1" });
    expect(sent[0]?.headers["if-none-match"]).toBe("*");
    const shape = (output: object) =>
      Object.keys(output)
        .filter((k) => k !== "$metadata")
        .sort();
    expect(shape(simulated)).toEqual(
      shape(real).filter((k) => (real as unknown as Record<string, unknown>)[k] !== undefined),
    );
    expect(simulated.ETag).toBe(real.ETag);
  });

  it.each([
    ["NoSuchKey", 404, "The specified key does not exist."],
    ["PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold"],
    ["AccessDenied", 403, "Access Denied"],
    ["ConditionalRequestConflict", 409, "The conditional request cannot succeed"],
    ["SlowDown", 503, "Please reduce your request rate."],
  ])("%s comes out of the client under the name that our service throws", async (code, status, message) => {
    const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
    const client = new S3Client(onWire([], { status, body }));
    await expect(client.send(new GetObjectCommand(at("x")))).rejects.toMatchObject({
      name: code,
      message,
      $metadata: { httpStatusCode: status },
    });
  });

  it("a page of a list has the same fields as the simulated one", async () => {
    const sent: WireRequest[] = [];
    const body = `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>${BUCKET}</Name><Prefix>a/</Prefix><NextContinuationToken>t</NextContinuationToken><KeyCount>1</KeyCount><MaxKeys>1</MaxKeys><IsTruncated>true</IsTruncated><Contents><Key>a/1</Key><LastModified>2026-03-03T02:00:00.000Z</LastModified><ETag>&quot;c4ca4238a0b923820dcc509a6f75849b&quot;</ETag><Size>1</Size><StorageClass>STANDARD</StorageClass></Contents></ListBucketResult>`;
    const client = new S3Client(onWire(sent, { body }));
    const command = () => new ListObjectsV2Command({ Bucket: BUCKET, Prefix: "a/", MaxKeys: 1 });
    const { $metadata: _, NextContinuationToken: _token, ...real } = await client.send(command());
    const { asStep, world } = bench();
    world.put("a/1", "1");
    world.put("a/2", "1");
    const {
      $metadata: _m,
      NextContinuationToken,
      ...simulated
    } = await asStep((aws) => aws.s3.send(command()));
    expect(simulated).toEqual(real);
    expect(NextContinuationToken).toBeDefined();
    expect(sent[0]?.query).toMatchObject({ "list-type": "2", prefix: "a/", "max-keys": "1" });
  });
});

describe("the bucket adapter", () => {
  it("writes the same bytes whatever the order of the fields", () => {
    expect(canonicalJson({ b: 1, a: { d: [{ z: 1, y: undefined }], c: null } })).toBe(
      '{"a":{"c":null,"d":[{"z":1}]},"b":1}',
    );
  });

  it("reads undefined for what isn't there, and what it wrote with its tag", async () => {
    const { asStep } = bench();
    const [before, put, after] = await asStep(async ({ s3 }) => {
      const bucket = makeBucket(s3, BUCKET);
      const nothing = await bucket.getJson("a");
      const done = await bucket.putNew("a", { x: 1 });
      return [nothing, done, await bucket.getJson("a")] as const;
    });
    expect(before).toBeUndefined();
    expect(put.already).toBe(false);
    expect(after).toEqual({ value: { x: 1 }, etag: put.etag });
  });

  it("takes a 412 on equal content for the lost answer of its own success, and another content for a conflict", async () => {
    const { asStep, world } = bench();
    world.put("a", '{"x":1,"y":2}');
    await asStep(async ({ s3 }) => {
      const bucket = makeBucket(s3, BUCKET);
      expect((await bucket.putNew("a", { y: 2, x: 1 })).already).toBe(true);
      await expect(bucket.putNew("a", { x: 2 })).rejects.toMatchObject({ name: "Conflict" });
    });
    expect(world.versions("a")).toHaveLength(1);
  });

  it("replaces only what it has read", async () => {
    const { asStep, world } = bench();
    world.put("a", '{"x":1}');
    await asStep(async ({ s3 }) => {
      const bucket = makeBucket(s3, BUCKET);
      const read = await bucket.getJson("a");
      const { etag } = await bucket.replaceIf("a", { x: 2 }, read?.etag ?? "");
      await expect(bucket.replaceIf("a", { x: 3 }, read?.etag ?? "")).rejects.toMatchObject({
        name: "Conflict",
      });
      expect(await bucket.replaceIf("a", { x: 2 }, read?.etag ?? "")).toEqual({ etag });
    });
    expect(world.get("a")).toBe('{"x":2}');
  });

  it("lists beyond a page", async () => {
    const { asStep, world } = bench();
    for (let i = 0; i < 2_345; i += 1) world.put(`j/${String(i).padStart(4, "0")}`, "1");
    const keys = await asStep(({ s3 }) => makeBucket(s3, BUCKET).listKeys("j/"));
    expect(keys).toHaveLength(2_345);
    expect(keys.at(-1)).toBe("j/2344");
  });

  it("lists a migration of thousands of applications after a short first page, and what is written between two pages", async () => {
    const { asStep, world } = bench(undefined, { firstPageMax: 100 });
    for (let i = 0; i < 17_000; i += 1) world.put(`j/${String(i * 7_919).padStart(9, "0")}`, "1");
    const sizes = await asStep(async ({ s3 }) => {
      const first = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: "j/" }));
      world.put("j/000000001", "1");
      world.put("j/999999999", "1");
      const ContinuationToken = first.NextContinuationToken;
      const second = await s3.send(
        new ListObjectsV2Command({ Bucket: BUCKET, Prefix: "j/", ContinuationToken }),
      );
      return [first.KeyCount, second.KeyCount];
    });
    expect(sizes).toEqual([100, 1_000]);
    const keys = await asStep(({ s3 }) => makeBucket(s3, BUCKET).listKeys("j/"));
    expect(keys).toHaveLength(17_002);
    expect(keys).toEqual(keys.toSorted());
  });

  it.each([
    ["throttled", "Throttled"],
    ["conflict", "Conflict"],
    ["server-error", "Transient"],
    ["answer-lost", "AnswerLost"],
  ] as const)("says %s as the domain does: %s", async (kind, name) => {
    const { asStep, world } = bench((call) => (call.moment === "before" ? { kind } : undefined));
    const put = asStep(({ s3 }) => makeBucket(s3, BUCKET).putNew("a", 1));
    await expect(put).rejects.toMatchObject({ name });
    expect(world.keys("")).toEqual([]);
  });

  it("says forbidden where the step didn't declare the action", async () => {
    const { asStep } = bench();
    const put = asStep(({ s3 }) => makeBucket(s3, BUCKET).putNew("a", 1), { s3: ["GetObject"] });
    await expect(put).rejects.toMatchObject({
      name: "Forbidden",
      message: expect.stringContaining("s3:PutObject"),
    });
  });
});
