/** How each kind of effect is made and undone. A new kind needs a line in both switches, or nothing compiles. */

import type { Effect } from "../../domain/effects.ts";
import type { Outcome } from "../journal.ts";
import type { Clients } from "./clients.ts";
import { createCluster, undoCluster } from "./clusters.ts";
import { applyField, undoField } from "./fields.ts";
import { createObject, createObjects, deleteObject, undoCreate, undoCreates, undoDelete } from "./objects.ts";
import { applyOwner, undoOwner } from "./owners.ts";
import { applyRecord, createZone, undoRecord, undoZone } from "./zones.ts";

/**
 * Makes an effect and reads it back. Idempotent: what stands already stays.
 * @param isFresh Its intent was recorded just now, so that no attempt of ours came before: some effects needn't look first.
 */
export const applyEffect = (effect: Effect, clients: Clients, isFresh = false): Promise<Outcome> => {
  switch (effect.kind) {
    case "set-field":
      return applyField(effect, clients, isFresh);
    case "create-object":
      return createObject(effect, clients, isFresh);
    case "create-objects":
      return createObjects(effect, clients, isFresh);
    case "delete-object":
      return deleteObject(effect, clients, isFresh);
    case "set-record":
      return applyRecord(effect, clients);
    case "create-zone":
      return createZone(effect, clients);
    case "create-cluster":
      return createCluster(effect, clients);
    case "set-owner":
      return applyOwner(effect, clients);
  }
};

/** Brings the old value back by value, never by difference; total, also for an effect that never happened. */
export const undoEffect = (effect: Effect, clients: Clients): Promise<Outcome> => {
  switch (effect.kind) {
    case "set-field":
      return undoField(effect, clients);
    case "create-object":
      return undoCreate(effect, clients);
    case "create-objects":
      return undoCreates(effect, clients);
    case "delete-object":
      return undoDelete(effect, clients);
    case "set-record":
      return undoRecord(effect, clients);
    case "create-zone":
      return undoZone(effect, clients);
    case "create-cluster":
      return undoCluster(effect, clients);
    case "set-owner":
      return undoOwner(effect, clients);
  }
};
