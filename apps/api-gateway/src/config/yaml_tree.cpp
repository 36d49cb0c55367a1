#include "config/yaml_tree.hpp"

#include <algorithm>
#include <exception>
#include <istream>
#include <numeric>
#include <streambuf>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

namespace sallyport::api_gateway {
namespace {

struct TooDeep final : std::exception {
  explicit TooDeep(const YAML::Mark& where) : mark(where) {}
  const char* what() const noexcept override { return "too deep"; }
  YAML::Mark mark;
};

/// Builds the tree from the parser's events, which is below the level where aliases would be expanded.
class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(Problems& problems) : problems_(problems) {}

  bool has_document() const noexcept { return documents_ != 0; }
  YamlNode take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 2) problems_.error(mark.line + 1, mark.column + 1, "a second YAML document: only one is read");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    complete(make(YamlNode::Kind::Null, mark, {}, anchor));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    problems_.error(mark.line + 1, mark.column + 1, "aliases (*name) are not allowed: write the value out");
    complete(make(YamlNode::Kind::Invalid, mark, {}, YAML::NullAnchor));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    auto node = make(YamlNode::Kind::Scalar, mark, tag, anchor);
    node.plain = tag == "?";
    node.text = value;
    complete(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(make(YamlNode::Kind::List, mark, tag, anchor), mark);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(make(YamlNode::Kind::Map, mark, tag, anchor), mark);
  }
  void OnMapEnd() override {
    drop_duplicates(stack_.back());
    close();
  }

 private:
  YamlNode make(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    YamlNode node;
    node.kind = kind;
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    if (anchor != YAML::NullAnchor) {
      problems_.error(node, "anchors (&name) are not allowed: write the value out where it is used");
    }
    if (!tag.empty() && tag != "?" && tag != "!") {
      problems_.error(node, fmt::format("tag {} is not allowed: a value's type follows from its key", in_quotes(tag)));
    }
    return node;
  }

  void open(YamlNode node, const YAML::Mark& mark) {
    if (stack_.size() == kYamlDepthMax) throw TooDeep(mark);
    stack_.push_back(std::move(node));
  }

  void close() {
    YamlNode node = std::move(stack_.back());
    stack_.pop_back();
    complete(std::move(node));
  }

  void complete(YamlNode node) {
    if (stack_.empty()) {
      if (documents_ == 1) root_ = std::move(node);
      return;
    }
    YamlNode& parent = stack_.back();
    const bool is_key = parent.kind == YamlNode::Kind::Map && parent.keys.size() == parent.items.size();
    if (!is_key) {
      parent.items.push_back(std::move(node));
      return;
    }
    if (node.kind != YamlNode::Kind::Scalar && node.kind != YamlNode::Kind::Invalid) {
      problems_.error(node, "a key must be a single word");
    }
    parent.keys.push_back(std::move(node));
  }

  /// Keeps the first of equal keys. By sorting: hashing could be flooded with collisions.
  void drop_duplicates(YamlNode& map) {
    std::vector<std::size_t> order(map.keys.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return std::tie(map.keys[a].text, a) < std::tie(map.keys[b].text, b);
    });
    for (std::size_t i = 1, first = 0; i < order.size(); ++i) {
      const YamlNode& earlier = map.keys[order[first]];
      YamlNode& later = map.keys[order[i]];
      if (earlier.kind != YamlNode::Kind::Scalar || later.kind != YamlNode::Kind::Scalar ||
          earlier.text != later.text) {
        first = i;
        continue;
      }
      problems_.error(later, fmt::format("key {} stands twice: first on line {}", in_quotes(later.text), earlier.line));
      later.kind = YamlNode::Kind::Invalid;
    }
  }

  Problems& problems_;
  std::vector<YamlNode> stack_;
  YamlNode root_;
  int documents_ = 0;
};

/// Lets the parser read the text where it lies.
class ViewBuffer final : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // the get area is never written to
    setg(begin, begin, begin + text.size());
  }
};

/// Control characters would reach messages and logs; a NUL also means UTF-16, which nobody reads this file in. The
/// parser skips directives it does not know: a line that begins with '%' would say nothing without a word.
bool check_characters(std::string_view text, Problems& problems) {
  int line = 1;
  int column = 1;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n' && c != '\r' && c != '\t') || byte == 0x7f) {
      problems.error(line, column, fmt::format("control character 0x{:02x}: the file must be plain UTF-8 text", byte));
      return false;
    }
    if (c == '%' && column == 1) {
      problems.error(line, column, "directives (%) are not allowed");
      return false;
    }
    column = c == '\n' ? 1 : column + 1;
    line += c == '\n' ? 1 : 0;
  }
  return true;
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const noexcept {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (keys[i].kind == Kind::Scalar && keys[i].text == key) return &items[i];
  }
  return nullptr;
}

const YamlNode& YamlNode::at_or_self(std::string_view key) const noexcept {
  const YamlNode* value = find(key);
  return value != nullptr ? *value : *this;
}

YamlNode parse_yaml(std::string_view text, Problems& problems) {
  YamlNode invalid;
  invalid.kind = YamlNode::Kind::Invalid;
  if (text.size() > kYamlBytesMax) {
    problems.error(0, 0, fmt::format("the file is larger than {} bytes", kYamlBytesMax));
    return invalid;
  }
  if (!check_characters(text, problems)) return invalid;

  Builder builder(problems);
  try {
    ViewBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    if (builder.has_document()) parser.HandleNextDocument(builder);
  } catch (const TooDeep& deep) {
    problems.error(deep.mark.line + 1, deep.mark.column + 1,
                   fmt::format("nested deeper than {} levels", kYamlDepthMax));
    return invalid;
  } catch (const YAML::Exception& error) {
    problems.error(error.mark.line + 1, error.mark.column + 1, "not valid YAML: " + error.msg);
    return invalid;
  }
  return builder.take_root();
}

}  // namespace sallyport::api_gateway
