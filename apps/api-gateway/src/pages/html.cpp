#include "pages/html.hpp"

#include <fmt/format.h>

#include "pages/problem_guide.hpp"
#include "sallyport/openapi/documents.hpp"

namespace sallyport::api_gateway {
namespace {

/// Texts come from tables of ours; this is for their `<`, `&` and quotes.
void append_text(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out.append("&amp;");
        break;
      case '<':
        out.append("&lt;");
        break;
      case '>':
        out.append("&gt;");
        break;
      case '"':
        out.append("&quot;");
        break;
      default:
        out.push_back(c);
    }
  }
}

void append_element(std::string& out, std::string_view tag, std::string_view text) {
  out.append("<").append(tag).append(">");
  append_text(out, text);
  out.append("</").append(tag).append(">\n");
}

void open_page(std::string& out, std::string_view title, std::string_view kind) {
  out.append("<!doctype html>\n<html lang=\"en\" class=\"").append(kind).append("\">\n<head>\n");
  out.append(
      "<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
  append_text(out, title);
  out.append("</title>\n<link rel=\"stylesheet\" href=\"/docs/assets/pages.css\">\n");
}

void append_navigation(std::string& out, std::string_view here) {
  out.append("<nav>\n");
  const auto link = [&](std::string_view name, std::string_view path) {
    out.append(fmt::format("<a href=\"{}\"{}>{}</a>\n", path, name == here ? " aria-current=\"page\"" : "", name));
  };
  for (const std::string_view name : openapi::document_names()) link(name, fmt::format("/docs/{}", name));
  link("problems", "/problems");
  out.append("</nav>\n");
}

}  // namespace

std::string_view redoc_path() noexcept {
  return "/docs/assets/redoc-" SALLYPORT_REDOC_VERSION ".js";
}

std::string problem_index_html() {
  std::string out;
  open_page(out, "Problems", "text");
  out.append("</head>\n<body>\n");
  append_navigation(out, "problems");
  out.append("<main>\n<h1>Problems</h1>\n");
  append_element(
      out, "p",
      "Every refusal is a problem document (RFC 9457) with one of these codes. Decide by the code: codes are "
      "stable, texts are not.");
  out.append("<table>\n<thead><tr><th>Status</th><th>Code</th><th>Title</th></tr></thead>\n<tbody>\n");
  for (std::size_t i = 0; i < kErrorCodes; ++i) {
    const ErrorInfo& problem = info(static_cast<ErrorCode>(i));
    out.append(fmt::format("<tr><td>{}</td><td><a href=\"/problems/{}\"><code>{}</code></a></td><td>", problem.status,
                           problem.code, problem.code));
    append_text(out, problem.title);
    out.append("</td></tr>\n");
  }
  out.append("</tbody>\n</table>\n</main>\n</body>\n</html>\n");
  return out;
}

std::string problem_html(ErrorCode code) {
  const ErrorInfo& problem = info(code);
  const ProblemGuide& text = guide(code);
  std::string out;
  open_page(out, problem.title, "text");
  out.append("</head>\n<body>\n");
  append_navigation(out, {});
  out.append("<main>\n");
  append_element(out, "h1", problem.title);
  out.append(
      fmt::format("<p class=\"facts\"><code>{}</code> <span>status {}</span></p>\n", problem.code, problem.status));
  append_element(out, "h2", "What it means");
  append_element(out, "p", text.meaning);
  append_element(out, "h2", "What to do");
  append_element(out, "p", text.advice);
  out.append("<p><a href=\"/problems\">All problems</a></p>\n</main>\n</body>\n</html>\n");
  return out;
}

std::string reference_html(std::string_view name) {
  std::string out;
  open_page(out, fmt::format("API reference: {}", name), "reference");
  out.append(fmt::format("<script src=\"{}\" defer></script>\n", redoc_path()));
  out.append("<script src=\"/docs/assets/reference.js\" defer></script>\n</head>\n<body>\n");
  append_navigation(out, name);
  out.append(
      fmt::format("<p class=\"source\">Drawn from <a href=\"/openapi/{0}.yaml\">{0}.yaml</a> by Redoc (<a "
                  "href=\"/docs/assets/redoc.txt\">licences</a>).</p>\n",
                  name));
  out.append(fmt::format("<div id=\"reference\" data-document=\"/openapi/{}.yaml\">", name));
  out.append("<noscript><main><p>The reference is drawn by a script.</p></main></noscript></div>\n</body>\n</html>\n");
  return out;
}

}  // namespace sallyport::api_gateway
