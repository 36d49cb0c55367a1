#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "evaluator.hpp"
#include "program.hpp"
#include "report.hpp"

namespace sallyport::validation {

/// Which members or elements of one value were evaluated (core, section 11): bits in the evaluation's scratch memory.
struct Evaluated {
  std::size_t offset = 0;  ///< in words
  std::size_t words = 0;
  bool all = false;
  bool unknown = false;  ///< no branch of a choice passed, so nobody knows what it would have evaluated
};

/// One application of a schema to a value.
///
/// Annotations are kept only where an `unevaluated…` keyword asks for them: then `evaluated` is not null. Those of a
/// branch that may fail without failing the whole (anyOf, oneOf, if) go into a frame of their own and are merged after.
class Evaluation final {
 public:
  Evaluation(const Program& program, const boost::json::value& root, Reporting reporting, std::string_view prefix)
      : program_(program), root_(root), report_(prefix), quiet_(reporting == Reporting::FirstOnly ? 1 : 0) {}

  Verdict run(NodeIndex root);

 private:
  /// While it lives nobody wants reasons.
  class Quiet final {
   public:
    explicit Quiet(Evaluation& evaluation) : evaluation_(evaluation) { ++evaluation_.quiet_; }
    ~Quiet() { --evaluation_.quiet_; }
    Quiet(const Quiet&) = delete;
    Quiet& operator=(const Quiet&) = delete;

   private:
    Evaluation& evaluation_;
  };
  class BranchFrame;
  using Value = boost::json::value;

  bool apply(NodeIndex index, const Value& value, const Place& place, Evaluated* evaluated);
  bool apply_node(const Node& node, const Value& value, const Place& place, Evaluated* evaluated);
  bool apply_tracked(const Node& node, const Value& value, const Place& place, Evaluated* outer);
  bool apply_rules(const Node& node, const Value& value, const Place& place, Evaluated* evaluated);
  bool apply_in_place(const InPlaceRules& rules, const Value& value, const Place& place, Evaluated* evaluated);
  bool apply_any_of(const InPlaceRules& rules, const Value& value, const Place& place, Evaluated* evaluated);
  bool apply_one_of(const InPlaceRules& rules, const Value& value, const Place& place, Evaluated* evaluated);
  bool apply_condition(const InPlaceRules& rules, const Value& value, const Place& place, Evaluated* evaluated);
  /// Applies a branch without reporting; what it evaluated counts when it passes.
  bool passes(NodeIndex index, const Value& value, const Place& place, Evaluated* evaluated);
  /// The only branch that takes values of this type, if there is one.
  NodeIndex only_candidate(std::span<const NodeIndex> branches, TypeMask type) const noexcept;
  bool no_branch(std::span<const NodeIndex> branches, TypeMask type, const Place& place, std::string_view code);
  NodeIndex resolve_dynamic(const InPlaceRules& rules) const noexcept;

  bool check_values(const ValueRules& rules, const Value& value, const Place& place);
  bool check_number(const NumberRules& rules, const Value& value, const Place& place);
  bool check_string(const Node& node, const Value& value, const Place& place);
  bool check_format(Format format, const Value& value, const Place& place);

  bool check_object(const ObjectRules& rules, const boost::json::object& object, const Place& place,
                    Evaluated* evaluated);
  bool check_member(const ObjectRules& rules, const boost::json::key_value_pair& member, const Place& place,
                    Evaluated* evaluated, std::size_t& required_seen);
  bool check_missing(const ObjectRules& rules, const boost::json::object& object, const Place& place);
  bool check_dependencies(const ObjectRules& rules, const Value& value, const Place& place, Evaluated* evaluated);
  bool check_array(const ArrayRules& rules, const boost::json::array& array, const Place& place, Evaluated* evaluated);
  bool check_contains(const ArrayRules& rules, const boost::json::array& array, const Place& place,
                      Evaluated* evaluated);
  bool check_unevaluated(const Node& node, const Value& value, const Place& place, Evaluated& evaluated);
  bool check_extra(NodeIndex index, const Value& value, const Place& place);

  bool fail(const Place& place, std::string_view code, std::string message);
  /// Code without a value in its message.
  bool fail(const Place& place, std::string_view code, const char* message);
  /// After a failure: no more reasons are wanted.
  bool stop() const noexcept { return quiet_ != 0 || broken_ || report_.is_full(); }
  bool within_budget();

  Evaluated open_frame(std::size_t size);
  void close_frame(const Evaluated& frame) { scratch_.resize(frame.offset); }
  void mark(Evaluated* evaluated, std::size_t index) noexcept {
    if (evaluated != nullptr) scratch_[evaluated->offset + index / 64] |= std::uint64_t{1} << (index % 64);
  }
  bool is_marked(const Evaluated& evaluated, std::size_t index) const noexcept {
    return evaluated.all || (scratch_[evaluated.offset + index / 64] >> (index % 64) & 1U) != 0;
  }

  const Program& program_;
  const Value& root_;
  Report report_;
  std::size_t quiet_;  ///< levels that want no reasons
  bool broken_ = false;
  std::size_t depth_ = 0;
  std::size_t steps_ = 0;
  std::size_t budget_ = 0;  ///< 0: not worked out yet
  std::vector<std::uint64_t> scratch_;
  std::vector<ResourceIndex> scope_;
};

}  // namespace sallyport::validation
