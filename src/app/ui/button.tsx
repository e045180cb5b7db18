import type { ReactNode } from "react";
import { Button as AriaButton } from "react-aria-components/Button";
import { Tooltip, TooltipTrigger } from "react-aria-components/Tooltip";
import styles from "./button.module.css";
import { cx } from "./cx.ts";
import { Icon, type IconName } from "./icon.tsx";

interface ButtonProps {
  readonly children: ReactNode;
  readonly onPress: () => void;
  readonly tone?: "plain" | "primary" | "danger";
  readonly icon?: IconName;
  readonly wide?: boolean;
  readonly disabled?: boolean;
  readonly autoFocus?: boolean;
  readonly label?: string;
}

/** A button with words on it. */
export function Button({
  children,
  onPress,
  tone = "plain",
  icon,
  wide = false,
  disabled = false,
  autoFocus = false,
  label,
}: ButtonProps) {
  const className = cx(styles["button"], tone !== "plain" && styles[tone], wide && styles["wide"]);
  return (
    <AriaButton
      className={className}
      onPress={onPress}
      isDisabled={disabled}
      autoFocus={autoFocus}
      {...(label === undefined ? {} : { "aria-label": label })}
    >
      {icon && <Icon name={icon} />}
      {children}
    </AriaButton>
  );
}

interface IconButtonProps {
  readonly icon: IconName;
  /** Its name for screen readers, and its tooltip. */
  readonly label: string;
  readonly shortcut?: string;
  readonly onPress?: () => void;
  readonly small?: boolean;
  readonly disabled?: boolean;
}

/** A button that is only a drawing, with its name as tooltip. */
export function IconButton({ icon, label, shortcut, onPress, small = false, disabled = false }: IconButtonProps) {
  const className = cx(styles["button"], styles["icon"], small && styles["small"]);
  return (
    <TooltipTrigger delay={500} closeDelay={0}>
      <AriaButton className={className} aria-label={label} isDisabled={disabled} {...(onPress ? { onPress } : {})}>
        <Icon name={icon} size={small ? 12 : 16} />
      </AriaButton>
      <Tooltip className={styles["tooltip"] ?? ""} offset={4}>
        {label}
        {shortcut && <kbd>{shortcut}</kbd>}
      </Tooltip>
    </TooltipTrigger>
  );
}
