"use strict";

const place = document.getElementById("reference");
const font = { fontFamily: "system-ui, sans-serif" };

Redoc.init(
  place.dataset.document,
  {
    theme: { typography: { ...font, headings: font } },
    hideDownloadButton: true,
    hideSchemaTitles: true,
    nativeScrollbars: true,
  },
  place,
);
