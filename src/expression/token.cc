#include "expression/token.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "expression/string_literal.h"
#include "expression/utf8.h"

namespace spillway::expression {
namespace {

// Longest first, so that the first that fits is the right one.
constexpr std::array<std::string_view, 36> kSymbols = {
    ">>>", "<=>", "==", "<>", "!=", "<=", ">=", "!>", "!<", "||", "::", "->",
    "=>",  "<<",  ">>", "=",  "<",  ">",  "+",  "-",  "*",  "/",  "%",  "(",
    ")",   ",",   ".",  "[",  "]",  "!",  "&",  "|",  "^",  "~",  ":",  "?"};

constexpr std::array<std::string_view, 6> kSuffixes = {"BD", "L", "S", "Y", "D", "F"};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsNamePart(char c) { return IsDigit(c) || IsLetter(c) || c == '_'; }
char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool IsSpace(char32_t c) {
  return c == ' ' || (c >= 0x09 && c <= 0x0D) || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x202F || c == 0x205F || c == 0x3000;
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<Token>> Run() {
    std::vector<Token> tokens;
    while (true) {
      ARROW_RETURN_NOT_OK(SkipBlanks());
      if (at_ == text_.size()) break;
      ARROW_ASSIGN_OR_RAISE(Token token, Next());
      tokens.push_back(std::move(token));
    }
    tokens.push_back({.kind = TokenKind::kEnd, .span = {text_.size(), text_.size()}});
    return tokens;
  }

 private:
  std::string_view Rest() const { return text_.substr(at_); }
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  Status Fail(size_t position, std::string what, std::string cure) const {
    return ErrorAt(
        text_, {position, text_.size()},
        {.code = ErrorCode::kExpressionSyntax, .what = std::move(what), .cure = std::move(cure)});
  }

  // Skips white space and comments; bracketed ones nest.
  Status SkipBlanks() {
    while (at_ < text_.size()) {
      size_t next = at_;
      if (Rest().starts_with("--")) {
        SkipLineComment();
      } else if (Rest().starts_with("/*")) {
        ARROW_RETURN_NOT_OK(SkipBracketedComment());
      } else if (IsSpace(utf8::Decode(text_, &next))) {
        at_ = next;
      } else {
        break;
      }
    }
    return Status::OK();
  }

  void SkipLineComment() {
    while (at_ < text_.size() && Peek() != '\n' && Peek() != '\r') {
      at_ += Rest().starts_with("\\\n") ? 2 : 1;
    }
  }

  Status SkipBracketedComment() {
    const size_t begin = at_;
    if (Rest().starts_with("/*+")) {
      return Fail(begin, "a hint is not allowed here", "write a comment as /* .. */");
    }
    int depth = 0;
    do {
      if (at_ >= text_.size()) {
        return Fail(begin, "a comment is not closed", "close it with */");
      }
      if (Rest().starts_with("/*")) {
        ++depth;
        at_ += 2;
      } else if (Rest().starts_with("*/")) {
        --depth;
        at_ += 2;
      } else {
        ++at_;
      }
    } while (depth > 0);
    return Status::OK();
  }

  Result<Token> Next() {
    const char c = Peek();
    if (c == '\'' || c == '"') return QuotedString();
    if (c == '`') return QuotedName();
    if ((c == 'r' || c == 'R') && (Peek(1) == '\'' || Peek(1) == '"')) return RawString();
    if (IsDigit(c) || (c == '.' && IsDigit(Peek(1)) && !FollowsName())) return NumberOrName();
    if (IsNamePart(c)) return Name();
    for (const std::string_view symbol : kSymbols) {
      if (!Rest().starts_with(symbol)) continue;
      const size_t begin = std::exchange(at_, at_ + symbol.size());
      return Token{.kind = TokenKind::kSymbol, .span = {begin, at_}, .text = std::string(symbol)};
    }
    const std::string_view character = Rest().substr(0, utf8::Next(text_, at_) - at_);
    return Fail(at_, fmt::format("unexpected character \"{}\"", character),
                "put a column name with such characters in backticks: `name`");
  }

  // True directly behind a name, where `.5` is a field's name and not a number.
  bool FollowsName() const {
    return at_ > 0 && (IsNamePart(text_[at_ - 1]) || text_[at_ - 1] == '`');
  }

  Result<Token> QuotedString() {
    const size_t begin = at_;
    const char quote = text_[at_++];
    while (at_ < text_.size()) {
      if (Peek() == '\\' || (Peek() == quote && Peek(1) == quote)) {
        at_ += 2;
      } else if (Peek() != quote) {
        ++at_;
      } else {
        const std::string_view body = text_.substr(begin + 1, at_ - begin - 1);
        ++at_;
        return Token{
            .kind = TokenKind::kString, .span = {begin, at_}, .text = UnescapeString(body, quote)};
      }
    }
    return Fail(begin, "a quoted string is not closed", fmt::format("close it with {}", quote));
  }

  Result<Token> RawString() {
    const size_t begin = at_;
    const char quote = Peek(1);
    const size_t end = text_.find(quote, begin + 2);
    if (end == std::string_view::npos) {
      return Fail(begin, "a quoted string is not closed", fmt::format("close it with {}", quote));
    }
    at_ = end + 1;
    return Token{.kind = TokenKind::kString,
                 .span = {begin, at_},
                 .text = std::string(text_.substr(begin + 2, end - begin - 2))};
  }

  Result<Token> QuotedName() {
    const size_t begin = at_++;
    std::string name;
    while (at_ < text_.size()) {
      if (Peek() != '`') {
        name.push_back(text_[at_++]);
      } else if (Peek(1) == '`') {
        name.push_back('`');
        at_ += 2;
      } else {
        ++at_;
        if (name.empty()) return Fail(begin, "an empty name", "write a name between the quotes");
        return Token{.kind = TokenKind::kQuotedName, .span = {begin, at_}, .text = std::move(name)};
      }
    }
    return Fail(begin, "a name in backticks is not closed", "close it with `");
  }

  Token Name() {
    const size_t begin = at_;
    while (IsNamePart(Peek())) ++at_;
    return {.kind = TokenKind::kName,
            .span = {begin, at_},
            .text = std::string(text_.substr(begin, at_ - begin))};
  }

  size_t DigitsFrom(size_t position) const {
    while (position < text_.size() && IsDigit(text_[position])) ++position;
    return position;
  }

  // The end of the exponent at `position`, or `position` if there is none.
  size_t ExponentFrom(size_t position) const {
    if (position >= text_.size() || Upper(text_[position]) != 'E') return position;
    size_t digits = position + 1;
    if (digits < text_.size() && (text_[digits] == '+' || text_[digits] == '-')) ++digits;
    const size_t end = DigitsFrom(digits);
    return end == digits ? position : end;
  }

  std::string_view SuffixAt(size_t position) const {
    for (const std::string_view suffix : kSuffixes) {
      if (position + suffix.size() > text_.size()) continue;
      bool same = true;
      for (size_t i = 0; i < suffix.size(); ++i) {
        same = same && Upper(text_[position + i]) == suffix[i];
      }
      if (same) return suffix;
    }
    return {};
  }

  // A number, or a name that starts with digits: whichever is longer, as in Spark's lexer.
  Result<Token> NumberOrName() {
    const size_t begin = at_;
    size_t end = DigitsFrom(begin);
    const bool point = end < text_.size() && text_[end] == '.';
    if (point) end = DigitsFrom(end + 1);
    const size_t mantissa_end = end;
    end = ExponentFrom(end);
    const bool exponent = end != mantissa_end;
    std::string_view suffix = SuffixAt(end);
    const bool integral_suffix = suffix == "L" || suffix == "S" || suffix == "Y";
    if (integral_suffix && (point || exponent)) suffix = {};

    const size_t after = end + suffix.size();
    if (after < text_.size() && IsNamePart(text_[after])) {
      if (!point) return Name();
      return Fail(begin,
                  fmt::format("\"{}\" is not a number", text_.substr(begin, after + 1 - begin)),
                  "put a space or an operator after the number");
    }
    at_ = after;
    Token token{.span = {begin, at_},
                .text = std::string(text_.substr(begin, end - begin)),
                .suffix = suffix};
    if (suffix == "D" || suffix == "F" || (exponent && suffix.empty())) {
      token.kind = TokenKind::kDouble;
    } else {
      token.kind = point || suffix == "BD" ? TokenKind::kDecimal : TokenKind::kInteger;
    }
    return token;
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

Result<std::vector<Token>> Tokenize(std::string_view text) { return Lexer(text).Run(); }

}  // namespace spillway::expression
