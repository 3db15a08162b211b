/* EcoMarket's tracker. One file, no dependency:
 *
 *   <script src="https://store/tracker.js" data-key="storefront" defer></script>
 *   ecomarket.consent("granted"); ecomarket.productViewed({sku: "CJ26190", price_minor: 299});
 *
 * Without consent nothing but the choice itself is stored in the browser, and no event has an id of
 * anybody. With it, events wait in localStorage until the collector has acknowledged them; they may
 * arrive twice, with the same id. */
(function () {
  "use strict";
  var SESSION_MS = 30 * 60 * 1000, BATCH = 20, KEPT = 500, SOON_MS = 100, LONGEST_MS = 60000;
  var script = document.currentScript, set = script.dataset;
  var endpoint = (set.endpoint || new URL("/collect/beacon", script.src).href) +
    "?key=" + encodeURIComponent(set.key || "storefront");
  var unstored = [], token = "", sending = false, failures = 0, timer = 0;

  function read(name, otherwise) {
    try { return JSON.parse(localStorage.getItem("eco." + name)) || otherwise; }
    catch (_) { return otherwise; }
  }
  function write(name, value) {
    try {
      if (value === null) localStorage.removeItem("eco." + name);
      else localStorage.setItem("eco." + name, JSON.stringify(value));
      return true;
    } catch (_) { return false; }
  }
  function granted() { return read("consent") === "granted"; }

  function uuid() {  // Version 7: RFC 9562
    var bytes = crypto.getRandomValues(new Uint8Array(16)), at = Date.now();
    for (var i = 5; i >= 0; i--) { bytes[i] = at % 256; at = Math.floor(at / 256); }
    bytes[6] = (bytes[6] & 15) | 112;
    bytes[8] = (bytes[8] & 63) | 128;
    return Array.from(bytes, function (b) { return (b + 256).toString(16).slice(1); }).join("")
      .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  }
  function anonymous() {
    var id = read("anonymous") || uuid();
    write("anonymous", id);
    return id;
  }
  function session() {
    var now = Date.now(), last = read("session");
    var id = last && now - last.at < SESSION_MS ? last.id : uuid();
    write("session", { id: id, at: now });
    return id;
  }

  function queue() { return read("queue", []).concat(unstored); }
  function keep(events) {
    events = events.slice(-KEPT);
    unstored = granted() && write("queue", events) ? [] : events;
    if (!granted()) write("queue", null);
  }
  function forget(ids) {
    keep(queue().filter(function (event) { return ids.indexOf(event.id) < 0; }));
  }

  function track(type, data) {
    var ids = granted()
      ? { session_id: session(), anonymous_id: anonymous(), consent: "granted" }
      : { consent: "denied" };
    keep(queue().concat([{
      id: uuid(), type: type, version: 1, occurred_at: new Date().toISOString(),
      data: Object.assign({}, data, ids)
    }]));
    later(SOON_MS);
  }
  function body(events) {
    var consent = granted() ? "granted" : "denied";
    return JSON.stringify({
      sent_at: new Date().toISOString(), consent: consent,
      token: consent === "granted" ? token : "", events: events
    });
  }
  function later(ms) {
    if (!timer) timer = setTimeout(function () { timer = 0; flush(); }, ms);
  }
  function flush() {
    var events = queue().slice(0, BATCH);
    if (sending || !events.length) return;
    sending = true;
    var ids = events.map(function (event) { return event.id; });
    fetch(endpoint, {
      method: "POST", body: body(events), keepalive: true, credentials: "omit",
      headers: { "Content-Type": "text/plain;charset=UTF-8" }
    }).then(function (answer) {
      // What the collector refuses for good is not sent again.
      if (answer.status >= 500 || answer.status === 429 || answer.status === 408) {
        throw Number(answer.headers.get("Retry-After")) * 1000;
      }
      failures = 0;
      forget(ids);
      return 0;
    }).catch(function (wait) {
      failures += 1;
      return Math.max(wait > 0 ? wait : 0, Math.min(LONGEST_MS, 500 * Math.pow(2, failures)));
    }).then(function (wait) {
      sending = false;
      if (queue().length) later(wait);
    });
  }
  function leave() {
    var events = queue();
    for (var i = 0; i < events.length; i += BATCH) {
      navigator.sendBeacon(endpoint, body(events.slice(i, i + BATCH)));
    }
    // Stored events wait for an acknowledgement, which a beacon has not; others cannot.
    unstored = [];
  }
  function bare(address) {  // What follows the path may be personal.
    try { var url = new URL(address); return url.origin + url.pathname; } catch (_) { return ""; }
  }

  window.ecomarket = {
    track: track,
    flush: flush,
    identify: function (shopper) { token = shopper || ""; },
    consent: function (state) {
      if (state !== undefined) {
        var events = queue();
        write("consent", state === "granted" ? "granted" : "denied");
        if (!granted()) {
          token = "";
          ["session", "anonymous"].forEach(function (name) { write(name, null); });
          events.forEach(function (event) {
            delete event.data.session_id;
            delete event.data.anonymous_id;
            event.data.consent = "denied";
          });
        }
        keep(events);
      }
      return granted() ? "granted" : "denied";
    },
    page: function (data) {
      track("page_viewed", Object.assign({
        url: bare(location.href).slice(0, 1000), title: document.title.slice(0, 300),
        referrer: bare(document.referrer).slice(0, 420)
      }, data));
    },
    recommended: function (data) { track("product_list_viewed", data); }
  };
  [["listViewed", "product_list_viewed"], ["searched", "products_searched"],
    ["productViewed", "product_viewed"], ["productClicked", "product_clicked"],
    ["productAdded", "product_added"], ["productRemoved", "product_removed"],
    ["cartViewed", "cart_viewed"], ["checkoutStarted", "checkout_started"],
    ["experimentViewed", "experiment_viewed"]].forEach(function (pair) {
    window.ecomarket[pair[0]] = function (data) { track(pair[1], data); };
  });
  addEventListener("pagehide", leave);
  addEventListener("online", function () { failures = 0; later(0); });
  if (set.auto !== "off") window.ecomarket.page();
  else if (queue().length) later(0);
})();
