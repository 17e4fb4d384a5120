"use strict";
(() => {
  const form = document.getElementById("filter");
  const text = document.getElementById("by-text");
  const platform = document.getElementById("by-platform");
  const severity = document.getElementById("by-severity");
  const count = document.getElementById("count");
  const articles = [...document.querySelectorAll("article")];
  const rows = [...document.querySelectorAll("tr[data-of]")];
  const texts = new Map(articles.map((article) => [article, article.textContent.toLowerCase()]));

  const fits = (article, words) =>
    words.every((word) => texts.get(article).includes(word)) &&
    (!platform.value || article.dataset.platform === platform.value) &&
    (!severity.value || article.dataset.severity.split(" ").includes(severity.value));

  const apply = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = new Set();
    for (const article of articles) {
      article.hidden = !fits(article, words);
      if (!article.hidden) shown.add(article.id);
    }
    for (const row of rows) row.hidden = !shown.has(row.dataset.of);
    count.textContent = `${shown.size} of ${articles.length} shown`;
  };

  // A link to a detection that the filter hides shows it.
  const arrive = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.hidden) {
      form.reset();
      apply();
      target.scrollIntoView();
    }
  };

  form.hidden = articles.length === 0;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", apply);
  form.addEventListener("reset", () => setTimeout(apply));
  window.addEventListener("hashchange", arrive);
  window.addEventListener("beforeprint", () => {
    for (const item of document.querySelectorAll("details:not(.query):not([open])")) {
      item.open = true;
      item.dataset.printed = "";
    }
  });
  window.addEventListener("afterprint", () => {
    for (const item of document.querySelectorAll("details[data-printed]")) {
      item.open = false;
      delete item.dataset.printed;
    }
  });
  apply();
})();
