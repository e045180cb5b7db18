import { OPERATION_BYTES } from "#memory/layout.ts";

// A decoded page has one operation for each halfword of its RAM page, then some of its own (`decoded-pages.ts`), then these.

/** Where a decoded page counts the stores that hit it since something was last decoded there. */
export const STORES_SINCE_DECODE = 2050 * OPERATION_BYTES;
/** Where a decoded page says (u32) how many translated regions it has. */
export const REGIONS_IN_PAGE = 2052 * OPERATION_BYTES;
/** Where a decoded page says (u32) at which address of our memory its RAM page stands. */
export const RAM_OF_PAGE = 2053 * OPERATION_BYTES;
/** The instruction (u32) that last began in a decoded page's last halfword and ended in the next page, and its operation. */
export const SPANNING_WORD = RAM_OF_PAGE + 4;
export const SPANNING_OPERATION = 2054 * OPERATION_BYTES;
