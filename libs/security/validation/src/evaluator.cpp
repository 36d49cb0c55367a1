#include "evaluator.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "evaluation.hpp"
#include "json_value.hpp"

namespace sallyport::validation {

namespace json = boost::json;

namespace {

constexpr std::size_t kDepthMax = 1024;          ///< subschemas within subschemas
constexpr std::size_t kFreeSteps = 100'000;      ///< before the value is measured
constexpr std::size_t kStepsForEachValue = 256;  ///< more means that choices multiply

std::size_t count_values(const json::value& value) {
  std::size_t count = 1;
  if (const json::array* const array = value.if_array()) {
    for (const json::value& element : *array) count += count_values(element);
  } else if (const json::object* const object = value.if_object()) {
    for (const auto& one : *object) count += count_values(one.value());
  }
  return count;
}

std::size_t children_of(const json::value& value) noexcept {
  if (const json::array* const array = value.if_array()) return array->size();
  if (const json::object* const object = value.if_object()) return object->size();
  return 0;
}

}  // namespace

TypeMask type_of(const json::value& value) noexcept {
  switch (value.kind()) {
    case json::kind::null:
      return kNull;
    case json::kind::bool_:
      return kBoolean;
    case json::kind::int64:
    case json::kind::uint64:
      return kInteger;
    case json::kind::double_:
      return Number::of(value)->is_integer() ? kInteger : kFraction;
    case json::kind::string:
      return kString;
    case json::kind::array:
      return kArray;
    case json::kind::object:
      break;
  }
  return kObject;
}

/// Keeps what a branch evaluated apart until it is known whether the branch passes.
class Evaluation::BranchFrame final {
 public:
  BranchFrame(Evaluation& evaluation, Evaluated* target) : evaluation_(evaluation), target_(target) {
    if (target_ != nullptr) own_ = evaluation_.open_frame(target_->words * 64);
  }
  ~BranchFrame() {
    if (target_ != nullptr) evaluation_.close_frame(own_);
  }
  BranchFrame(const BranchFrame&) = delete;
  BranchFrame& operator=(const BranchFrame&) = delete;

  Evaluated* get() noexcept { return target_ == nullptr ? nullptr : &own_; }
  void merge() noexcept {
    if (target_ == nullptr) return;
    target_->all = target_->all || own_.all;
    auto& bits = evaluation_.scratch_;
    for (std::size_t i = 0; i < own_.words; ++i) bits[target_->offset + i] |= bits[own_.offset + i];
  }

 private:
  Evaluation& evaluation_;
  Evaluated* target_;
  Evaluated own_;
};

Verdict evaluate(const Program& program, NodeIndex root, const json::value& value, Reporting reporting,
                 std::string_view prefix) {
  return Evaluation(program, value, reporting, prefix).run(root);
}

Verdict Evaluation::run(NodeIndex root) {
  const Place place;
  Verdict verdict;
  verdict.valid = apply(root, root_, place, nullptr) && !broken_;
  verdict.steps = steps_;
  if (broken_) {
    report_ = Report({});
    report_.add(place, "too_complex", "has too many parts that could be read in several ways");
  }
  verdict.errors = report_.take();
  return verdict;
}

bool Evaluation::fail(const Place& place, std::string_view code, std::string message) {
  if (quiet_ == 0) report_.add(place, code, std::move(message));
  return false;
}

bool Evaluation::fail(const Place& place, std::string_view code, const char* message) {
  if (quiet_ == 0) report_.add(place, code, message);
  return false;
}

bool Evaluation::within_budget() {
  if (broken_) return false;
  ++steps_;
  if (depth_ >= kDepthMax) broken_ = true;
  if (steps_ > kFreeSteps) {
    if (budget_ == 0) budget_ = kFreeSteps + kStepsForEachValue * count_values(root_);
    if (steps_ > budget_) broken_ = true;
  }
  return !broken_;
}

Evaluated Evaluation::open_frame(std::size_t size) {
  const Evaluated frame{.offset = scratch_.size(), .words = (size + 63) / 64};
  scratch_.resize(frame.offset + frame.words, 0);
  return frame;
}

bool Evaluation::apply(NodeIndex index, const Value& value, const Place& place, Evaluated* evaluated) {
  const Node& node = program_.nodes[index];
  if (node.kind == Node::Kind::True) return true;
  if (node.kind == Node::Kind::False) return fail(place, "forbidden", "is not allowed here");
  if (node.kind == Node::Kind::ReadOnly) return fail(place, "read_only", "is set by the server and cannot be sent");
  if (!within_budget()) return false;
  ++depth_;
  const bool enters = program_.has_dynamic_refs && (scope_.empty() || scope_.back() != node.resource);
  if (enters) scope_.push_back(node.resource);
  const bool passed = apply_node(node, value, place, evaluated);
  if (enters) scope_.pop_back();
  --depth_;
  return passed;
}

bool Evaluation::apply_node(const Node& node, const Value& value, const Place& place, Evaluated* evaluated) {
  if ((node.types & type_of(value)) == 0) {
    // Whatever else a value of the wrong type breaks is noise.
    if (evaluated != nullptr) evaluated->unknown = true;
    return stop() ? false : fail(place, "type", "must be " + describe_types(node.types));
  }
  return node.tracks_evaluation() ? apply_tracked(node, value, place, evaluated)
                                  : apply_rules(node, value, place, evaluated);
}

bool Evaluation::apply_tracked(const Node& node, const Value& value, const Place& place, Evaluated* outer) {
  Evaluated own = open_frame(children_of(value));
  bool passed = apply_rules(node, value, place, &own);
  // Complaints about a rest that is not known would only mislead.
  if ((passed || !stop()) && !own.unknown) passed = check_unevaluated(node, value, place, own) && passed;
  if (outer != nullptr) {
    outer->unknown = outer->unknown || own.unknown;
    outer->all = outer->all || own.all;
    for (std::size_t i = 0; i < own.words; ++i) scratch_[outer->offset + i] |= scratch_[own.offset + i];
  }
  close_frame(own);
  return passed;
}

bool Evaluation::apply_rules(const Node& node, const Value& value, const Place& place, Evaluated* evaluated) {
  bool passed = true;
  const auto add = [this, &passed](bool one) {
    passed = passed && one;
    return passed || !stop();
  };
  if (node.values && !add(check_values(*node.values, value, place))) return false;
  if (node.number && value.is_number() && !add(check_number(*node.number, value, place))) return false;
  if ((node.string || node.format) && !add(check_string(node, value, place))) return false;
  if (node.array && value.is_array() && !add(check_array(*node.array, value.get_array(), place, evaluated))) {
    return false;
  }
  if (node.object && value.is_object()) {
    if (!add(check_object(*node.object, value.get_object(), place, evaluated))) return false;
    if (!add(check_dependencies(*node.object, value, place, evaluated))) return false;
  }
  if (node.reference != kNoNode && !add(apply(node.reference, value, place, evaluated))) return false;
  if (node.in_place && !add(apply_in_place(*node.in_place, value, place, evaluated))) return false;
  return passed;
}

bool Evaluation::apply_in_place(const InPlaceRules& rules, const Value& value, const Place& place,
                                Evaluated* evaluated) {
  bool passed = true;
  if (rules.dynamic_ref != kNoNode) passed = apply(resolve_dynamic(rules), value, place, evaluated);
  for (const NodeIndex branch : rules.all_of) {
    if (!passed && stop()) return false;
    passed = apply(branch, value, place, evaluated) && passed;
  }
  if (!passed && stop()) return false;
  if (!rules.any_of.empty()) passed = apply_any_of(rules, value, place, evaluated) && passed;
  if (!passed && stop()) return false;
  if (!rules.one_of.empty()) passed = apply_one_of(rules, value, place, evaluated) && passed;
  if (!passed && stop()) return false;
  if (rules.not_node != kNoNode && passes(rules.not_node, value, place, nullptr)) {
    passed = fail(place, "not", "has a form that is not allowed");
  }
  if (!passed && stop()) return false;
  if (rules.if_node != kNoNode) passed = apply_condition(rules, value, place, evaluated) && passed;
  return passed;
}

bool Evaluation::passes(NodeIndex index, const Value& value, const Place& place, Evaluated* evaluated) {
  const Quiet quiet(*this);
  BranchFrame frame(*this, evaluated);
  if (!apply(index, value, place, frame.get())) return false;
  frame.merge();
  return true;
}

NodeIndex Evaluation::only_candidate(std::span<const NodeIndex> branches, TypeMask type) const noexcept {
  NodeIndex only = kNoNode;
  for (const NodeIndex branch : branches) {
    if ((program_.nodes[branch].admits & type) == 0) continue;
    if (only != kNoNode) return kNoNode;
    only = branch;
  }
  return only;
}

bool Evaluation::no_branch(std::span<const NodeIndex> branches, TypeMask type, const Place& place,
                           std::string_view code) {
  if (stop()) return false;
  TypeMask admitted = 0;
  for (const NodeIndex branch : branches) admitted |= program_.nodes[branch].admits;
  if ((admitted & type) == 0 && admitted != 0) return fail(place, "type", "must be " + describe_types(admitted));
  return fail(place, code, "has none of the forms that are allowed here");
}

bool Evaluation::apply_any_of(const InPlaceRules& rules, const Value& value, const Place& place, Evaluated* evaluated) {
  // With one candidate its reasons are the reasons.
  const TypeMask type = type_of(value);
  const NodeIndex only = only_candidate(rules.any_of, type);
  if (only != kNoNode) return apply(only, value, place, evaluated);
  bool passed = false;
  for (const NodeIndex branch : rules.any_of) {
    if ((program_.nodes[branch].admits & type) == 0) continue;
    passed = passes(branch, value, place, evaluated) || passed;
    if (passed && evaluated == nullptr) return true;
  }
  if (passed) return true;
  if (evaluated != nullptr) evaluated->unknown = true;
  return no_branch(rules.any_of, type, place, "any_of");
}

bool Evaluation::apply_one_of(const InPlaceRules& rules, const Value& value, const Place& place, Evaluated* evaluated) {
  const TypeMask type = type_of(value);
  const NodeIndex only = only_candidate(rules.one_of, type);
  if (only != kNoNode) return apply(only, value, place, evaluated);
  bool passed = false;
  for (const NodeIndex branch : rules.one_of) {
    if ((program_.nodes[branch].admits & type) == 0 || !passes(branch, value, place, evaluated)) continue;
    if (passed && evaluated != nullptr) evaluated->unknown = true;
    if (passed) return fail(place, "one_of", "has more than one of the forms that exclude each other");
    passed = true;
  }
  if (passed) return true;
  if (evaluated != nullptr) evaluated->unknown = true;
  return no_branch(rules.one_of, type, place, "one_of");
}

bool Evaluation::apply_condition(const InPlaceRules& rules, const Value& value, const Place& place,
                                 Evaluated* evaluated) {
  const NodeIndex next = passes(rules.if_node, value, place, evaluated) ? rules.then_node : rules.else_node;
  return next == kNoNode || apply(next, value, place, evaluated);
}

NodeIndex Evaluation::resolve_dynamic(const InPlaceRules& rules) const noexcept {
  if (rules.dynamic_anchor == 0) return rules.dynamic_ref;
  for (const ResourceIndex resource : scope_) {
    for (const auto& [anchor, node] : program_.resources[resource]) {
      if (anchor == rules.dynamic_anchor) return node;
    }
  }
  return rules.dynamic_ref;
}

}  // namespace sallyport::validation
