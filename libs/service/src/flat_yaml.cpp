#include "flat_yaml.hpp"

#include <algorithm>
#include <istream>
#include <sstream>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

namespace sallyport::service {
namespace {

constexpr std::size_t kBytesMax = 65536;
constexpr int kDepthMax = 8;

struct TooDeep final : std::exception {
  explicit TooDeep(const YAML::Mark& where) : mark(where) {}
  YAML::Mark mark;
};

/// Works on the parser's events, which is below the level where aliases would be expanded.
class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(std::vector<SettingsProblem>& problems) : problems_(problems) {}
  std::vector<YamlEntry> take() { return std::move(entries_); }
  bool has_document() const noexcept { return documents_ != 0; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 2) problem(mark, "a second YAML document: only one is read");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { OnScalar(mark, "?", anchor, std::string()); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    problem(mark, "aliases (*name) are not allowed");
    OnScalar(mark, "?", YAML::NullAnchor, std::string());
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check(mark, tag, anchor);
    if (documents_ > 1 || depth_ > 2 || (depth_ == 2 && !in_list_)) return;
    if (depth_ == 0) return problem(mark, "the file must be a map of keys");
    YamlScalar scalar{value, mark.line + 1, mark.column + 1};
    if (depth_ == 2) {
      entries_.back().values.push_back(std::move(scalar));
    } else if (expect_key_) {
      add_key(std::move(scalar), mark);
    } else {
      entries_.back().values.push_back(std::move(scalar));
      expect_key_ = true;
    }
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    check(mark, tag, anchor);
    if (depth_ == 1 && !expect_key_) {
      entries_.back().is_list = in_list_ = true;
    } else {
      problem(mark, "a list cannot stand here");
    }
    enter(mark);
  }
  void OnSequenceEnd() override { leave(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    check(mark, tag, anchor);
    if (depth_ != 0) problem(mark, "a map cannot stand here: the keys of this file have no keys below them");
    enter(mark);
  }
  void OnMapEnd() override { leave(); }

 private:
  void problem(const YAML::Mark& mark, std::string message) {
    problems_.push_back({mark.line + 1, mark.column + 1, std::move(message)});
  }
  void check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) problem(mark, "anchors (&name) are not allowed");
    if (!tag.empty() && tag != "?" && tag != "!") problem(mark, "tags are not allowed");
  }
  void add_key(YamlScalar key, const YAML::Mark& mark) {
    const auto same = [&](const YamlEntry& entry) { return entry.key.text == key.text; };
    if (std::ranges::any_of(entries_, same)) problem(mark, "key '" + key.text + "' stands twice");
    entries_.push_back({std::move(key), false, {}});
    expect_key_ = false;
  }
  void enter(const YAML::Mark& mark) {
    if (++depth_ > kDepthMax) throw TooDeep(mark);
  }
  void leave() {
    if (--depth_ == 1) {
      in_list_ = false;
      expect_key_ = true;
    }
  }

  std::vector<SettingsProblem>& problems_;
  std::vector<YamlEntry> entries_;
  int documents_ = 0;
  int depth_ = 0;
  bool in_list_ = false;
  bool expect_key_ = true;
};

}  // namespace

std::vector<YamlEntry> parse_flat_yaml(std::string_view text, std::vector<SettingsProblem>& problems) {
  if (text.size() > kBytesMax) {
    problems.push_back({0, 0, "the file is larger than 64 KiB"});
    return {};
  }
  const auto control = std::ranges::find_if(text, [](char c) {
    return (static_cast<unsigned char>(c) < 0x20U && c != '\n' && c != '\r' && c != '\t') || c == '\x7f';
  });
  if (control != text.end()) {
    const auto line = 1 + std::count(text.begin(), control, '\n');
    problems.push_back({static_cast<int>(line), 0, "a control character: the file must be plain UTF-8 text"});
    return {};
  }
  Builder builder(problems);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    if (builder.has_document()) parser.HandleNextDocument(builder);
  } catch (const TooDeep& deep) {
    problems.push_back({deep.mark.line + 1, deep.mark.column + 1, "nested too deep"});
    return {};
  } catch (const YAML::Exception& error) {
    problems.push_back({error.mark.line + 1, error.mark.column + 1, "not valid YAML: " + error.msg});
    return {};
  }
  return builder.take();
}

}  // namespace sallyport::service
