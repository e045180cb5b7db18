import type { CpioEntry } from "#recipes/cpio.ts";

const INITTAB = `::sysinit:/etc/init.d/rcS
ttyS0::respawn:-/bin/sh
::ctrlaltdel:/sbin/reboot
::shutdown:/bin/sync
::shutdown:/bin/umount -a -r -t ext4,ext3,ext2,vfat
`;

/**
 * A virtio console with several ports (QEMU's) appears only a moment after its driver has started; ours is there at once.
 *
 * Time passes without a guest that is paused or kept in a snapshot. The host says so on its second virtio console, where it
 * writes how many microseconds are left of the present second: Linux reads the RTC in whole ones. For every such line the
 * clock is set by the RTC at once, and exactly when the next second begins.
 */
const start = (modules: readonly string[]) => `#!/bin/sh
follow_terminal_size() {
	for try in 1 2 3 4 5; do
		if [ -c /dev/hvc0 ]; then exec setsid -c follow-terminal-size </dev/hvc0 >/dev/null 2>&1; fi
		usleep 200000
	done
}
follow_time() {
	while read -r microseconds; do
		hwclock -s -u
		usleep "$microseconds"
		hwclock -s -u
	done
}
mount -t devtmpfs devtmpfs /dev
mkdir /dev/pts /dev/shm
mount -a
echo tabvisor >/proc/sys/kernel/hostname
modprobe -a ${modules.join(" ")}
follow_terminal_size &
if [ -c /dev/hvc1 ]; then
	follow_time <>/dev/hvc1 >/dev/null 2>&1 &
	echo $! >/run/follow-time.pid
fi
`;

/** A serial line has no window size. The host tells it to a virtio console (virtio 1.2 §5.3.4), whose tty we hold. */
const FOLLOW_TERMINAL_SIZE = `#!/bin/sh
# Gives ttyS0 the size of the terminal on standard input, now and whenever it changes.
apply() {
	set -- $(stty size)
	if [ "\${2:-0}" -gt 0 ]; then stty -F /dev/ttyS0 rows "$1" cols "$2"; fi
}
trap apply WINCH
apply
# Only "wait" is left by a signal without a race; the sleeper gives it something to wait for.
sleep 2147483647 </dev/null &
while kill -0 $!; do wait $!; done
`;

const PROFILE = `export HOME=/root TERM=xterm-256color LANG=C.UTF-8 PS1='\\w \\$ '
stty iutf8
cd
`;

const FSTAB = `proc /proc proc defaults 0 0
sysfs /sys sysfs defaults 0 0
devpts /dev/pts devpts defaults 0 0
tmpfs /dev/shm tmpfs defaults 0 0
tmpfs /tmp tmpfs defaults 0 0
tmpfs /run tmpfs defaults 0 0
`;

const FILESYSTEMS = "ext4\next3\next2\nvfat\n*\n";

const DIRECTORIES = ["bin", "dev", "etc", "etc/init.d", "lib", "lib/modules", "mnt", "proc", "run", "sys", "usr"];

/** The guest's root, which loads these modules at its start, but for busybox's commands and the kernel's modules. All commands stand in /bin. */
export function rootEntries(modules: readonly string[]): readonly CpioEntry[] {
  return [
    ...DIRECTORIES.map((path): CpioEntry => ({ type: "directory", path })),
    { type: "directory", path: "root", mode: 0o700 },
    { type: "directory", path: "tmp", mode: 0o1777 },
    ...["sbin", "usr/bin", "usr/sbin"].map((path): CpioEntry => ({ type: "symlink", path, target: "/bin" })),
    { type: "symlink", path: "init", target: "/bin/busybox" },
    { type: "symlink", path: "etc/mtab", target: "/proc/mounts" },
    { type: "character-device", path: "dev/console", major: 5, minor: 1 },
    { type: "character-device", path: "dev/null", major: 1, minor: 3, mode: 0o666 },
    text("bin/follow-terminal-size", FOLLOW_TERMINAL_SIZE, 0o755),
    text("etc/filesystems", FILESYSTEMS),
    text("etc/fstab", FSTAB),
    text("etc/group", "root:x:0:\n"),
    text("etc/hostname", "tabvisor\n"),
    text("etc/init.d/rcS", start(modules), 0o755),
    text("etc/inittab", INITTAB),
    text("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"),
    text("etc/profile", PROFILE),
  ];
}

function text(path: string, content: string, mode = 0o644): CpioEntry {
  return { type: "file", path, bytes: Buffer.from(content, "utf8"), mode };
}
