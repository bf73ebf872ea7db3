// How the page looks: light and dark, phone and paper. Part of the page, so that it is one file.
#pragma once

#include <string_view>

#include "expunge/core/platform.hpp"

namespace expunge::report::detail {

inline constexpr std::string_view page_style = R"css(
:root { color-scheme: light dark; --ink: #1c1f23; --soft: #5b636d; --paper: #ffffff; --card: #f6f7f9;
  --line: #d9dde2; --heat: 224, 112, 26; --accent: #2f6fc1; --bad: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e7eb; --soft: #9aa4b0; --paper: #14171b; --card: #1c2026; --line: #343a43;
    --heat: 224, 112, 26; --accent: #7db2f0; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1rem 4rem; background: var(--paper);
  color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .4rem; }
h2 { font-size: 1.3rem; margin: 2.6rem 0 .4rem; padding-top: .8rem; border-top: 1px solid var(--line); }
p, li, figcaption { max-width: 44rem; }
p { margin: .5rem 0; }
.soft, figcaption, td small, caption { color: var(--soft); }
.summary { font-size: 1.1em; }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: .84rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: 0 0 .4rem; white-space: nowrap; }
th, td { padding: .28rem .5rem; text-align: right; white-space: nowrap; vertical-align: baseline; }
th { font-weight: 600; }
thead th { border-bottom: 1px solid var(--line); color: var(--soft); font-weight: 500; }
thead th.group { text-align: center; border-bottom: none; color: var(--ink); }
tbody tr:nth-child(even) { background: var(--card); }
tbody tr.floor { background: none; }
tbody tr.floor > * { border-bottom: 2px solid var(--accent); }
th.text, td.text { text-align: left; }
td small { display: block; font-size: .92em; line-height: 1.25; font-weight: 400; white-space: normal;
  min-width: 9rem; max-width: 15rem; }
td.score { background: rgba(var(--heat), calc(var(--share) * .5)); }
td.bad { color: var(--bad); font-style: italic; }
td.none { color: var(--soft); font-style: italic; }
figure { margin: 1.4rem 0 2rem; }
figure .scroll { margin: 0; }
figure svg { display: block; width: 100%; min-width: 46rem; height: auto; color: var(--ink); }
figcaption { font-size: .92em; margin-top: .3rem; }
figcaption b { color: var(--ink); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem; margin: .8rem 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
code { font-size: .9em; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  body { font-size: 15px; padding: 1rem .8rem 3rem; }
  h1 { font-size: 1.4rem; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .5rem; }
  .scroll { margin-left: -.8rem; margin-right: -.8rem; padding: 0 .8rem; }
  tbody td:first-child, thead th:first-child { position: sticky; left: -.8rem; background: var(--paper); }
  td small { min-width: 8rem; max-width: 9rem; }
}
@media print {
  :root { color-scheme: light; --ink: #000; --soft: #444; --paper: #fff; --card: #f4f4f4; --line: #bbb;
    --heat: 224, 112, 26; --accent: #2f6fc1; --bad: #b3261e; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  table { font-size: 7.5pt; }
  th, td { padding: .15rem .35rem; }
  caption { white-space: normal; }
  td.score, tbody tr { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .scroll { overflow: visible; }
  figure svg { min-width: 0; }
  figure, tr { break-inside: avoid; }
  h1 { font-size: 16pt; }
  h2 { font-size: 12pt; margin-top: 1.2rem; }
  h2 { break-after: avoid; }
}
)css";

}  // namespace expunge::report::detail
