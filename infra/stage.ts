/** What every capability needs to know of the stage it is deployed to. */

import type { Place } from "../domain/permissions/place.ts";
import type { Deployment } from "./deployment.ts";

export type Stage = {
  readonly name: string;
  readonly deployment: Deployment;
  readonly place: Omit<Place, "keyArn">;
  /** Production keeps what it has when the stack goes. */
  readonly isProduction: boolean;
};

/** For what can't be made again: data, keys, the record of who did what. */
export const keep = ({ isProduction }: Stage) => ({ protect: isProduction, retainOnDelete: isProduction });

/** How long logs live. */
export const LOG_DAYS = { production: 400, others: 30 } as const;
export const logDays = ({ isProduction }: Stage): number =>
  isProduction ? LOG_DAYS.production : LOG_DAYS.others;
