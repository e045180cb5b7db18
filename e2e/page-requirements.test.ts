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

/** Has the page's requests for what `part` names answered by `answer`. */
function served(part: string, answer: string): string {
  return `{
    const fetched = window.fetch;
    window.fetch = async (url, options) => (String(url).includes(${JSON.stringify(part)}) ? ${answer} : fetched(url, options));
  }`;
}

test("without images the gallery says how to make them", async ({ openPage }) => {
  const { page, problems } = await openPage({ before: served("index.json", 'new Response("", { status: 404 })') });
  await page.getByText("The images could not be listed.").waitFor();
  await page.getByText("npm start").waitFor();
  expect(problems).toEqual([]);
});

test("a damaged image is said in the guest's pane and log, and harms nothing else", async ({ openPage }) => {
  const { page, problems } = await openPage();
  // A worker reads them: what the page's own fetch answers would not matter.
  await page.route("**/chunks/*", (route) => route.fulfill({ body: "not a chunk" }));
  await page.getByRole("button", { name: "Start U-Boot" }).click();
  const pane = page.getByRole("region", { name: "Pane of uboot" });
  await pane.getByRole("alert").getByText("is damaged").waitFor();
  await page.getByRole("tab", { name: "Log" }).click();
  await page.getByRole("list", { name: "Log, newest first" }).getByText("is damaged").waitFor();
  await page.getByRole("button", { name: "New guest" }).click();
  await page.getByRole("heading", { name: "Start another guest" }).waitFor();
  expect(problems).toEqual([]);
});
