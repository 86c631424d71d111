// Upper and lower case as Java and ICU map them in the root locale: code point by code point with
// Arrow's table, except where Unicode's SpecialCasing maps one code point to several, or looks at
// what stands around it (a capital sigma at the end of a word).
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <arrow/array/array_binary.h>
#include <arrow/array/builder_binary.h>
#include <arrow/compute/exec.h>
#include <arrow/datum.h>

#include "expression/functions/kernels.h"
#include "expression/map.h"
#include "expression/utf8.h"

namespace spillway::expression::functions {
namespace {

struct LongUpper {
  char32_t from;
  std::array<char32_t, 3> to;  // 0 where shorter
};

// The unconditional mappings of SpecialCasing.txt to more than one capital, by code point.
constexpr std::array<LongUpper, 102> kLongUppers = {{
    {0x00DF, {0x0053, 0x0053, 0x0000}}, {0x0149, {0x02BC, 0x004E, 0x0000}},
    {0x01F0, {0x004A, 0x030C, 0x0000}}, {0x0390, {0x0399, 0x0308, 0x0301}},
    {0x03B0, {0x03A5, 0x0308, 0x0301}}, {0x0587, {0x0535, 0x0552, 0x0000}},
    {0x1E96, {0x0048, 0x0331, 0x0000}}, {0x1E97, {0x0054, 0x0308, 0x0000}},
    {0x1E98, {0x0057, 0x030A, 0x0000}}, {0x1E99, {0x0059, 0x030A, 0x0000}},
    {0x1E9A, {0x0041, 0x02BE, 0x0000}}, {0x1F50, {0x03A5, 0x0313, 0x0000}},
    {0x1F52, {0x03A5, 0x0313, 0x0300}}, {0x1F54, {0x03A5, 0x0313, 0x0301}},
    {0x1F56, {0x03A5, 0x0313, 0x0342}}, {0x1F80, {0x1F08, 0x0399, 0x0000}},
    {0x1F81, {0x1F09, 0x0399, 0x0000}}, {0x1F82, {0x1F0A, 0x0399, 0x0000}},
    {0x1F83, {0x1F0B, 0x0399, 0x0000}}, {0x1F84, {0x1F0C, 0x0399, 0x0000}},
    {0x1F85, {0x1F0D, 0x0399, 0x0000}}, {0x1F86, {0x1F0E, 0x0399, 0x0000}},
    {0x1F87, {0x1F0F, 0x0399, 0x0000}}, {0x1F88, {0x1F08, 0x0399, 0x0000}},
    {0x1F89, {0x1F09, 0x0399, 0x0000}}, {0x1F8A, {0x1F0A, 0x0399, 0x0000}},
    {0x1F8B, {0x1F0B, 0x0399, 0x0000}}, {0x1F8C, {0x1F0C, 0x0399, 0x0000}},
    {0x1F8D, {0x1F0D, 0x0399, 0x0000}}, {0x1F8E, {0x1F0E, 0x0399, 0x0000}},
    {0x1F8F, {0x1F0F, 0x0399, 0x0000}}, {0x1F90, {0x1F28, 0x0399, 0x0000}},
    {0x1F91, {0x1F29, 0x0399, 0x0000}}, {0x1F92, {0x1F2A, 0x0399, 0x0000}},
    {0x1F93, {0x1F2B, 0x0399, 0x0000}}, {0x1F94, {0x1F2C, 0x0399, 0x0000}},
    {0x1F95, {0x1F2D, 0x0399, 0x0000}}, {0x1F96, {0x1F2E, 0x0399, 0x0000}},
    {0x1F97, {0x1F2F, 0x0399, 0x0000}}, {0x1F98, {0x1F28, 0x0399, 0x0000}},
    {0x1F99, {0x1F29, 0x0399, 0x0000}}, {0x1F9A, {0x1F2A, 0x0399, 0x0000}},
    {0x1F9B, {0x1F2B, 0x0399, 0x0000}}, {0x1F9C, {0x1F2C, 0x0399, 0x0000}},
    {0x1F9D, {0x1F2D, 0x0399, 0x0000}}, {0x1F9E, {0x1F2E, 0x0399, 0x0000}},
    {0x1F9F, {0x1F2F, 0x0399, 0x0000}}, {0x1FA0, {0x1F68, 0x0399, 0x0000}},
    {0x1FA1, {0x1F69, 0x0399, 0x0000}}, {0x1FA2, {0x1F6A, 0x0399, 0x0000}},
    {0x1FA3, {0x1F6B, 0x0399, 0x0000}}, {0x1FA4, {0x1F6C, 0x0399, 0x0000}},
    {0x1FA5, {0x1F6D, 0x0399, 0x0000}}, {0x1FA6, {0x1F6E, 0x0399, 0x0000}},
    {0x1FA7, {0x1F6F, 0x0399, 0x0000}}, {0x1FA8, {0x1F68, 0x0399, 0x0000}},
    {0x1FA9, {0x1F69, 0x0399, 0x0000}}, {0x1FAA, {0x1F6A, 0x0399, 0x0000}},
    {0x1FAB, {0x1F6B, 0x0399, 0x0000}}, {0x1FAC, {0x1F6C, 0x0399, 0x0000}},
    {0x1FAD, {0x1F6D, 0x0399, 0x0000}}, {0x1FAE, {0x1F6E, 0x0399, 0x0000}},
    {0x1FAF, {0x1F6F, 0x0399, 0x0000}}, {0x1FB2, {0x1FBA, 0x0399, 0x0000}},
    {0x1FB3, {0x0391, 0x0399, 0x0000}}, {0x1FB4, {0x0386, 0x0399, 0x0000}},
    {0x1FB6, {0x0391, 0x0342, 0x0000}}, {0x1FB7, {0x0391, 0x0342, 0x0399}},
    {0x1FBC, {0x0391, 0x0399, 0x0000}}, {0x1FC2, {0x1FCA, 0x0399, 0x0000}},
    {0x1FC3, {0x0397, 0x0399, 0x0000}}, {0x1FC4, {0x0389, 0x0399, 0x0000}},
    {0x1FC6, {0x0397, 0x0342, 0x0000}}, {0x1FC7, {0x0397, 0x0342, 0x0399}},
    {0x1FCC, {0x0397, 0x0399, 0x0000}}, {0x1FD2, {0x0399, 0x0308, 0x0300}},
    {0x1FD3, {0x0399, 0x0308, 0x0301}}, {0x1FD6, {0x0399, 0x0342, 0x0000}},
    {0x1FD7, {0x0399, 0x0308, 0x0342}}, {0x1FE2, {0x03A5, 0x0308, 0x0300}},
    {0x1FE3, {0x03A5, 0x0308, 0x0301}}, {0x1FE4, {0x03A1, 0x0313, 0x0000}},
    {0x1FE6, {0x03A5, 0x0342, 0x0000}}, {0x1FE7, {0x03A5, 0x0308, 0x0342}},
    {0x1FF2, {0x1FFA, 0x0399, 0x0000}}, {0x1FF3, {0x03A9, 0x0399, 0x0000}},
    {0x1FF4, {0x038F, 0x0399, 0x0000}}, {0x1FF6, {0x03A9, 0x0342, 0x0000}},
    {0x1FF7, {0x03A9, 0x0342, 0x0399}}, {0x1FFC, {0x03A9, 0x0399, 0x0000}},
    {0xFB00, {0x0046, 0x0046, 0x0000}}, {0xFB01, {0x0046, 0x0049, 0x0000}},
    {0xFB02, {0x0046, 0x004C, 0x0000}}, {0xFB03, {0x0046, 0x0046, 0x0049}},
    {0xFB04, {0x0046, 0x0046, 0x004C}}, {0xFB05, {0x0053, 0x0054, 0x0000}},
    {0xFB06, {0x0053, 0x0054, 0x0000}}, {0xFB13, {0x0544, 0x0546, 0x0000}},
    {0xFB14, {0x0544, 0x0535, 0x0000}}, {0xFB15, {0x0544, 0x053B, 0x0000}},
    {0xFB16, {0x054E, 0x0546, 0x0000}}, {0xFB17, {0x0544, 0x053D, 0x0000}},
}};

constexpr char32_t kCapitalSigma = 0x3A3;
constexpr char32_t kSmallSigma = 0x3C3;
constexpr char32_t kFinalSigma = 0x3C2;
constexpr char32_t kCapitalDottedI = 0x130;
constexpr char32_t kTableSize = 0x1E944;  // behind the last cased letter (Adlam)

// The mapping of every code point to one, asked of Arrow once.
using CaseTable = std::vector<char32_t>;

Result<CaseTable> MakeTable(const char* function) {
  arrow::StringBuilder builder;
  std::string text;
  for (char32_t code = 0x80; code < kTableSize; ++code) {
    text.clear();
    if (code < 0xD800 || code > 0xDFFF) utf8::Append(code, &text);
    ARROW_RETURN_NOT_OK(builder.Append(text));
  }
  ARROW_ASSIGN_OR_RAISE(const auto letters, builder.Finish());
  ARROW_ASSIGN_OR_RAISE(const arrow::Datum mapped,
                        arrow::compute::CallFunction(function, {letters}));
  const Value value{mapped.array()};
  const TextReader texts(value);
  CaseTable table(kTableSize);
  for (char32_t code = 0; code < kTableSize; ++code) {
    table[code] = code;
    if (code < 0x80 || (code >= 0xD800 && code <= 0xDFFF)) continue;
    size_t offset = 0;
    table[code] = utf8::Decode(texts[static_cast<int64_t>(code) - 0x80], &offset);
  }
  return table;
}

const Result<CaseTable>& UpperTable() {
  static const Result<CaseTable> table = MakeTable("utf8_upper");
  return table;
}

const Result<CaseTable>& LowerTable() {
  static const Result<CaseTable> table = MakeTable("utf8_lower");
  return table;
}

void AppendUpper(char32_t code, const CaseTable& table, std::string* out) {
  const auto found =
      std::lower_bound(kLongUppers.begin(), kLongUppers.end(), code,
                       [](const LongUpper& entry, char32_t wanted) { return entry.from < wanted; });
  if (found == kLongUppers.end() || found->from != code) {
    utf8::Append(code < kTableSize ? table[code] : code, out);
    return;
  }
  for (const char32_t capital : found->to) {
    if (capital != 0) utf8::Append(capital, out);
  }
}

bool IsCased(char32_t code, const CaseTable& upper, const CaseTable& lower) {
  if (code < 0x80) return (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z');
  return code < kTableSize && (upper[code] != code || lower[code] != code || code == 0xDF);
}

// Marks that do not end a word: Unicode's Case_Ignorable, as far as words of letters have them.
bool IsIgnorable(char32_t code) {
  return code == '\'' || code == '.' || code == ':' || code == '^' || code == '`' || code == 0xA8 ||
         code == 0xAD || code == 0xAF || code == 0xB4 || code == 0xB7 || code == 0xB8 ||
         (code >= 0x2B0 && code <= 0x36F) || (code >= 0x483 && code <= 0x489) ||
         (code >= 0x1AB0 && code <= 0x1AFF) || (code >= 0x1DC0 && code <= 0x1DFF) ||
         code == 0x2018 || code == 0x2019 || code == 0x2024 || code == 0x2027 ||
         (code >= 0x200B && code <= 0x200F) || (code >= 0x20D0 && code <= 0x20F0);
}

// A sigma is final behind a cased letter and not before one.
bool IsFinalSigma(const std::vector<char32_t>& codes, size_t at, const CaseTable& upper,
                  const CaseTable& lower) {
  size_t before = at;
  while (before > 0 && IsIgnorable(codes[before - 1])) --before;
  if (before == 0 || !IsCased(codes[before - 1], upper, lower)) return false;
  size_t after = at + 1;
  while (after < codes.size() && IsIgnorable(codes[after])) ++after;
  return after == codes.size() || !IsCased(codes[after], upper, lower);
}

void ToUpper(std::string_view text, const CaseTable& table, std::string* out) {
  for (size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x80) {
      out->push_back(byte >= 'a' && byte <= 'z' ? static_cast<char>(byte - 32) : text[at]);
      ++at;
    } else {
      AppendUpper(utf8::Decode(text, &at), table, out);
    }
  }
}

void ToLower(std::string_view text, const CaseTable& upper, const CaseTable& lower,
             std::string* out) {
  std::vector<char32_t> codes;
  for (size_t at = 0; at < text.size();) codes.push_back(utf8::Decode(text, &at));
  for (size_t i = 0; i < codes.size(); ++i) {
    const char32_t code = codes[i];
    if (code == kCapitalSigma) {
      utf8::Append(IsFinalSigma(codes, i, upper, lower) ? kFinalSigma : kSmallSigma, out);
    } else if (code == kCapitalDottedI) {
      utf8::Append('i', out);
      utf8::Append(0x307, out);
    } else if (code < 0x80) {
      out->push_back(static_cast<char>(code >= 'A' && code <= 'Z' ? code + 32 : code));
    } else {
      utf8::Append(code < kTableSize ? lower[code] : code, out);
    }
  }
}

void MapAscii(std::string_view text, char first, char last, std::string* out) {
  out->assign(text);
  for (char& c : *out) c = c >= first && c <= last ? static_cast<char>(c ^ 0x20) : c;
}

}  // namespace

Result<Value> Upper(const KernelInput& input) {
  const TextReader texts(input.arguments[0]);
  std::string out;
  return MapToText(input, input.rows * 8, [&](int64_t row, TextWriter* writer) -> Status {
    const std::string_view text = texts[row];
    if (utf8::IsAscii(text)) {
      MapAscii(text, 'a', 'z', &out);
    } else {
      ARROW_RETURN_NOT_OK(UpperTable().status());
      out.clear();
      ToUpper(text, *UpperTable(), &out);
    }
    return writer->Append(out);
  });
}

Result<Value> Lower(const KernelInput& input) {
  const TextReader texts(input.arguments[0]);
  std::string out;
  return MapToText(input, input.rows * 8, [&](int64_t row, TextWriter* writer) -> Status {
    const std::string_view text = texts[row];
    if (utf8::IsAscii(text)) {
      MapAscii(text, 'A', 'Z', &out);
    } else {
      ARROW_RETURN_NOT_OK(UpperTable().status());
      ARROW_RETURN_NOT_OK(LowerTable().status());
      out.clear();
      ToLower(text, *UpperTable(), *LowerTable(), &out);
    }
    return writer->Append(out);
  });
}

}  // namespace spillway::expression::functions
