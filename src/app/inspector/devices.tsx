import { useApp } from "#app/store/app-context.tsx";
import type { GuestView } from "#app/store/guests-slice.ts";
import styles from "./inspector.module.css";

/** The memory map of QEMU's virt board, and what this one has beyond it: every system guest's. */
const devices = [
  ["Test finisher", "0x0010 0000", "power off, reboot"],
  ["Goldfish RTC", "0x0010 1000", "irq 11"],
  ["CLINT", "0x0200 0000", "timer, software interrupts"],
  ["Generation id", "0x0400 0000", "irq 64, new from a snapshot"],
  ["PLIC", "0x0c00 0000", "interrupt-controller"],
  ["ns16550 UART", "0x1000 0000", "irq 10, the console"],
  ["virtio-mmio, 9 slots", "0x1000 1000", "irq 1 to 9"],
  ["CFI flash", "0x2000 0000", "firmware"],
  ["DRAM", "0x8000 0000", ""],
] as const;

/** The board as the guest sees it. */
export function Devices({ guest }: { readonly guest: GuestView }) {
  const image = useApp((state) => state.images?.find(({ id }) => id === guest.image));
  return (
    <>
      <p className={styles["quiet"]}>
        One RV64GC hart on a board like QEMU’s <code>virt</code>
        {image ? `, made from the image “${image.title}”` : ""}.
      </p>
      <ul className={styles["devices"]}>
        {devices.map(([name, address, note]) => (
          <li key={name}>
            <span>{name}</span>
            <span className={styles["address"]}>{address}</span>
            <span className={styles["note"]}>{name === "DRAM" ? `${guest.memoryMiB} MiB` : note}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
