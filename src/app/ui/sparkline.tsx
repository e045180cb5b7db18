interface SparklineProps {
  readonly values: readonly number[];
  readonly width: number;
  readonly height: number;
  /** The value at the top edge; larger ones raise it. */
  readonly top: number;
  readonly colour: string;
}

/** The recent past of one figure as a line; the figure itself stands beside it in words. */
export function Sparkline({ values, width, height, top, colour }: SparklineProps) {
  const highest = Math.max(top, ...values);
  const step = width / Math.max(1, values.length - 1);
  const y = (value: number) => height - 1.5 - (value / (highest || 1)) * (height - 3);
  const points = values.map((value, index) => `${(index * step).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
  return (
    <svg
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      fill="none"
      stroke={colour}
      strokeWidth="1.5"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {values.length > 1 && <polyline points={points} />}
    </svg>
  );
}
