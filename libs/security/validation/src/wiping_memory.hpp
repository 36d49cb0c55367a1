#pragma once

#include <boost/json/memory_resource.hpp>
#include <cstddef>
#include <new>

#include "sallyport/core/secret.hpp"

namespace sallyport::validation {

/// Memory that is overwritten before it is given back: what a client sends may be a password or a token.
class WipingMemory final : public boost::json::memory_resource {
 private:
  /// Stands before what is given out: Boost's own resources give blocks back under a smaller size than they asked for.
  struct alignas(std::max_align_t) Header {
    std::size_t bytes;
  };

  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    if (alignment > alignof(Header)) throw std::bad_alloc();
    return new (::operator new(sizeof(Header) + bytes)) Header{bytes} + 1;
  }
  void do_deallocate(void* given, std::size_t, std::size_t) override {
    Header* const header = static_cast<Header*>(given) - 1;
    wipe(given, header->bytes);
    ::operator delete(header);
  }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

}  // namespace sallyport::validation
