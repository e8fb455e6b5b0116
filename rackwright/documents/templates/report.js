"use strict";
(function () {
  var root = document.documentElement;
  function keep(key, value) { try { localStorage.setItem("rackwright." + key, value); } catch (e) { /* private mode: not remembered */ } }
  function speak(lang) {
    root.dataset.lang = lang;
    root.lang = lang === "zh" ? "zh-CN" : "en";
    document.title = root.dataset[lang === "zh" ? "titleZh" : "titleEn"];
    document.querySelectorAll("option[data-zh]").forEach(function (o) { o.textContent = o.dataset[lang]; });
    document.querySelectorAll("input[data-zh]").forEach(function (i) { i.placeholder = i.dataset[lang]; });
  }
  speak(root.dataset.lang);
  document.getElementById("to-lang").addEventListener("click", function () {
    var next = root.dataset.lang === "zh" ? "en" : "zh";
    keep("lang", next); speak(next); filter(); search();
  });
  document.getElementById("to-theme").addEventListener("click", function () {
    var dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    keep("theme", root.dataset.theme);
  });

  var findings = Array.from(document.querySelectorAll("tr.finding"));
  var fields = ["f-severity", "f-status", "f-code", "f-text"].map(function (id) { return document.getElementById(id); });
  function filter() {
    var want = fields.map(function (f) { return f.value.trim().toLowerCase(); }), shown = 0;
    findings.forEach(function (row) {
      var ok = (!want[0] || row.dataset.severity === want[0]) && (!want[1] || row.dataset.status === want[1]) &&
        (!want[2] || row.dataset.code === want[2].toUpperCase()) && (!want[3] || row.textContent.toLowerCase().indexOf(want[3]) >= 0);
      row.hidden = !ok;
      if (ok) { shown += 1; }
    });
    document.getElementById("f-count").textContent = shown + " / " + findings.length;
  }
  fields.forEach(function (f) { f.addEventListener("input", filter); });
  filter();

  document.querySelectorAll("input[data-filters]").forEach(function (input) {
    var rows = Array.from(document.querySelectorAll("#" + input.dataset.filters + " tbody tr"));
    input.addEventListener("input", function () {
      var want = input.value.trim().toLowerCase();
      rows.forEach(function (row) { row.hidden = Boolean(want) && row.textContent.toLowerCase().indexOf(want) < 0; });
    });
  });

  var known = JSON.parse(document.getElementById("lookup-data").textContent);
  var box = document.getElementById("find-text"), found = document.getElementById("found"), MOST = 60;
  function cells(row, kind, texts) {
    [kind].concat(texts).forEach(function (text, n) {
      var cell = document.createElement(n === 1 ? "th" : "td");
      if (n === 1) { cell.scope = "row"; }
      cell.textContent = text;
      row.appendChild(cell);
    });
    return row;
  }
  function search() {
    var want = box.value.trim().toLowerCase(), zh = root.dataset.lang === "zh", hits = [];
    function holds(row) { return row.some(function (v) { return String(v).toLowerCase().indexOf(want) >= 0; }); }
    if (want.length >= 2) {
      known.devices.filter(holds).forEach(function (d) {
        hits.push([zh ? "设备" : "device", d[0], (d[1] + " " + d[2]).trim() || "–", d[3], (zh ? d[4] : d[5]) + (d[6] ? " · " + d[6] : "")]);
      });
      known.cables.filter(holds).forEach(function (c) {
        hits.push([zh ? "线缆" : "cable", c[0], c[3] + " " + c[4] + " → " + c[5] + " " + c[6], c[2] + " " + c[7], c[1]]);
      });
      known.cords.filter(holds).forEach(function (c) {
        hits.push([zh ? "电源线" : "cord", c[0], c[1] + " " + c[2] + " → " + c[4] + " " + c[5], c[3], ""]);
      });
    }
    var body = found.querySelector("tbody");
    body.textContent = "";
    hits.slice(0, MOST).forEach(function (hit) { body.appendChild(cells(document.createElement("tr"), hit[0], hit.slice(1))); });
    found.hidden = !hits.length;
    document.getElementById("found-count").textContent = want.length < 2 ? "" : hits.length > MOST ? MOST + " / " + hits.length : String(hits.length);
  }
  box.addEventListener("input", search);

  function reveal() {
    var target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (var node = target; node; node = node.parentElement) { if (node.tagName === "DETAILS") { node.open = true; } }
    if (target) { target.scrollIntoView(); }
  }
  addEventListener("hashchange", reveal);
  reveal();
  addEventListener("beforeprint", function () { document.querySelectorAll("details").forEach(function (d) { d.open = d.open || !d.closest("#checks"); }); });
})();
