#include "identity/session_check.hpp"

#include <utility>

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
  const auto words = denylist::question(key);
  const auto ended = denylist::ended(co_await parts_.redis->command(words));
  outages_.note(ended.has_value());
  if (!ended) {
    question->settle(SessionState::Unknown);
  } else {
    question->settle(*ended ? SessionState::Ended : SessionState::Open);
  }
}

}  // namespace sallyport::api_gateway
