/** A bucket that reads once what is written once. For the life of one invocation: nothing is kept for the next. */

import { isWrittenOnce } from "../domain/journal.ts";
import type { Bucket, Stored } from "./bucket.ts";

/** Remembers objects that can't change any more, and never that there is none. */
export const withMemory = (bucket: Bucket): Bucket => {
  const known = new Map<string, Stored>();
  const keep = (key: string, stored: Stored | undefined): Stored | undefined => {
    if (stored && isWrittenOnce(key)) known.set(key, stored);
    return stored;
  };
  return {
    ...bucket,
    getJson: async (key) => known.get(key) ?? keep(key, await bucket.getJson(key)),
    putNew: async (key, value) => {
      const written = await bucket.putNew(key, value);
      keep(key, { value, etag: written.etag });
      return written;
    },
    putFirst: async (key, value) => {
      const first = await bucket.putFirst(key, value);
      keep(key, { value: first.value, etag: "" });
      return first;
    },
  };
};
