#include "adapters/denylist.hpp"

#include <algorithm>
#include <array>
#include <exception>

#include "sallyport/runtime/task_scope.hpp"

namespace sallyport::auth_service {
namespace {
constexpr std::size_t kWritesAtOnce = 64;
}  // namespace

std::string Denylist::key_of(std::string_view session) const {
  std::string key;
  key.reserve(key_prefix_.size() + session.size() + 7);
  key.append(key_prefix_).append("deny:{").append(session).append("}");
  return key;
}

runtime::Task<Result<void>> Denylist::deny(std::vector<accounts::SessionId> sessions, Deadline deadline) {
  const SteadyTime now = clock_.now();
  for (const accounts::SessionId& session : sessions) local_.deny(session.to_string(), now + keep_, now);
  if (redis_ == nullptr) co_return Result<void>{};
  bool failed = false;
  runtime::TaskScope writes(executor_, kWritesAtOnce, [&failed](const std::exception_ptr&) { failed = true; });
  // In turns of a few dozen, which share a write to the socket each.
  for (std::size_t i = 0; i < sessions.size() && !failed; i += kWritesAtOnce) {
    if (deadline.expired(clock_.now())) failed = true;
    const std::size_t end = failed ? i : std::min(sessions.size(), i + kWritesAtOnce);
    for (std::size_t j = i; j < end; ++j) writes.spawn(write(sessions[j].to_string(), &failed));
    co_await writes.join();
  }
  if (failed) co_return fail(ErrorCode::ServiceUnavailable, "redis did not take all ended sessions");
  co_return Result<void>{};
}

runtime::Task<> Denylist::write(std::string session, bool* failed) {
  const std::string key = key_of(session);
  const std::string seconds = std::to_string(keep_.count());
  const std::array<std::string_view, 5> words{"SET", key, "1", "EX", seconds};
  const auto written = co_await redis_->command(words);
  if (written) co_return;
  if (written.error().is("READONLY")) redis_->reconnect();
  *failed = true;
}

runtime::Task<bool> Denylist::denied(accounts::SessionId session) {
  const std::string id = session.to_string();
  if (local_.denied(id, clock_.now())) co_return true;
  if (redis_ == nullptr) co_return false;
  const std::string key = key_of(id);
  const std::array<std::string_view, 2> words{"EXISTS", key};
  const auto found = co_await redis_->command(words);
  const auto* const count = found ? std::get_if<std::int64_t>(&found->value) : nullptr;
  if (count == nullptr) {
    shard_.add(unchecked_);
    if (!std::exchange(failing_, true)) logger_.write(log::Level::Warn, "denylist_unchecked");
    co_return false;
  }
  if (std::exchange(failing_, false)) logger_.write(log::Level::Info, "denylist_checked_again");
  co_return *count != 0;
}

}  // namespace sallyport::auth_service
