// Functions of texts. Positions and lengths count code points in strings, bytes in binaries.
#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

#include "expression/functions/kernels.h"
#include "expression/map.h"
#include "expression/utf8.h"

namespace spillway::expression::functions {
namespace {

int64_t ByteCount(const Value& value, int64_t rows) {
  if (value.single) return static_cast<int64_t>(TextReader(value)[0].size()) * rows;
  const TextReader reader(value);
  if (value.data->length == 0) return 0;
  return reader[rows - 1].data() + reader[rows - 1].size() - reader[0].data();
}

// Which code points a trim takes away: by default the blank alone.
class TrimSet {
 public:
  TrimSet() : ascii_only_(true) { ascii_[' '] = true; }
  explicit TrimSet(std::string_view characters)
      : characters_(characters), ascii_only_(utf8::IsAscii(characters)) {
    for (const char c : characters) {
      if (static_cast<unsigned char>(c) < 0x80) ascii_[static_cast<unsigned char>(c)] = true;
    }
  }

  bool Contains(std::string_view code_point) const {
    if (code_point.size() == 1 && static_cast<unsigned char>(code_point[0]) < 0x80) {
      return ascii_[static_cast<unsigned char>(code_point[0])];
    }
    if (ascii_only_) return false;
    for (size_t at = 0; at < characters_.size();) {
      const size_t next = utf8::Next(characters_, at);
      if (characters_.substr(at, next - at) == code_point) return true;
      at = next;
    }
    return false;
  }

 private:
  std::string_view characters_;
  bool ascii_only_;
  bool ascii_[128] = {};
};

std::string_view TrimFront(std::string_view text, const TrimSet& set) {
  while (!text.empty()) {
    const size_t width = utf8::Next(text, 0);
    if (!set.Contains(text.substr(0, width))) break;
    text.remove_prefix(width);
  }
  return text;
}

std::string_view TrimBack(std::string_view text, const TrimSet& set) {
  while (!text.empty()) {
    size_t begin = text.size() - 1;
    while (begin > 0 && utf8::IsContinuation(text[begin])) --begin;
    if (utf8::Next(text, begin) != text.size()) begin = text.size() - 1;
    if (!set.Contains(text.substr(begin))) break;
    text.remove_suffix(text.size() - begin);
  }
  return text;
}

// trim(text) or trim(characters, text).
Result<Value> TrimWith(const KernelInput& input, bool front, bool back) {
  const TextReader texts(input.arguments.back());
  const auto trim = [front, back](std::string_view text, const TrimSet& set) {
    if (front) text = TrimFront(text, set);
    return back ? TrimBack(text, set) : text;
  };
  const int64_t expected = ByteCount(input.arguments.back(), input.rows);
  if (input.arguments.size() == 1 || input.arguments[0].single) {
    const TrimSet set =
        input.arguments.size() == 1 ? TrimSet() : TrimSet(TextReader(input.arguments[0])[0]);
    return MapToText(input, expected, [&](int64_t row, TextWriter* writer) {
      return writer->Append(trim(texts[row], set));
    });
  }
  const TextReader characters(input.arguments[0]);
  return MapToText(input, expected, [&](int64_t row, TextWriter* writer) {
    return writer->Append(trim(texts[row], TrimSet(characters[row])));
  });
}

// Code points [start, end) of `text`, where start may be negative.
std::string_view SliceCodePoints(std::string_view text, int64_t start, int64_t end) {
  if (end <= start) return {};
  size_t at = 0;
  int64_t count = 0;
  for (; at < text.size() && count < start; ++count) at = utf8::Next(text, at);
  const size_t begin = at;
  for (; at < text.size() && count < end; ++count) at = utf8::Next(text, at);
  return text.substr(begin, at - begin);
}

std::string_view SliceBytes(std::string_view bytes, int64_t start, int64_t end) {
  const auto size = static_cast<int64_t>(bytes.size());
  const int64_t first = std::clamp<int64_t>(start, 0, size);
  const int64_t last = std::clamp<int64_t>(end, first, size);
  return bytes.substr(static_cast<size_t>(first), static_cast<size_t>(last - first));
}

void ReplaceAll(std::string_view text, std::string_view search, std::string_view replacement,
                std::string* out) {
  out->clear();
  size_t at = 0;
  while (true) {
    const size_t found = text.find(search, at);
    if (found == std::string_view::npos) break;
    out->append(text.substr(at, found - at)).append(replacement);
    at = found + search.size();
  }
  out->append(text.substr(at));
}

}  // namespace

Result<Value> Trim(const KernelInput& input) { return TrimWith(input, true, true); }
Result<Value> TrimLeft(const KernelInput& input) { return TrimWith(input, true, false); }
Result<Value> TrimRight(const KernelInput& input) { return TrimWith(input, false, true); }

Result<Value> Length(const KernelInput& input) {
  const TextReader texts(input.arguments[0]);
  if (input.types[0].kind == Kind::kBinary) {
    return MapRows<int32_t>(input,
                            [&](int64_t row) { return static_cast<int32_t>(texts[row].size()); });
  }
  return MapRows<int32_t>(
      input, [&](int64_t row) { return static_cast<int32_t>(utf8::Length(texts[row])); });
}

// substring(text, position[, length]): positions from 1, negative ones from the end, 0 as 1.
Result<Value> Substring(const KernelInput& input) {
  const TextReader texts(input.arguments[0]);
  const FixedReader<int32_t> positions(input.arguments[1]);
  const bool has_length = input.arguments.size() == 3;
  const FixedReader<int32_t> lengths(input.arguments[has_length ? 2 : 1]);
  const bool binary = input.types[0].kind == Kind::kBinary;
  const auto slice = [&](int64_t row, TextWriter* writer) {
    const std::string_view text = texts[row];
    const int64_t position = positions[row];
    int64_t start = position > 0 ? position - 1 : 0;
    if (position < 0) {
      start = position + (binary ? static_cast<int64_t>(text.size()) : utf8::Length(text));
    }
    const int64_t length = has_length ? lengths[row] : std::numeric_limits<int32_t>::max();
    return writer->Append(binary ? SliceBytes(text, start, start + length)
                                 : SliceCodePoints(text, start, start + length));
  };
  return MapToText(input, ByteCount(input.arguments[0], input.rows), slice);
}

Result<Value> Concat(const KernelInput& input) {
  std::vector<TextReader> texts;
  int64_t expected = 0;
  for (const Value& argument : input.arguments) {
    texts.emplace_back(argument);
    expected += ByteCount(argument, input.rows);
  }
  std::string joined;
  return MapToText(input, expected, [&](int64_t row, TextWriter* writer) {
    joined.clear();
    for (const TextReader& text : texts) joined.append(text[row]);
    return writer->Append(joined);
  });
}

Result<Value> Replace(const KernelInput& input) {
  const TextReader texts(input.arguments[0]);
  const TextReader searches(input.arguments[1]);
  const bool has_replacement = input.arguments.size() == 3;
  const TextReader replacements(input.arguments[has_replacement ? 2 : 1]);
  std::string replaced;
  return MapToText(
      input, ByteCount(input.arguments[0], input.rows), [&](int64_t row, TextWriter* writer) {
        const std::string_view search = searches[row];
        if (search.empty() || texts[row].find(search) == std::string_view::npos) {
          return writer->Append(texts[row]);
        }
        ReplaceAll(texts[row], search, has_replacement ? replacements[row] : std::string_view(),
                   &replaced);
        return writer->Append(replaced);
      });
}

}  // namespace spillway::expression::functions
