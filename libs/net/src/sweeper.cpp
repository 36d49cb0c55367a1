#include "sallyport/net/sweeper.hpp"

#include "sallyport/core/assert.hpp"

namespace sallyport::net {

SweepEntry::SweepEntry(Sweeper& sweeper) noexcept : sweeper_(sweeper) {
  sweeper_.link(*this);
}
SweepEntry::~SweepEntry() {
  sweeper_.unlink(*this);
}

Sweeper::Sweeper(runtime::Executor executor, const Clock& clock, std::chrono::milliseconds tick)
    : clock_(clock), tick_(tick), timer_(executor) {}

Sweeper::~Sweeper() {
  SALLYPORT_ASSERT(first_ == nullptr);
}

void Sweeper::link(SweepEntry& entry) noexcept {
  entry.next_ = first_;
  if (first_ != nullptr) first_->previous_ = &entry;
  first_ = &entry;
  if (!armed_) arm();
}

void Sweeper::unlink(SweepEntry& entry) noexcept {
  (entry.previous_ != nullptr ? entry.previous_->next_ : first_) = entry.next_;
  if (entry.next_ != nullptr) entry.next_->previous_ = entry.previous_;
  if (upcoming_ == &entry) upcoming_ = entry.next_;
}

void Sweeper::sweep() noexcept {
  const SteadyTime now = clock_.coarse_now();
  for (SweepEntry* entry = first_; entry != nullptr; entry = upcoming_) {
    upcoming_ = entry->next_;
    entry->sweep(now);
  }
}

void Sweeper::arm() {
  armed_ = true;
  timer_.expires_after(tick_);
  // Destroying the timer completes the wait with an error, so `this` is not touched after the sweeper is gone.
  timer_.async_wait([this](const ErrorCodeSys& ec) {
    if (ec) return;
    armed_ = false;
    sweep();
    if (first_ != nullptr && !armed_) arm();
  });
}

}  // namespace sallyport::net
