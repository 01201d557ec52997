/** Passes the ownership of an exclusive thing in the ledger, by a conditional write. */

import * as z from "zod";
import { otherSide } from "../domain/phases.ts";
import { makeEffect, withJournal } from "./effect.ts";
import { ItemSchema, RunSchema, SideSchema } from "./run.ts";
import { step } from "./step.ts";

export const takeOwnership = step({
  name: "take-ownership",
  does: "Writes into the ledger that one side owns a thing from now on; the other side's proof of being gone comes before.",
  input: z.object({ run: RunSchema, item: ItemSchema, owner: SideSchema, move: z.string() }),
  needs: withJournal({ s3: ["PutObject migrations/*/owners/*"] }),
  run: ({ run, item, owner, move }, context) =>
    makeEffect(
      context,
      run,
      { step: "take-ownership", operation: item.operations.move ?? "", move },
      { kind: "set-owner", thing: `${item.namespace}/${item.name}`, before: otherSide(owner), after: owner },
    ),
});
