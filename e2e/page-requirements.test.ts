import { expect } from "vitest";
import { test } from "./page.fixture.ts";

test("served without isolation headers, the page says which are missing and how to serve it", async ({ openPage }) => {
  const { page, problems } = await openPage({ isolated: false });
  await page.getByRole("heading", { name: "This page was served without isolation headers" }).waitFor();
  await page.getByText("Cross-Origin-Embedder-Policy: require-corp").waitFor();
  await page.getByText("npm start").waitFor();
  expect(problems).toEqual([]);
});

test("a browser without WebAssembly threads is told which ones have them", async ({ openPage }) => {
  const { page, problems } = await openPage({ before: "WebAssembly.validate = () => false" });
  await page.getByRole("heading", { name: "This browser has no WebAssembly threads" }).waitFor();
  await page.getByText("Firefox 121").waitFor();
  expect(problems).toEqual([]);
});

test("a browser without WebAssembly is told so", async ({ openPage }) => {
  const { page } = await openPage({ before: "delete globalThis.WebAssembly" });
  await page.getByRole("heading", { name: "This browser has no WebAssembly" }).waitFor();
});
