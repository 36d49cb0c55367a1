#pragma once

#include <hiredis/read.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/storage/redis_client.hpp"

namespace sallyport::storage {

/// Turns the bytes of one connection into replies (RESP2). An array of integers is parsed by hand, without allocating;
/// everything else goes through hiredis' reader. Both can follow each other in any order. The peer is not trusted: a
/// reply is bounded in bytes, in elements and in depth. Sans-I/O.
class ReplyReader final {
 public:
  static constexpr std::size_t kReplyBytesMax = 16U << 20U;  ///< of the wire form, and of the tree
  static constexpr std::size_t kLineBytesMax = 64U << 10U;   ///< of a status, an error, a number

  enum class Step : std::uint8_t { Integers, Tree, Incomplete, Broken };

  ReplyReader();

  /// Where to read the next bytes to; valid until the next call. Never empty.
  std::span<char> prepare() noexcept;
  /// So many bytes were written to the start of what prepare() gave.
  void commit(std::size_t bytes) noexcept;

  /// Takes the next reply. With `fast`, an array of at most 32 integers is stored there (Step::Integers); every other
  /// shape becomes a tree (take_tree()). After Broken the reader is of no more use.
  Step next(RedisClient::Integers* fast);
  /// The reply that Step::Tree announced. An error anywhere in it makes the whole an error.
  RedisResult<RedisReply> take_tree();
  /// True when no byte waits to be parsed.
  bool drained() const noexcept { return !in_hiredis_ && begin_ == end_; }

 private:
  struct Tree {
    RedisReply root;
    std::string error;
    bool is_error = false;
    std::size_t budget = kReplyBytesMax;

    RedisReply* place(const redisReadTask* task, std::size_t bytes) noexcept;
  };
  struct FreeReader {
    void operator()(redisReader* reader) const noexcept { redisReaderFree(reader); }
  };

  static void* create_string(const redisReadTask* task, char* text, std::size_t bytes);
  static void* create_array(const redisReadTask* task, int elements);
  static void* create_integer(const redisReadTask* task, long long value);
  static void* create_nil(const redisReadTask* task);
  static void free_object(void* object);
  static redisReplyObjectFunctions functions_;

  bool feed_hiredis();
  bool line_too_long() const noexcept;

  std::unique_ptr<Tree> tree_;  ///< before the reader, which points to it
  std::unique_ptr<redisReader, FreeReader> reader_;
  bool in_hiredis_ = false;  ///< hiredis holds bytes, or a part of a reply
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;
};

}  // namespace sallyport::storage
