#include "redis_policy.hpp"

#include <array>

namespace sallyport::service {
namespace {
constexpr std::string_view kKey = "\nmaxmemory_policy:";
}  // namespace

runtime::Task<Result<void>> check_memory_policy(storage::RedisClient& client, log::Logger& logger) {
  constexpr std::array<std::string_view, 2> kWords{"INFO", "memory"};
  const auto reply = co_await client.command(kWords);
  const auto* const text = reply ? std::get_if<std::string>(&reply->value) : nullptr;
  const std::size_t at = text != nullptr ? text->find(kKey) : std::string::npos;
  if (at == std::string::npos) {
    logger.write(log::Level::Warn, "redis_memory_policy_unknown");
    co_return Result<void>{};
  }
  const std::size_t begin = at + kKey.size();
  const std::string policy = text->substr(begin, text->find_first_of("\r\n", begin) - begin);
  if (policy == "noeviction") co_return Result<void>{};
  co_return fail(ErrorCode::ServiceUnavailable,
                 "maxmemory-policy is " + policy + " and must be noeviction, or ended sessions would be forgotten");
}

}  // namespace sallyport::service
