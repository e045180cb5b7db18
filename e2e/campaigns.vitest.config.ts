import { mergeConfig } from "vitest/config";
import config from "./vitest.config.ts";

/** Attacks that go on for minutes, on a machine that does nothing else: `npm run campaign`. */
const campaigns = mergeConfig(config, { test: { testTimeout: 3_600_000 } });
campaigns.test.include = ["e2e/**/*.campaign.ts"];
export default campaigns;
