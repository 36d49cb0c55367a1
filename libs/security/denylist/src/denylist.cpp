#include "sallyport/denylist/denylist.hpp"

#include <algorithm>
#include <array>
#include <exception>

#include "sallyport/runtime/task_scope.hpp"

namespace sallyport::denylist {
namespace {
constexpr std::size_t kWritesAtOnce = 64;
}  // namespace

std::string key_of(std::string_view prefix, std::string_view session) {
  std::string key;
  key.reserve(prefix.size() + session.size() + 7);
  key.append(prefix).append("deny:{").append(session).append("}");
  return key;
}

std::array<std::string_view, 2> question(std::string_view key) noexcept {
  return {"EXISTS", key};
}

std::optional<bool> ended(const storage::RedisResult<storage::RedisReply>& reply) noexcept {
  const auto* const count = reply ? std::get_if<std::int64_t>(&reply->value) : nullptr;
  return count != nullptr ? std::optional(*count != 0) : std::nullopt;
}

void OutageLog::note(bool answered) {
  if (std::exchange(failing_, !answered) == !answered) return;
  if (answered) {
    logger_.write(log::Level::Info, "denylist_checked_again");
  } else {
    logger_.write(log::Level::Warn, "denylist_unchecked");
  }
}

runtime::Task<Result<void>> Denylist::deny(std::vector<std::string> sessions, std::chrono::seconds keep,
                                           Deadline deadline) {
  const SteadyTime now = parts_.clock.now();
  for (const std::string& session : sessions) parts_.local.deny(session, now + keep, now);
  if (parts_.redis == nullptr) co_return Result<void>{};
  bool failed = false;
  runtime::TaskScope writes(parts_.executor, kWritesAtOnce, [&failed](const std::exception_ptr&) { failed = true; });
  // In turns of a few dozen, which share a write to the socket each.
  for (std::size_t i = 0; i < sessions.size() && !failed; i += kWritesAtOnce) {
    if (deadline.expired(parts_.clock.now())) failed = true;
    const std::size_t end = failed ? i : std::min(sessions.size(), i + kWritesAtOnce);
    for (std::size_t j = i; j < end; ++j) writes.spawn(write(std::move(sessions[j]), keep, &failed));
    co_await writes.join();
  }
  if (failed) co_return fail(ErrorCode::ServiceUnavailable, "redis did not take all ended sessions");
  co_return Result<void>{};
}

runtime::Task<> Denylist::write(std::string session, std::chrono::seconds keep, bool* failed) {
  const std::string key = key_of(parts_.key_prefix, session);
  const std::string seconds = std::to_string(keep.count());
  const std::array<std::string_view, 5> words{"SET", key, "1", "EX", seconds};
  const auto written = co_await parts_.redis->command(words);
  if (written) co_return;
  if (written.error().is("READONLY")) parts_.redis->reconnect();
  *failed = true;
}

runtime::Task<std::optional<bool>> Denylist::denied(std::string session) {
  if (parts_.local.denied(session, parts_.clock.now())) co_return true;
  if (parts_.redis == nullptr) co_return false;
  const std::string key = key_of(parts_.key_prefix, session);
  const auto words = question(key);
  const auto answer = ended(co_await parts_.redis->command(words));
  outages_.note(answer.has_value());
  if (!answer) parts_.shard.add(parts_.unchecked);
  co_return answer;
}

}  // namespace sallyport::denylist
