/** The sign of Tabvisor: a machine, and others beside it, inside one tab. */
export function Mark() {
  return (
    <svg
      width="20"
      height="20"
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      aria-hidden="true"
    >
      <rect x="1" y="1" width="18" height="18" rx="4" />
      <rect x="5" y="5" width="6" height="6" rx="1.5" />
      <path d="M8 15h8M14 5v6" strokeLinecap="round" />
    </svg>
  );
}
