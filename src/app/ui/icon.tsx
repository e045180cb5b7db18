import type { ReactNode } from "react";

/** Drawn on a grid of 16, with strokes of 1.5. */
const drawings = {
  pause: <path d="M5.5 3.5v9M10.5 3.5v9" strokeWidth="2" />,
  play: <path d="M5 3.2v9.6l7.6-4.8z" fill="currentColor" />,
  snapshot: (
    <>
      <path d="M2.5 5.2h2.2l1.2-1.7h4.2l1.2 1.7h2.2v7.3h-11z" />
      <circle cx="8" cy="8.6" r="2.1" />
    </>
  ),
  reset: (
    <>
      <path d="M3.2 8a4.9 4.9 0 1 0 1.6-3.6" />
      <path d="M2.9 2.6v2.7h2.7" />
    </>
  ),
  more: (
    <>
      <circle cx="3.5" cy="8" r="1" fill="currentColor" stroke="none" />
      <circle cx="8" cy="8" r="1" fill="currentColor" stroke="none" />
      <circle cx="12.5" cy="8" r="1" fill="currentColor" stroke="none" />
    </>
  ),
  close: <path d="m4.2 4.2 7.6 7.6M11.8 4.2l-7.6 7.6" />,
  splitRight: (
    <>
      <rect x="2" y="3" width="12" height="10" rx="1.5" />
      <path d="M8 3v10" />
    </>
  ),
  splitDown: (
    <>
      <rect x="2" y="3" width="12" height="10" rx="1.5" />
      <path d="M2 8h12" />
    </>
  ),
  search: (
    <>
      <circle cx="7" cy="7" r="4" />
      <path d="m10 10 3.5 3.5" />
    </>
  ),
  power: (
    <>
      <path d="M8 2.2v5" />
      <path d="M4.9 4.4a5 5 0 1 0 6.2 0" />
    </>
  ),
  trash: (
    <>
      <path d="M3 4.5h10M6.3 4.3V3h3.4v1.3M4.3 4.7l.6 8.3h6.2l.6-8.3" />
    </>
  ),
  fork: (
    <>
      <circle cx="4.5" cy="3.5" r="1.5" />
      <circle cx="4.5" cy="12.5" r="1.5" />
      <circle cx="11.5" cy="5.5" r="1.5" />
      <path d="M4.5 5v6M11.5 7c0 2.6-5 1.6-6.6 4" />
    </>
  ),
  rename: <path d="m3 13 .6-2.8 7-7 2.2 2.2-7 7z" />,
  sun: (
    <>
      <circle cx="8" cy="8" r="2.8" />
      <path d="M8 1.6v1.5M8 12.9v1.5M1.6 8h1.5M12.9 8h1.5M3.5 3.5l1 1M11.5 11.5l1 1M12.5 3.5l-1 1M4.5 11.5l-1 1" />
    </>
  ),
  moon: <path d="M13 9.6A5.6 5.6 0 0 1 6.4 3 5.6 5.6 0 1 0 13 9.6z" />,
  system: (
    <>
      <circle cx="8" cy="8" r="5.2" />
      <path d="M8 2.8a5.2 5.2 0 0 1 0 10.4z" fill="currentColor" />
    </>
  ),
  help: (
    <>
      <path d="M5.8 6.1a2.2 2.2 0 1 1 3.1 2c-.6.3-.9.7-.9 1.4" />
      <circle cx="8" cy="12" r=".9" fill="currentColor" stroke="none" />
    </>
  ),
  plus: <path d="M8 3v10M3 8h10" />,
  up: <path d="m4 10 4-4 4 4" />,
  down: <path d="m4 6 4 4 4-4" />,
  copy: (
    <>
      <rect x="5.5" y="5.5" width="8" height="8" rx="1.5" />
      <path d="M10.5 3.5v-1h-8v8h1" />
    </>
  ),
  paste: (
    <>
      <rect x="3" y="3.5" width="10" height="10.5" rx="1.5" />
      <path d="M6 2.2h4v2.6H6z" />
    </>
  ),
  text: <path d="M3 4h10M3 8h10M3 12h6" />,
  clear: <path d="M3 12.5h10M5 9.5 9.8 3l3 2.2-3.4 4.3z" />,
  panel: (
    <>
      <rect x="2" y="3" width="12" height="10" rx="1.5" />
      <path d="M10 3v10" />
    </>
  ),
  check: <path d="m3.5 8.5 3 3 6-7" />,
  cross: <path d="m4.5 4.5 7 7M11.5 4.5l-7 7" strokeWidth="2" />,
  dot: <circle cx="8" cy="8" r="4.4" fill="currentColor" stroke="none" />,
  square: <rect x="4.6" y="4.6" width="6.8" height="6.8" rx="1" fill="currentColor" stroke="none" />,
  loading: (
    <>
      <circle cx="8" cy="8" r="4.6" opacity=".3" />
      <path d="M8 3.4A4.6 4.6 0 0 1 12.6 8" />
    </>
  ),
  alert: (
    <>
      <path d="M8 2.4 14.2 13H1.8z" />
      <path d="M8 6.4v3.2" />
      <circle cx="8" cy="11.3" r=".8" fill="currentColor" stroke="none" />
    </>
  ),
  info: (
    <>
      <circle cx="8" cy="8" r="5.6" />
      <path d="M8 7.4v3.4" />
      <circle cx="8" cy="5.2" r=".8" fill="currentColor" stroke="none" />
    </>
  ),
} as const satisfies Record<string, ReactNode>;

export type IconName = keyof typeof drawings;

/** A drawing beside words, or inside a control that has a name of its own. */
export function Icon({
  name,
  size = 16,
  className,
}: {
  name: IconName;
  size?: number;
  className?: string | undefined;
}) {
  return (
    <svg
      className={className}
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {drawings[name]}
    </svg>
  );
}
