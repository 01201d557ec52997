/** `set-owner`: which cluster owns a thing that must not exist twice, changed only by whoever read the owner before. */

import * as z from "zod";
import type { Effect } from "../../domain/effects.ts";
import { OwnedElsewhere } from "../../domain/errors.ts";
import { keys } from "../../domain/journal.ts";
import type { Bucket } from "../bucket.ts";
import type { Outcome } from "../journal.ts";
import type { Clients } from "./clients.ts";

type SetOwner = Extract<Effect, { kind: "set-owner" }>;

const Owner = z.object({ thing: z.string(), owner: z.enum(["source", "target", "nobody"]) });

/** Who owns a thing by the ledger; the source, until somebody wrote otherwise. */
export const ownerOf = async (
  bucket: Bucket,
  migration: string,
  thing: string,
): Promise<SetOwner["before"]> => {
  const stored = await bucket.getJson(keys.owner(migration, thing));
  return stored ? Owner.parse(stored.value).owner : "source";
};

export const applyOwner = (effect: SetOwner, clients: Clients): Promise<Outcome> =>
  pass(effect.thing, effect.before, effect.after, clients);

/** Gives it back, if it is still where we put it. */
export const undoOwner = (effect: SetOwner, clients: Clients): Promise<Outcome> =>
  pass(effect.thing, effect.after, effect.before, clients);

const pass = async (
  thing: string,
  from: SetOwner["before"],
  to: SetOwner["after"],
  clients: Clients,
): Promise<Outcome> => {
  const key = keys.owner(clients.migration, thing);
  const stored = await clients.bucket.getJson(key);
  const now = stored ? Owner.parse(stored.value).owner : "source";
  if (now === to) return { outcome: "stood" };
  if (now !== from)
    throw new OwnedElsewhere(
      `${thing} is owned by the ${now}, not by the ${from}; nothing was changed. Find out who changed the ledger.`,
    );
  const value = { thing, owner: to };
  if (stored) await clients.bucket.replaceIf(key, value, stored.etag);
  else await clients.bucket.putNew(key, value);
  return { outcome: "made" };
};
