"use strict";
(function () {
  var root = document.documentElement, lang = null, theme = null;
  try { lang = localStorage.getItem("rackwright.lang"); theme = localStorage.getItem("rackwright.theme"); } catch (e) { /* private mode: not remembered */ }
  root.dataset.lang = lang || (/^zh/i.test(navigator.language || "zh") ? "zh" : "en");
  if (theme) { root.dataset.theme = theme; }
})();
