#include "identity/session_check.hpp"

#include <array>
#include <utility>

#include "sallyport/denylist/denylist.hpp"

namespace sallyport::api_gateway {

runtime::Task<SessionState> SessionQuestion::wait() {
  while (!answer_) {
    if (!settled_) settled_.emplace(executor_, SteadyTime::max());
    ErrorCodeSys ignored;
    co_await settled_->async_wait(runtime::into(ignored));
  }
  co_return *answer_;
}

void SessionQuestion::settle(SessionState answer) noexcept {
  answer_ = answer;
  if (settled_) settled_->cancel();
}

std::shared_ptr<SessionQuestion> SessionCheck::ask(std::string_view session) {
  auto question = std::make_shared<SessionQuestion>(parts_.executor);
  const bool started = parts_.tasks.spawn(ask_redis(denylist::key_of(parts_.key_prefix, session), question));
  if (!started) question->settle(SessionState::Unknown);
  return question;
}

runtime::Task<> SessionCheck::ask_redis(std::string key, std::shared_ptr<SessionQuestion> question) {
  const std::array<std::string_view, 2> words{"EXISTS", key};
  const auto reply = co_await parts_.redis->command(words);
  const auto* const count = reply ? std::get_if<std::int64_t>(&reply->value) : nullptr;
  note(count != nullptr);
  if (count == nullptr) {
    question->settle(SessionState::Unknown);
  } else {
    question->settle(*count == 0 ? SessionState::Open : SessionState::Ended);
  }
}

void SessionCheck::note(bool answered) {
  if (std::exchange(failing_, !answered) == !answered) return;
  if (answered) {
    parts_.logger.write(log::Level::Info, "denylist_checked_again");
  } else {
    parts_.logger.write(log::Level::Warn, "denylist_unchecked");
  }
}

}  // namespace sallyport::api_gateway
