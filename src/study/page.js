/* Tasks are switched on and off in the network's picture, whose nodes and edges have the
   classes t0, t1, ... of the tasks that they are of. */
(function () {
  "use strict";
  var group = document.querySelector(".switches");
  var svg = document.querySelector(".network svg");
  if (!group || !svg) return;
  var buttons = Array.from(group.querySelectorAll("[data-task]"));

  function tasksOf(element) {
    return Array.from(element.classList)
      .filter(function (name) { return /^t\d+$/.test(name); })
      .map(function (name) { return Number(name.slice(1)); });
  }

  function draw() {
    var on = buttons.map(function (b) { return b.getAttribute("aria-pressed") === "true"; });
    svg.querySelectorAll("g.node, g.edge").forEach(function (element) {
      var tasks = tasksOf(element);
      var shown = tasks.filter(function (t) { return on[t]; });
      if (!tasks.length) return;
      element.classList.toggle("off", !shown.length);
      /* Lines side by side are one for each task, in order; the head is of one that is shown. */
      var lines = element.querySelectorAll("path");
      if (!element.classList.contains("edge") || lines.length !== tasks.length) return;
      var colour = null;
      lines.forEach(function (line, i) {
        line.classList.toggle("off", !on[tasks[i]]);
        if (on[tasks[i]] && !colour) colour = line.getAttribute("stroke");
      });
      element.querySelectorAll("polygon").forEach(function (head) {
        if (colour) { head.setAttribute("fill", colour); head.setAttribute("stroke", colour); }
      });
    });
  }

  group.addEventListener("click", function (event) {
    var button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.all)
      buttons.forEach(function (b) { b.setAttribute("aria-pressed", String(button.dataset.all === "1")); });
    else
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    draw();
  });
  group.hidden = false;
})();
