// How the levels of memory look wherever they are told in words.
import type { Pressure } from "../lib/api/types";
import type { IconName } from "../lib/ui/Icon.svelte";

export const levelIcons: Record<Pressure, IconName> = { normal: "check", warn: "info", critical: "alert" };
