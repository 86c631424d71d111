// LIKE: % is any text, _ any one code point, the escape character makes the next one literal. A
// pattern that is a literal with % at its ends, as most are, is a search of bytes; others walk the
// text once and return to the last % where they fail.
#include <optional>
#include <string>
#include <vector>

#include "expression/functions/evaluation_error.h"
#include "expression/functions/kernels.h"
#include "expression/map.h"
#include "expression/utf8.h"

namespace spillway::expression::functions {
namespace {

class Pattern {
 public:
  static Result<Pattern> Make(std::string_view text, char escape) {
    Pattern pattern;
    for (size_t at = 0; at < text.size(); ++at) {
      char c = text[at];
      if (c == escape) {
        if (at + 1 == text.size()) return Refuse(text, "the escape character may not be last");
        c = text[++at];
        if (c != '_' && c != '%' && c != escape) {
          return Refuse(text, "the escape character is only allowed before %, _ and itself");
        }
        pattern.Add(Step::kByte, c);
      } else if (c == '%') {
        pattern.Add(Step::kAnyText, c);
      } else {
        pattern.Add(c == '_' ? Step::kAnyOne : Step::kByte, c);
      }
    }
    pattern.FindLiteral();
    return pattern;
  }

  bool Matches(std::string_view text) const {
    if (!is_literal_) return Walk(text);
    if (open_begin_ && open_end_) return text.find(literal_) != std::string_view::npos;
    if (open_begin_) return text.ends_with(literal_);
    if (open_end_) return text.starts_with(literal_);
    return text == literal_;
  }

 private:
  enum class Step : uint8_t { kByte, kAnyOne, kAnyText };

  static Status Refuse(std::string_view text, std::string_view reason) {
    return EvaluationError(fmt::format("the LIKE pattern '{}' is not valid: {}", text, reason),
                           "double the escape character to match it");
  }

  void Add(Step step, char byte) {
    steps_.push_back(step);
    bytes_.push_back(byte);
  }

  // Recognises [%]bytes[%].
  void FindLiteral() {
    size_t begin = 0;
    size_t end = steps_.size();
    while (begin < end && steps_[begin] == Step::kAnyText) ++begin;
    while (end > begin && steps_[end - 1] == Step::kAnyText) --end;
    for (size_t i = begin; i < end; ++i) {
      if (steps_[i] != Step::kByte) return;
    }
    is_literal_ = true;
    open_begin_ = begin > 0;
    open_end_ = end < steps_.size() || (begin == end && open_begin_);
    literal_ = bytes_.substr(begin, end - begin);
  }

  bool Walk(std::string_view text) const {
    size_t at = 0;
    size_t step = 0;
    size_t retry_at = 0;
    size_t retry_step = std::string::npos;
    while (at < text.size()) {
      if (step < steps_.size() && steps_[step] == Step::kAnyText) {
        retry_step = ++step;
        retry_at = at;
      } else if (step < steps_.size() && steps_[step] == Step::kAnyOne) {
        ++step;
        at = utf8::Next(text, at);
      } else if (step < steps_.size() && bytes_[step] == text[at]) {
        ++step;
        ++at;
      } else if (retry_step != std::string::npos) {
        retry_at = utf8::Next(text, retry_at);
        at = retry_at;
        step = retry_step;
      } else {
        return false;
      }
    }
    while (step < steps_.size() && steps_[step] == Step::kAnyText) ++step;
    return step == steps_.size();
  }

  std::vector<Step> steps_;
  std::string bytes_;
  std::string literal_;
  bool is_literal_ = false;
  bool open_begin_ = false;
  bool open_end_ = false;
};

char EscapeOf(const KernelInput& input) {
  return input.arguments.size() == 3 ? TextReader(input.arguments[2])[0][0] : '\\';
}

}  // namespace

Status CheckLikePattern(std::string_view pattern, char escape) {
  return Pattern::Make(pattern, escape).status();
}

Result<Value> Like(const KernelInput& input) {
  const TextReader texts(input.arguments[0]);
  const TextReader patterns(input.arguments[1]);
  const char escape = EscapeOf(input);
  if (input.arguments[1].single) {
    if (Validity(input.arguments[1]).IsNull(0)) {
      return MakeNulls(input.result, input.rows, input.pool());
    }
    ARROW_ASSIGN_OR_RAISE(const Pattern pattern, Pattern::Make(patterns[0], escape));
    return MapToBoolean(input, [&](int64_t row) { return pattern.Matches(texts[row]); });
  }
  const Validity text_validity(input.arguments[0]);
  const Validity pattern_validity(input.arguments[1]);
  Status failure;
  Result<Value> result = MapToBoolean(input, [&](int64_t row) {
    if (text_validity.IsNull(row) || pattern_validity.IsNull(row)) return false;
    const Result<Pattern> pattern = Pattern::Make(patterns[row], escape);
    if (!pattern.ok()) failure = pattern.status();
    return pattern.ok() && pattern->Matches(texts[row]);
  });
  ARROW_RETURN_NOT_OK(failure);
  return result;
}

}  // namespace spillway::expression::functions
