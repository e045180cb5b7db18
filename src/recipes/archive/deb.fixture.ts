const BLOCK = 512;

/** A tar archive of regular files. */
export function makeTar(files: Readonly<Record<string, string>>): Buffer {
  const parts = Object.entries(files).flatMap(([name, text]) => {
    const content = Buffer.from(text);
    return [tarHeader(name, content.length), content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

function tarHeader(name: string, size: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0);
  header.write(`${size.toString(8).padStart(11, "0")} `, 124);
  header.write("0ustar\0", 156);
  return header;
}

/** A .deb whose data.tar is not compressed. */
export function makeDeb(files: Readonly<Record<string, string>>): Buffer {
  return makeAr({ "debian-binary": Buffer.from("2.0\n"), "data.tar": makeTar(files) });
}

/** An `ar` archive. */
export function makeAr(members: Readonly<Record<string, Uint8Array>>): Buffer {
  const parts = Object.entries(members).flatMap(([name, bytes]) => {
    const header = `${name.padEnd(16)}0           0     0     100644  ${String(bytes.length).padEnd(10)}\`\n`;
    return [Buffer.from(header), Buffer.from(bytes), Buffer.alloc(bytes.length % 2)];
  });
  return Buffer.concat([Buffer.from("!<arch>\n"), ...parts]);
}
