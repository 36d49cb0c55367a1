#include "redis_reply_reader.hpp"

#include <cstring>
#include <new>
#include <utility>

namespace sallyport::storage {
namespace {

constexpr std::size_t kBufferBytes = 16U << 10U;
constexpr std::size_t kIntegersMax = std::size(RedisClient::Integers{}.values);

enum class Shape : std::uint8_t { Whole, Prefix, Other };

/// Reads "<number>\r\n" at `at`. Anything that is not plainly a number that fits is Other: hiredis then decides.
Shape parse_line(const char*& at, const char* end, std::int64_t& value) noexcept {
  const char* p = at;
  if (p == end) return Shape::Prefix;
  const bool negative = *p == '-';
  if (negative) ++p;
  const char* digits = p;
  std::int64_t number = 0;
  while (p != end && *p >= '0' && *p <= '9') {
    if (p - digits == 18) return Shape::Other;  // 18 digits cannot overflow
    number = number * 10 + (*p - '0');
    ++p;
  }
  if (p == end) return Shape::Prefix;
  if (p == digits || *p != '\r') return Shape::Other;
  if (++p == end) return Shape::Prefix;
  if (*p != '\n') return Shape::Other;
  at = p + 1;
  value = negative ? -number : number;
  return Shape::Whole;
}

Shape parse_integers(const char*& at, const char* end, RedisClient::Integers& out) noexcept {
  const char* p = at;
  if (p == end) return Shape::Prefix;
  if (*p++ != '*') return Shape::Other;
  std::int64_t count = 0;
  if (const Shape shape = parse_line(p, end, count); shape != Shape::Whole) return shape;
  if (count < 0 || std::cmp_greater(count, kIntegersMax)) return Shape::Other;
  for (std::int64_t i = 0; i < count; ++i) {
    if (p == end) return Shape::Prefix;
    if (*p++ != ':') return Shape::Other;
    if (const Shape shape = parse_line(p, end, out.values[i]); shape != Shape::Whole) return shape;
  }
  out.size = static_cast<std::uint8_t>(count);
  at = p;
  return Shape::Whole;
}

}  // namespace

redisReplyObjectFunctions ReplyReader::functions_ = {&create_string, &create_array, &create_integer, &create_nil,
                                                     &free_object};

ReplyReader::ReplyReader()
    : tree_(std::make_unique<Tree>()), reader_(redisReaderCreateWithFunctions(&functions_)), buffer_(kBufferBytes) {
  if (reader_ == nullptr) throw std::bad_alloc();
  reader_->privdata = tree_.get();
}

std::span<char> ReplyReader::prepare() noexcept {
  // What is left is at most a prefix of one array of 32 integers.
  if (begin_ != 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  return std::span<char>(buffer_).subspan(end_);
}

void ReplyReader::commit(std::size_t bytes) noexcept {
  end_ += bytes;
}

ReplyReader::Step ReplyReader::next(RedisClient::Integers* fast) {
  if (!in_hiredis_) {
    if (begin_ == end_) return Step::Incomplete;
    if (fast != nullptr) {
      const char* at = buffer_.data() + begin_;
      const Shape shape = parse_integers(at, buffer_.data() + end_, *fast);
      if (shape == Shape::Prefix) return Step::Incomplete;
      if (shape == Shape::Whole) {
        begin_ = static_cast<std::size_t>(at - buffer_.data());
        if (begin_ == end_) begin_ = end_ = 0;
        return Step::Integers;
      }
    }
  }
  if (!feed_hiredis()) return Step::Broken;
  void* reply = nullptr;
  if (redisReaderGetReply(reader_.get(), &reply) != REDIS_OK) return Step::Broken;
  if (reply == nullptr) return line_too_long() ? Step::Broken : Step::Incomplete;
  in_hiredis_ = reader_->pos < reader_->len;
  return Step::Tree;
}

bool ReplyReader::feed_hiredis() {
  in_hiredis_ = true;
  const std::size_t bytes = end_ - begin_;
  if (bytes == 0) return true;
  if (reader_->len - reader_->pos + bytes > kReplyBytesMax) return false;
  const bool fed = redisReaderFeed(reader_.get(), buffer_.data() + begin_, bytes) == REDIS_OK;
  begin_ = end_ = 0;
  return fed;
}

bool ReplyReader::line_too_long() const noexcept {
  // hiredis looks for the end of a line from its start each time: an endless line would cost quadratic time.
  const std::size_t waiting = reader_->len - reader_->pos;
  if (waiting <= kLineBytesMax) return false;
  return std::memchr(reader_->buf + reader_->pos, '\n', kLineBytesMax) == nullptr &&
         (reader_->ridx < 0 || reader_->rstack[reader_->ridx].type != REDIS_REPLY_STRING ||
          std::memchr(reader_->buf + reader_->pos, '\r', 32) == nullptr);
}

RedisResult<RedisReply> ReplyReader::take_tree() {
  Tree done = std::exchange(*tree_, Tree{});
  if (done.is_error) return std::unexpected(RedisError{RedisErrorKind::Reply, std::move(done.error)});
  return std::move(done.root);
}

// The functions that hiredis calls while it parses. A null pointer, which hiredis takes for a lack of memory, refuses
// the reply; no exception may pass through C.

RedisReply* ReplyReader::Tree::place(const redisReadTask* task, std::size_t bytes) noexcept {
  if (bytes > budget) return nullptr;
  budget -= bytes;
  if (task->parent == nullptr) return &root;
  auto* parent = static_cast<RedisReply*>(task->parent->obj);
  return &std::get<std::vector<RedisReply>>(parent->value)[static_cast<std::size_t>(task->idx)];
}

void* ReplyReader::create_string(const redisReadTask* task, char* text, std::size_t bytes) {
  Tree& tree = *static_cast<Tree*>(task->privdata);
  RedisReply* node = tree.place(task, bytes);
  if (node == nullptr) return nullptr;
  try {
    if (task->type != REDIS_REPLY_ERROR) {
      node->value = std::string(text, bytes);
    } else if (!tree.is_error) {
      tree.is_error = true;
      tree.error.assign(text, bytes);
    }
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
  return node;
}

void* ReplyReader::create_array(const redisReadTask* task, int elements) {
  Tree& tree = *static_cast<Tree*>(task->privdata);
  const auto count = static_cast<std::size_t>(elements);
  if (count > kReplyBytesMax / sizeof(RedisReply)) return nullptr;
  RedisReply* node = tree.place(task, count * sizeof(RedisReply));
  if (node == nullptr) return nullptr;
  try {
    node->value = std::vector<RedisReply>(count);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
  return node;
}

void* ReplyReader::create_integer(const redisReadTask* task, long long value) {
  RedisReply* node = static_cast<Tree*>(task->privdata)->place(task, 0);
  node->value = std::int64_t{value};
  return node;
}

void* ReplyReader::create_nil(const redisReadTask* task) {
  RedisReply* node = static_cast<Tree*>(task->privdata)->place(task, 0);
  node->value = std::monostate();
  return node;
}

void ReplyReader::free_object(void* /*object*/) {}  // the tree owns its nodes

}  // namespace sallyport::storage
