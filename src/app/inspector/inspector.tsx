import { Tab, TabList, TabPanel, Tabs } from "react-aria-components/Tabs";
import { useApp } from "#app/store/app-context.tsx";
import type { InspectorTab } from "#app/store/preferences-slice.ts";
import { Devices } from "./devices.tsx";
import { Log } from "./log.tsx";
import { Resources } from "./resources.tsx";
import { Snapshots } from "./snapshots.tsx";
import styles from "./inspector.module.css";

const tabs = [
  { id: "snapshots", title: "Snapshots", Content: Snapshots },
  { id: "resources", title: "Resources", Content: Resources },
  { id: "devices", title: "Devices", Content: Devices },
  { id: "log", title: "Log", Content: Log },
] as const;

/** The selected guest from the inside. */
export function Inspector() {
  const guest = useApp((state) => state.guests.find(({ id }) => id === state.selectedGuest));
  const tab = useApp((state) => state.inspectorTab);
  const chosen = useApp((state) => state.inspectorTabChosen);
  if (!guest) return <aside className={styles["inspector"]} aria-label="Inspector" />;
  return (
    <aside className={styles["inspector"]} aria-label={`Inspector of ${guest.name}`}>
      <Tabs className={styles["tabs"] ?? ""} selectedKey={tab} onSelectionChange={(key) => chosen(key as InspectorTab)}>
        <TabList className={styles["tabList"] ?? ""} aria-label={`About ${guest.name}`}>
          {tabs.map(({ id, title }) => (
            <Tab key={id} id={id} className={styles["tab"] ?? ""}>
              {title}
            </Tab>
          ))}
        </TabList>
        {tabs.map(({ id, Content }) => (
          <TabPanel key={id} id={id} className={styles["panel"] ?? ""}>
            <Content guest={guest} />
          </TabPanel>
        ))}
      </Tabs>
    </aside>
  );
}
