#include "expression/datetime_pattern.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"

namespace spillway::expression {
namespace {

// The letters, how often they may stand in a row (bit n: n times), and what they may be used for.
struct LetterRule {
  char letter;
  uint32_t counts;
  bool parsing = true;   // Spark accepts it for parsing
  bool we_parse = true;  // and we do
};

constexpr uint32_t UpTo(int most) { return (2u << most) - 2u; }
constexpr uint32_t Just(int count) { return 1u << count; }

constexpr std::array<LetterRule, 23> kLetters = {{
    {'G', UpTo(4)},
    {'y', UpTo(6)},
    {'M', UpTo(4)},
    {'L', UpTo(4)},
    {'d', UpTo(2)},
    {'D', UpTo(3)},
    {'E', UpTo(4), false},
    {'F', Just(1), false},
    {'Q', UpTo(4), false},
    {'q', UpTo(4), false},
    {'a', Just(1)},
    {'h', UpTo(2)},
    {'H', UpTo(2)},
    {'k', UpTo(2)},
    {'K', UpTo(2)},
    {'m', UpTo(2)},
    {'s', UpTo(2)},
    {'S', UpTo(9)},
    {'V', Just(2)},
    {'z', UpTo(4)},
    {'g', UpTo(19), true, false},
    {'O', Just(1) | Just(4), true, false},
    {'v', Just(1) | Just(4), true, false},
}};

constexpr std::string_view kOffsetLetters = "XxZ";
constexpr std::string_view kWeekLetters = "YWwuec";

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

Status Refuse(std::string_view pattern, std::string what) {
  return MakeError({.code = ErrorCode::kEvaluation,
                    .what = fmt::format("the pattern '{}' is not valid: {}", pattern, what),
                    .cure = "docs/expressions.md lists the letters; put other text in single "
                            "quotes, as in 'yyyy-MM-dd''T''HH:mm'"});
}

Status Unsupported(std::string_view pattern, char letter) {
  return MakeError({.code = ErrorCode::kExpressionUnsupported,
                    .what = fmt::format("the letter {} of the pattern '{}' works in Spark, but "
                                        "Spillway does not support it here",
                                        letter, pattern)});
}

Status CheckField(std::string_view pattern, char letter, int count, PatternUse use) {
  if (kWeekLetters.find(letter) != std::string_view::npos) {
    return Refuse(pattern, fmt::format("week-based letters such as {} are not accepted", letter));
  }
  if (kOffsetLetters.find(letter) != std::string_view::npos) {
    if (count > 5) return Refuse(pattern, fmt::format("too many letters {}", letter));
    if (letter == 'Z' && count == 4 && use == PatternUse::kParsing) {
      return Unsupported(pattern, letter);
    }
    return Status::OK();
  }
  const auto rule = std::find_if(kLetters.begin(), kLetters.end(),
                                 [letter](const LetterRule& r) { return r.letter == letter; });
  if (rule == kLetters.end() || (use == PatternUse::kParsing && !rule->parsing)) {
    return Refuse(pattern, fmt::format("the letter {} is not accepted", letter));
  }
  if (count > 30 || (rule->counts & Just(count)) == 0) {
    return Refuse(pattern, fmt::format("{} letters {} in a row are not accepted", count, letter));
  }
  if (use == PatternUse::kParsing && !rule->we_parse) return Unsupported(pattern, letter);
  return Status::OK();
}

// True if `G` stands outside quotes: then y is the year of the era.
bool HasEra(std::string_view pattern) {
  bool quoted = false;
  for (const char c : pattern) {
    if (c == '\'') quoted = !quoted;
    if (c == 'G' && !quoted) return true;
  }
  return false;
}

void AppendLiteral(std::string_view text, std::vector<PatternElement>* elements) {
  if (!elements->empty() && elements->back().kind == PatternElement::Kind::kLiteral) {
    elements->back().text.append(text);
  } else {
    elements->push_back({.kind = PatternElement::Kind::kLiteral, .text = std::string(text)});
  }
}

class Compiler {
 public:
  Compiler(std::string_view pattern, PatternUse use)
      : pattern_(pattern), use_(use), has_era_(HasEra(pattern)) {}

  Result<std::vector<PatternElement>> Run() {
    std::vector<PatternElement> elements;
    ARROW_RETURN_NOT_OK(Sequence(&elements, 0));
    return elements;
  }

 private:
  // Elements up to the end, or to the ] that closes an optional part.
  Status Sequence(std::vector<PatternElement>* elements, int depth) {
    while (at_ < pattern_.size()) {
      const char c = pattern_[at_];
      if (c == '\'') {
        ARROW_RETURN_NOT_OK(Quoted(elements));
      } else if (IsLetter(c)) {
        ARROW_RETURN_NOT_OK(Field(elements));
      } else if (c == '[') {
        if (depth > 16) return Refuse(pattern_, "optional parts are nested too deeply");
        ++at_;
        PatternElement optional{.kind = PatternElement::Kind::kOptional};
        ARROW_RETURN_NOT_OK(Sequence(&optional.inner, depth + 1));
        elements->push_back(std::move(optional));
      } else if (c == ']') {
        if (depth == 0) return Refuse(pattern_, "there is a ] without a [");
        ++at_;
        return Status::OK();
      } else if (c == '{' || c == '}' || c == '#') {
        return Refuse(pattern_, fmt::format("the character {} is reserved", c));
      } else {
        AppendLiteral(pattern_.substr(at_++, 1), elements);
      }
    }
    return Status::OK();
  }

  Status Quoted(std::vector<PatternElement>* elements) {
    std::string text;
    ++at_;
    while (true) {
      if (at_ >= pattern_.size()) return Refuse(pattern_, "a quote is not closed");
      if (pattern_[at_] != '\'') {
        text.push_back(pattern_[at_++]);
      } else if (at_ + 1 < pattern_.size() && pattern_[at_ + 1] == '\'') {
        text.push_back('\'');
        at_ += 2;
      } else {
        ++at_;
        break;
      }
    }
    AppendLiteral(text.empty() ? "'" : std::string_view(text), elements);
    return Status::OK();
  }

  Status Field(std::vector<PatternElement>* elements) {
    const char letter = pattern_[at_];
    int count = 0;
    while (at_ < pattern_.size() && pattern_[at_] == letter) {
      ++count;
      ++at_;
    }
    ARROW_RETURN_NOT_OK(CheckField(pattern_, letter, count, use_));
    elements->push_back({.kind = PatternElement::Kind::kField,
                         .letter = letter == 'y' && !has_era_ ? 'u' : letter,
                         .count = count});
    return Status::OK();
  }

  std::string_view pattern_;
  PatternUse use_;
  bool has_era_;
  size_t at_ = 0;
};

bool IsNumber(const PatternElement& element) {
  if (element.kind != PatternElement::Kind::kField) return false;
  if (element.letter == 'M' || element.letter == 'L') return element.count <= 2;
  return std::string_view("uydDhHkKms").find(element.letter) != std::string_view::npos;
}

bool HasFixedWidth(const PatternElement& element) {
  return element.count == 2 && element.letter != 'D';
}

// Adjacent numbers: a number of free width leaves the digits that fixed ones behind it need.
void CountFollowingDigits(std::vector<PatternElement>* elements) {
  PatternElement* active = nullptr;
  for (PatternElement& element : *elements) {
    if (element.kind == PatternElement::Kind::kOptional) CountFollowingDigits(&element.inner);
    if (!IsNumber(element)) {
      active = nullptr;
    } else if (active != nullptr && HasFixedWidth(element)) {
      active->following_digits += element.count;
      element.following_digits = -1;
    } else {
      active = &element;
    }
  }
}

}  // namespace

Result<DatetimePattern> DatetimePattern::Make(std::string_view pattern, PatternUse use) {
  DatetimePattern result;
  ARROW_ASSIGN_OR_RAISE(result.elements_, Compiler(pattern, use).Run());
  CountFollowingDigits(&result.elements_);
  return result;
}

}  // namespace spillway::expression
