#include <algorithm>

#include "config/schema.hpp"

namespace sallyport::api_gateway {
namespace {

constexpr std::string_view kIntroduction = R"(# Configuration

<!-- Generated from the tables in apps/api-gateway/src/config that parse the file; a test compares. Do not edit. -->

A gateway reads one YAML file; secrets and the addresses of its stores come from the environment. Unknown keys, wrong
types and values out of bounds are errors, all reported at once with file:line:column. `sallyport config check FILE` does
that without starting anything. Anchors, aliases and tags are not accepted.

Durations are written `250ms`, `15s`, `15m`, `1h`, `14d`; sizes `512B`, `64KiB`, `1MiB`; addresses with a colon in them
need quotes inside `[...]`. The file is read once, at the start. `config/gateway.yaml` is an example with comments.
)";

/// Inside a table cell '|' would end it.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

template <class T>
std::string section(std::string_view title, std::string_view text, const KeyTable<T>& table) {
  std::string out = fmt::format("\n## {}\n\n", title);
  if (!text.empty()) out += fmt::format("{}\n\n", text);
  out += "| Key | Type | Bounds | Default | Meaning |\n|---|---|---|---|---|\n";
  for (const auto& key : table) {
    const KeyDoc& doc = key.doc;
    if (doc.refused) continue;
    const std::string fallback = doc.required ? "required" : doc.fallback.empty() ? "none" : doc.fallback;
    out += fmt::format("| `{}` | {} | {} | {} | {} |\n", doc.name, doc.type, cell(doc.bounds), cell(fallback),
                       cell(doc.help));
  }
  bool any = false;
  for (const auto& key : table) {
    if (!key.doc.refused) continue;
    out += any ? "" : "\nRefused, with the reason:\n\n";
    out += fmt::format("- `{}`: {}\n", key.doc.name, key.doc.help);
    any = true;
  }
  return out;
}

std::string built_in_text() {
  std::string out =
      "A policy has a name of at most 32 of `a-z`, `0-9`, `_`, `-`. Two exist without being named, and keep "
      "these values for every key that the file leaves out:";
  for (const auto& policy : built_in_policies()) {
    out += fmt::format(" `{}`: {} in {} for each {};", policy.name, policy.limit, format_duration(policy.window),
                       policy.group == rate_limit::Group::Route ? "address and route" : "address");
  }
  out.back() = '.';
  return out;
}

}  // namespace

std::string configuration_reference() {
  std::string out(kIntroduction);
  out += section("Top level", "", root_keys());
  out += section("rate_limits.NAME", built_in_text(), policy_keys());
  out += section("upstreams.NAME", "", upstream_keys());
  out += section("routes[]", "Two routes may share a path only when they have no method in common.", route_keys());
  out += section("routes[].schema",
                 "Requests are held to an OpenAPI document: [Validate requests](how-to/validate-requests.md).",
                 request_schema_keys());
  out += section("issuers[]",
                 "Their tokens count only on routes that name them, never below `/auth`, `/payments` and `/admin`, and "
                 "beside our own. A caller is issuer and subject together, in limits by user too. Sessions that they "
                 "end are unknown here: a token counts until it expires.",
                 issuer_keys());
  out += section("cors", "", cors_keys());
  out += section("limits", "", limit_keys());
  return out;
}

}  // namespace sallyport::api_gateway
