#include "schema_analysis.hpp"

#include <span>
#include <vector>

namespace sallyport::validation {

namespace {

TypeMask types_of_values(const ValueRules& rules) {
  TypeMask types = kAnyType;
  if (rules.has_enum) {
    types = rules.texts.empty() ? TypeMask{0} : kString;
    for (const auto& one : rules.others) types |= type_of(one);
  }
  if (rules.constant) types &= type_of(*rules.constant);
  return types;
}

/// Walks along the references that stay at the same value. The depth is that of the longest chain of them.
class Analysis final {
 public:
  explicit Analysis(Program& program) : program_(program), states_(program.nodes.size(), State::New) {}

  std::optional<NodeIndex> run() {
    for (NodeIndex i = 0; i < program_.nodes.size() && !loop_; ++i) visit(i);
    return loop_;
  }

 private:
  enum class State : std::uint8_t { New, Open, Done };
  static constexpr std::size_t kChainMax = 512;

  TypeMask visit(NodeIndex index) {
    if (index == kNoNode || loop_) return kAnyType;
    Node& node = program_.nodes[index];
    if (states_[index] == State::Done) return node.admits;
    if (states_[index] == State::Open || depth_ == kChainMax) {
      loop_ = index;
      return kAnyType;
    }
    states_[index] = State::Open;
    ++depth_;
    node.admits = admitted(node);
    --depth_;
    states_[index] = State::Done;
    return node.admits;
  }
  TypeMask any(std::span<const NodeIndex> branches) {
    TypeMask types = 0;
    for (const NodeIndex branch : branches) types |= visit(branch);
    return branches.empty() ? kAnyType : types;
  }
  TypeMask admitted(const Node& node) {
    if (node.kind == Node::Kind::True) return kAnyType;
    if (node.kind != Node::Kind::Rules) return 0;
    TypeMask types = node.types;
    if (node.values) types &= types_of_values(*node.values);
    types &= visit(node.reference);
    if (node.object) {
      for (const auto& [name, schema] : node.object->dependent_schemas) visit(schema);
    }
    if (!node.in_place) return types;
    const InPlaceRules& rules = *node.in_place;
    for (const NodeIndex branch : rules.all_of) types &= visit(branch);
    types &= any(rules.any_of);
    types &= any(rules.one_of);
    visit(rules.not_node);
    visit(rules.if_node);
    visit(rules.then_node);
    visit(rules.else_node);
    visit_dynamic(rules, types);
    return types;
  }
  void visit_dynamic(const InPlaceRules& rules, TypeMask& types) {
    if (rules.dynamic_ref == kNoNode) return;
    const TypeMask direct = visit(rules.dynamic_ref);
    if (rules.dynamic_anchor == 0) types &= direct;
    // Where else it may lead depends on the way there: the evaluator's limit of depth is what stops a loop.
  }

  Program& program_;
  std::vector<State> states_;
  std::size_t depth_ = 0;
  std::optional<NodeIndex> loop_;
};

}  // namespace

std::optional<NodeIndex> analyse(Program& program) {
  return Analysis(program).run();
}

}  // namespace sallyport::validation
