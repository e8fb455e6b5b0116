"use strict";
(function () {
  var root = document.documentElement, lang = null, theme = null;
  try { lang = localStorage.getItem("rackwright.lang"); theme = localStorage.getItem("rackwright.theme"); } catch (e) { /* private mode: not remembered */ }
  var asked = new URLSearchParams(location.search);  // ?lang=zh&theme=dark, for links and pictures
  if (/^(zh|en)$/.test(asked.get("lang") || "")) { lang = asked.get("lang"); }
  if (/^(dark|light)$/.test(asked.get("theme") || "")) { theme = asked.get("theme"); }
  root.dataset.lang = lang || (/^zh/i.test(navigator.language || "zh") ? "zh" : "en");
  if (theme) { root.dataset.theme = theme; }
})();
