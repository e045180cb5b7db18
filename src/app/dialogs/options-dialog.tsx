import { useState } from "react";
import type { ImageSummary } from "#protocol/tabvisor.ts";
import { Button } from "#app/ui/button.tsx";
import { Dialog, DialogActions, DialogLead } from "#app/ui/dialog.tsx";
import { ChoiceField, TextField } from "#app/ui/field.tsx";
import { useActs, useApp } from "#app/store/app-context.tsx";

const OWN = "";
const MEMORY_STEPS_MIB = [64, 96, 128, 192, 256, 384, 512, 768, 1024];

/** A guest with a name, memory and command line of one's own. */
export function OptionsDialog({ imageId, onClose }: { readonly imageId: string; readonly onClose: () => void }) {
  const image = useApp((state) => state.images?.find(({ id }) => id === imageId));
  return image ? <Options image={image} onClose={onClose} /> : null;
}

function Options({ image, onClose }: { readonly image: ImageSummary; readonly onClose: () => void }) {
  const { create } = useActs();
  const [name, setName] = useState("");
  const [memoryMiB, setMemoryMiB] = useState(String(image.memoryMiB));
  const [commandLine, setCommandLine] = useState(OWN);
  const start = () => {
    onClose();
    void create({
      image: image.id,
      memoryMiB: Number(memoryMiB),
      ...(name.trim() === "" ? {} : { name: name.trim() }),
      ...(commandLine === OWN ? {} : { commandLine }),
    });
  };
  return (
    <Dialog title={`Start ${image.title}`} onClose={onClose}>
      <DialogLead>{image.description}</DialogLead>
      <TextField label="Name" value={name} onChange={setName} placeholder={image.id} autoFocus />
      <ChoiceField
        label="Memory"
        value={memoryMiB}
        choices={memoryChoices(image)}
        onChange={setMemoryMiB}
        hint={`It needs at least ${image.minimumMemoryMiB} MiB. The browser sets all of it aside while the guest lives.`}
      />
      {image.commandLines.length > 0 && (
        <ChoiceField
          label="Kernel command line"
          value={commandLine}
          choices={[
            { value: OWN, title: "Fast boot (the image’s own)" },
            ...image.commandLines.map((value) => ({ value, title: value })),
          ]}
          onChange={setCommandLine}
          hint="The image’s own leaves out self-tests that only slow a boot."
        />
      )}
      <DialogActions>
        <Button onPress={onClose}>Cancel</Button>
        <Button tone="primary" icon="play" onPress={start}>
          Start
        </Button>
      </DialogActions>
    </Dialog>
  );
}

function memoryChoices({ memoryMiB, minimumMemoryMiB }: ImageSummary) {
  const sizes = new Set([...MEMORY_STEPS_MIB, memoryMiB].filter((size) => size >= minimumMemoryMiB));
  return [...sizes]
    .toSorted((a, b) => a - b)
    .map((size) => ({ value: String(size), title: size === memoryMiB ? `${size} MiB (usual)` : `${size} MiB` }));
}
