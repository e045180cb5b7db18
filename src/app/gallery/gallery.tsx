import { Button } from "#app/ui/button.tsx";
import { Icon } from "#app/ui/icon.tsx";
import { downloadSize } from "#app/ui/format.ts";
import type { ImageSummary } from "#protocol/tabvisor.ts";
import { useActs, useApp } from "#app/store/app-context.tsx";
import styles from "./gallery.module.css";

/** What can be booted. It is also what a person sees first. */
export function Gallery() {
  const images = useApp((state) => state.images);
  const failure = useApp((state) => state.imagesFailure);
  const hasGuests = useApp((state) => state.guests.length > 0);
  const viewChosen = useApp((state) => state.viewChosen);
  return (
    <section className={styles["gallery"]} aria-labelledby="gallery-title">
      <div className={styles["inner"]}>
        <header className={styles["head"]}>
          <div>
            <h1 id="gallery-title" className={styles["title"]}>
              {hasGuests ? "Start another guest" : "Real machines, in this tab."}
            </h1>
            <p className={styles["lead"]}>
              Each guest is a whole RISC-V computer in a worker of its own, on memory of its own. Break one and reset it
              to a snapshot in milliseconds: the others never notice. Nothing leaves your computer.
            </p>
          </div>
          {hasGuests && (
            <Button icon="close" onPress={() => viewChosen("workspace")}>
              Back to the consoles
            </Button>
          )}
        </header>
        {failure !== undefined && <Failure reason={failure} />}
        {failure === undefined && images === undefined && <Waiting />}
        {images?.length === 0 && <NoImages />}
        <ul className={styles["cards"]}>
          {images?.map((image) => (
            <li key={image.id}>
              {image.problem === undefined ? (
                <Card image={image} />
              ) : (
                <DamagedCard title={image.title} problem={image.problem} />
              )}
            </li>
          ))}
        </ul>
        {!hasGuests && images !== undefined && <HowTo />}
      </div>
    </section>
  );
}

function Card({ image }: { readonly image: ImageSummary }) {
  const { create } = useActs();
  const dialogOpened = useApp((state) => state.dialogOpened);
  return (
    <article className={styles["card"]} aria-labelledby={`image-${image.id}`}>
      <div className={styles["cardHead"]}>
        <h2 id={`image-${image.id}`} className={styles["cardTitle"]}>
          {image.title}
        </h2>
        <span className={image.instant ? styles["instant"] : styles["chip"]}>{badge(image)}</span>
      </div>
      <p className={styles["description"]}>{image.description}</p>
      <dl className={styles["figures"]}>
        <Figure name="System" value={image.os} />
        <Figure name="Download" value={downloadSize(image.downloadBytes)} />
        <Figure name="Memory" value={`${image.memoryMiB} MiB`} />
      </dl>
      <footer className={styles["actions"]}>
        <Button
          tone="primary"
          icon="play"
          label={`Start ${image.title}`}
          onPress={() => void create({ image: image.id })}
        >
          Start
        </Button>
        <Button
          label={`Options for ${image.title}`}
          onPress={() => dialogOpened({ type: "options", imageId: image.id })}
        >
          Options…
        </Button>
      </footer>
    </article>
  );
}

/** An image that the catalogue names and that cannot be booted. */
function DamagedCard({ title, problem }: { readonly title: string; readonly problem: string }) {
  const { readImages } = useActs();
  return (
    <article className={styles["card"]} aria-label={title}>
      <div className={styles["cardHead"]}>
        <h2 className={styles["cardTitle"]}>{title}</h2>
        <span className={styles["damaged"]}>
          <Icon name="alert" size={12} /> damaged
        </span>
      </div>
      <p className={styles["description"]} role="alert">
        {problem}
      </p>
      <footer className={styles["actions"]}>
        <Button label={`Try to read ${title} again`} onPress={() => void readImages()}>
          Try again
        </Button>
      </footer>
    </article>
  );
}

function Figure({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function badge({ instant, kind }: ImageSummary): string {
  if (instant) return "instant";
  return kind === "process" ? "process" : "cold boot";
}

function Waiting() {
  return (
    <p className={styles["quiet"]} role="status">
      Reading the catalogue of images…
    </p>
  );
}

function Failure({ reason }: { readonly reason: string }) {
  const { readImages } = useActs();
  return (
    <div className={styles["failure"]} role="alert">
      <p>
        <strong>The images could not be listed.</strong> {reason}
      </p>
      <Button onPress={() => void readImages()}>Try again</Button>
    </div>
  );
}

function NoImages() {
  return (
    <div className={styles["failure"]} role="status">
      <p>
        <strong>There are no guest images yet.</strong> Build them with <code>npm start</code>, or{" "}
        <code>npx tabvisor build</code> in the checkout, and load this page again.
      </p>
    </div>
  );
}

function HowTo() {
  return (
    <ol className={styles["steps"]} aria-label="How it goes">
      <li>
        <b>Boot it.</b> The kernel is Debian’s own, unmodified. Its serial console opens here.
      </li>
      <li>
        <b>Snapshot it</b> at a point worth keeping: memory, processor, devices and disks.
      </li>
      <li>
        <b>Break it, reset it.</b> Only the pages that changed are copied back.
      </li>
    </ol>
  );
}
