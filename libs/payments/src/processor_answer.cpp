#include "processor_answer.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace sallyport::payments {
namespace {

namespace json = boost::json;

std::unexpected<Error> unknown(std::string detail) {
  return fail(ErrorCode::BadGateway, std::move(detail), ErrorOrigin::Upstream);
}

std::string_view text_in(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(json::string_view(name.data(), name.size()));
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

/// Codes of others become ours: what does not look like one is "declined".
std::string failure_code(std::string_view text) {
  const bool fits = !text.empty() && text.size() <= 64 &&
                    std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
  return fits ? std::string(text) : "declined";
}

/// A column of text takes it, and a line of the log.
bool usable(std::string_view reference) {
  return !reference.empty() && reference.size() <= 255 &&
         std::ranges::all_of(reference, [](char c) { return c > ' ' && c <= '~'; });
}

/// Its members, when it is about this operation.
Result<json::object> object_about(const std::string& body, OperationId operation) {
  json::error_code ec;
  json::value value = json::parse(json::string_view(body.data(), body.size()), ec);
  if (ec || !value.is_object()) return unknown("the processor's answer is no JSON object");
  if (text_in(value.get_object(), "operation_id") != operation.to_string()) {
    return unknown("the processor's answer is about another operation");
  }
  return std::move(value.get_object());
}

}  // namespace

Result<Finding> read_answer(const ProcessorAnswer& answer, OperationId operation) {
  const int status = answer.status;
  if (status != 200 && status != 201 && status != 404) {
    // 408, 409 and 425: the same operation may be under way there.
    const bool not_looked_at = status >= 400 && status < 500 && status != 408 && status != 409 && status != 425;
    return fail(ErrorCode::BadGateway, fmt::format("the processor answered {}", status), ErrorOrigin::Upstream,
                not_looked_at ? Retry::Safe : Retry::Never);
  }
  const auto about = object_about(answer.body, operation);
  if (status == 404) {
    // A proxy on the way says 404 as easily, and then a payment that was made would be written down as failed.
    if (about && text_in(*about, "status") == "unknown") return NotKnown{};
    return fail(ErrorCode::BadGateway, "the processor answered 404", ErrorOrigin::Upstream, Retry::Safe);
  }
  if (!about) return std::unexpected(about.error());
  const json::object& object = *about;
  const std::string_view outcome = text_in(object, "status");
  if (outcome == "processing") return StillRunning{};
  if (outcome == "declined") return Declined{failure_code(text_in(object, "failure_code"))};
  const std::string_view reference = text_in(object, "reference");
  if (outcome == "succeeded" && usable(reference)) return Approved{std::string(reference)};
  return unknown("the processor's answer has no status that is known, or no reference");
}

}  // namespace sallyport::payments
