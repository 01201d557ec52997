/** The memory: one bucket for plans, journal, evidence and approvals, encrypted by a key of ours; and Velero's bucket, which is its own. */

import { keep, type Stage } from "./stage.ts";

export type Storage = {
  readonly key: aws.kms.Key;
  readonly memory: aws.s3.Bucket;
  readonly velero: aws.s3.Bucket;
};

/** Governance, not compliance: two people with the right to bypass may still put right what went wrong. */
const LOCK_DAYS = { production: 400, others: 1 } as const;

export const makeStorage = (stage: Stage): Storage => {
  const { place } = stage;
  const key = new aws.kms.Key(
    "MemoryKey",
    {
      description: "What Repot remembers of migrations",
      enableKeyRotation: true,
      deletionWindowInDays: 30,
      policy: JSON.stringify(keyPolicy(stage)),
    },
    keep(stage),
  );
  new aws.kms.Alias("MemoryKeyAlias", { name: `alias/${place.prefix}-memory`, targetKeyId: key.keyId });
  const memory = makeBucket(stage, "Memory", place.bucket, key, true);
  new aws.s3.BucketObjectLockConfiguration("MemoryLock", {
    bucket: memory.bucket,
    rule: {
      defaultRetention: {
        mode: "GOVERNANCE",
        days: stage.isProduction ? LOCK_DAYS.production : LOCK_DAYS.others,
      },
    },
  });
  new aws.s3.BucketPolicy("MemoryPolicy", {
    bucket: memory.bucket,
    policy: JSON.stringify({
      Version: "2012-10-17",
      Statement: [...tlsOnly(place.partition, place.bucket), ...recordOnly(place.partition, place.bucket)],
    }),
  });
  const veleroName = `${place.prefix}-velero-${place.account}`;
  const velero = makeBucket(stage, "Velero", veleroName, key, false);
  new aws.s3.BucketPolicy("VeleroPolicy", {
    bucket: velero.bucket,
    policy: JSON.stringify({ Version: "2012-10-17", Statement: tlsOnly(place.partition, veleroName) }),
  });
  return { key, memory, velero };
};

/** The account decides by IAM who may use the key; the service that writes alarms and dead letters may use it for them. */
const keyPolicy = ({ place }: Stage) => ({
  Version: "2012-10-17",
  Statement: [
    {
      Sid: "AccountDecidesByIam",
      Effect: "Allow",
      Principal: { AWS: `arn:${place.partition}:iam::${place.account}:root` },
      Action: ["kms:*"],
      Resource: "*",
    },
  ],
});

const makeBucket = (
  stage: Stage,
  name: string,
  bucketName: string,
  key: aws.kms.Key,
  objectLockEnabled: boolean,
): aws.s3.Bucket => {
  const bucket = new aws.s3.Bucket(`${name}Bucket`, { bucket: bucketName, objectLockEnabled }, keep(stage));
  const of = { bucket: bucket.bucket };
  new aws.s3.BucketVersioning(`${name}Versioning`, {
    ...of,
    versioningConfiguration: { status: "Enabled" },
  });
  new aws.s3.BucketServerSideEncryptionConfiguration(`${name}Encryption`, {
    ...of,
    rules: [
      {
        bucketKeyEnabled: true,
        applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: key.arn },
      },
    ],
  });
  new aws.s3.BucketPublicAccessBlock(`${name}Private`, {
    ...of,
    blockPublicAcls: true,
    blockPublicPolicy: true,
    ignorePublicAcls: true,
    restrictPublicBuckets: true,
  });
  new aws.s3.BucketOwnershipControls(`${name}Owner`, {
    ...of,
    rule: { objectOwnership: "BucketOwnerEnforced" },
  });
  return bucket;
};

const arnsOf = (partition: string, bucket: string) => ({
  bucket: `arn:${partition}:s3:::${bucket}`,
  objects: `arn:${partition}:s3:::${bucket}/*`,
});

const deny = (sid: string, action: readonly string[], resource: readonly string[], condition?: object) => ({
  Sid: sid,
  Effect: "Deny",
  Principal: "*",
  Action: action,
  Resource: resource,
  ...(condition ? { Condition: condition } : {}),
});

const tlsOnly = (partition: string, bucket: string) => {
  const { bucket: whole, objects } = arnsOf(partition, bucket);
  return [
    deny("OnlyOverTls", ["s3:*"], [whole, objects], { Bool: { "aws:SecureTransport": "false" } }),
    deny("OnlyModernTls", ["s3:*"], [whole, objects], { NumericLessThan: { "s3:TlsVersion": "1.2" } }),
  ];
};

/**
 * Append-only: nothing is deleted, and nothing is written blindly. A put carries If-None-Match (a new object) or If-Match (a change of what was
 * read); a null condition is a header that isn't there. Multipart uploads would name neither, so they are refused as a whole.
 */
const recordOnly = (partition: string, bucket: string) => {
  const { bucket: whole, objects } = arnsOf(partition, bucket);
  return [
    deny(
      "NothingIsDeleted",
      ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutLifecycleConfiguration"],
      [objects, whole],
    ),
    deny("NothingIsWrittenBlindly", ["s3:PutObject"], [objects], {
      Null: { "s3:if-match": "true", "s3:if-none-match": "true" },
    }),
    deny("NoLockIsBypassed", ["s3:BypassGovernanceRetention"], [objects]),
  ];
};
