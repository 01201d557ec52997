/** What the gates, drains and waits of the freeze and of the move are good for. */

import { describe } from "vitest";
import { MOVING } from "./moving.ts";
import { shows } from "./nights.ts";

describe("left out of the move, it is missed", () => shows(MOVING));
