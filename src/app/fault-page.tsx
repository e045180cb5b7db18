import { Component, type ReactNode } from "react";
import { Button } from "./ui/button.tsx";
import styles from "./requirements/requirements-page.module.css";

/** Stands in for the page when drawing it failed; the guests are not touched by that. */
export class FaultPage extends Component<{ readonly children: ReactNode }, { readonly failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <main className={styles["page"]}>
        <div className={styles["card"]} role="alert">
          <h1>The page could not be drawn</h1>
          <p>That is a fault of Tabvisor. The guests run on; draw the page again to get back to them.</p>
          <div>
            <Button tone="primary" onPress={() => this.setState({ failed: false })}>
              Draw the page again
            </Button>
          </div>
        </div>
      </main>
    );
  }
}
