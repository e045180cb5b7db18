import type { AppState } from "#app/store/app-store.ts";
import type { AppWorld } from "#app/store/app-context.tsx";
import type { GuestView } from "#app/store/guests-slice.ts";
import { guestMenu } from "#app/workspace/guest-menu.ts";
import type { MenuEntry } from "#app/ui/menu.tsx";

/** Everything that can be done at the moment, by name. */
export function commands(world: AppWorld): readonly MenuEntry[] {
  const state = world.store.getState();
  const selected = state.guests.find(({ id }) => id === state.selectedGuest);
  return [
    ...(selected ? guestCommands(world, selected) : []),
    ...state.guests.map(({ id, name }): MenuEntry => ({
      id: `go-${id}`,
      title: `Go to ${name}`,
      icon: "dot",
      run: () => world.acts.goTo(id),
    })),
    ...(state.images ?? [])
      .filter(({ problem }) => problem === undefined)
      .map((image): MenuEntry => ({
        id: `start-${image.id}`,
        title: `Start a new ${image.title}`,
        icon: "plus",
        run: () => void world.acts.create({ image: image.id }),
      })),
    ...pageCommands(state),
  ].filter(({ disabled }) => disabled !== true);
}

function guestCommands(world: AppWorld, guest: GuestView): readonly MenuEntry[] {
  const { acts, store } = world;
  const { id: guestId, name, runState } = guest;
  const isLoading = runState === "loading";
  const entries: readonly MenuEntry[] = [
    {
      id: "pause",
      title: "Pause",
      icon: "pause",
      disabled: runState !== "running",
      run: () => void acts.pause(guestId),
    },
    {
      id: "resume",
      title: "Resume",
      icon: "play",
      disabled: runState !== "paused",
      run: () => void acts.resume(guestId),
    },
    {
      id: "snapshot",
      title: "Snapshot…",
      icon: "snapshot",
      disabled: isLoading,
      run: () => store.getState().dialogOpened({ type: "takeSnapshot", guestId }),
    },
    ...guest.snapshots.map(({ id, label }): MenuEntry => ({
      id: `reset-${id}`,
      title: `Reset to “${label}”`,
      icon: "reset",
      disabled: isLoading,
      run: () => acts.askReset(guestId, id),
    })),
    ...guestMenu(world, guest),
  ];
  return entries.map((entry) => ({ ...entry, apart: false, title: `${name}: ${entry.title}` }));
}

function pageCommands(state: AppState): readonly MenuEntry[] {
  const {
    dialogOpened,
    viewChosen,
    themeChosen,
    fontSizeChosen,
    fontSize,
    inspectorChosen,
    askBeforeReset,
    askBeforeResetChosen,
  } = state;
  return [
    { id: "gallery", title: "Show the gallery", icon: "plus", run: () => viewChosen("gallery") },
    { id: "inspector-on", title: "Show the inspector", icon: "panel", run: () => inspectorChosen(true) },
    { id: "inspector-off", title: "Hide the inspector", icon: "panel", run: () => inspectorChosen(false) },
    { id: "theme-light", title: "Theme: light", icon: "sun", run: () => themeChosen("light") },
    { id: "theme-dark", title: "Theme: dark", icon: "moon", run: () => themeChosen("dark") },
    { id: "theme-system", title: "Theme: as the system", icon: "system", run: () => themeChosen("system") },
    { id: "larger", title: "Larger console text", icon: "text", run: () => fontSizeChosen(fontSize + 1) },
    { id: "smaller", title: "Smaller console text", icon: "text", run: () => fontSizeChosen(fontSize - 1) },
    {
      id: "ask-reset",
      title: askBeforeReset ? "Do not ask before a reset" : "Ask before a reset",
      icon: "reset",
      run: () => askBeforeResetChosen(!askBeforeReset),
    },
    {
      id: "help",
      title: "Help and keys",
      icon: "help",
      shortcut: "Ctrl+Shift+H",
      run: () => dialogOpened({ type: "help" }),
    },
  ];
}
