#include "sql/canceller.hpp"

#include <condition_variable>
#include <list>
#include <mutex>

namespace sallyport::storage::sql {
namespace {

/// How long the end waits for a request that is on its way.
constexpr std::chrono::milliseconds kEndLimit{500};

}  // namespace

class Canceller::Request {
 public:
  explicit Request(std::function<void()> f) : cancel(std::move(f)) {}
  std::function<void()> cancel;
  enum class Place { Queued, Sent, Done } place = Place::Queued;  ///< guarded by the state's mutex
};

struct Canceller::State {
  std::mutex mutex;  ///< guards everything below
  std::condition_variable called, done;
  std::list<std::shared_ptr<Request>> queue;
  bool stopping = false, ended = false;
};

Canceller::Canceller() : state_(std::make_shared<State>()), thread_([state = state_] { work(state); }) {}

Canceller::~Canceller() {
  std::unique_lock lock(state_->mutex);
  state_->stopping = true;
  state_->called.notify_one();
  const bool ended = state_->done.wait_for(lock, kEndLimit, [&] { return state_->ended; });
  lock.unlock();
  if (ended) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

std::shared_ptr<Canceller::Request> Canceller::send(std::function<void()> cancel) {
  auto request = std::make_shared<Request>(std::move(cancel));
  const std::lock_guard lock(state_->mutex);
  state_->queue.push_back(request);
  state_->called.notify_one();
  return request;
}

bool Canceller::settle(const std::shared_ptr<Request>& request, std::chrono::milliseconds limit) {
  std::unique_lock lock(state_->mutex);
  if (request->place == Request::Place::Queued) {
    state_->queue.remove(request);
    return true;
  }
  return state_->done.wait_for(lock, limit, [&] { return request->place == Request::Place::Done; });
}

void Canceller::work(const std::shared_ptr<State>& state) {
  std::unique_lock lock(state->mutex);
  while (!state->stopping) {
    if (state->queue.empty()) {
      state->called.wait(lock);
      continue;
    }
    const std::shared_ptr<Request> request = std::move(state->queue.front());
    state->queue.pop_front();
    request->place = Request::Place::Sent;
    lock.unlock();
    request->cancel();
    lock.lock();
    request->place = Request::Place::Done;
    state->done.notify_all();
  }
  state->ended = true;
  state->done.notify_all();
}

}  // namespace sallyport::storage::sql
