import { linux } from "./guests/linux.ts";
import { uboot } from "./guests/uboot.ts";
import type { Recipe } from "./recipe.ts";

/** Every image that can be built, in the order of the gallery. */
export const recipes: readonly Recipe[] = [linux, uboot];
