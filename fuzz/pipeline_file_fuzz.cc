// A pipeline file: any text is a pipeline, or an error with its code and its place. Lines that
// begin with "#--set ", comments to YAML, are flags as well: "#--set processing.chunk_size=7".
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/util/utf8.h>

#include "expectation.h"
#include "spec/canonical_text.h"
#include "spec/spec_parser.h"

namespace spillway::fuzz {
namespace {

constexpr std::string_view kFlag = "#--set ";

std::vector<spec::Override> OverridesIn(std::string_view text) {
  std::vector<spec::Override> overrides;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (!line.starts_with(kFlag)) continue;
    auto flag = spec::ParseSetFlag(line.substr(kFlag.size()));
    if (flag.ok()) {
      overrides.push_back(*std::move(flag));
    } else {
      ExpectError(flag.status(), {ErrorCode::kUsage});
    }
  }
  return overrides;
}

void ExpectPlace(const Status& status) {
  const ErrorCode code = ExpectUserError(status);
  Expect(code >= ErrorCode::kPipelineFileUnreadable && code <= ErrorCode::kUndefinedVariable,
         "an error of another kind: " + RenderError(status));
  Expect(!FindError(status)->where.empty(), "an error without a place: " + RenderError(status));
}

void ExpectUtf8(const spec::LocatedText& text) {
  Expect(arrow::util::ValidateUTF8(text.text), "text that is not UTF-8: " + text.text);
}

void ExpectCanonical(const std::string& expression) {
  const std::string canonical = spec::CanonicalExpression(expression);
  Expect(spec::CanonicalExpression(canonical) == canonical, "no canonical form: " + expression);
}

void ExpectSound(const spec::Spec& spec) {
  spec::CanonicalText(spec);
  for (const spec::NamedExpression& column : spec.columns) {
    ExpectUtf8(column.name);
    ExpectUtf8(column.expression);
    ExpectCanonical(column.expression.text);
    for (size_t at = 0; at <= column.expression.text.size(); ++at) {
      const spec::TextAnchor place = column.expression.PlaceOf(at);
      Expect(place.line >= 1 && place.column >= 1, "a place outside the file");
    }
  }
  for (const spec::Lookup& lookup : spec.lookups) ExpectUtf8(lookup.table.path);
  for (const spec::LocatedText* text : {&spec.pipeline, &spec.source.path, &spec.target.path}) {
    ExpectUtf8(*text);
  }
  if (spec.where) ExpectUtf8(*spec.where);
  if (spec.where) ExpectCanonical(spec.where->text);
  Expect(!spec.Resolve(spec.source.path).empty(), "a source without a path");
}

}  // namespace
}  // namespace spillway::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace spillway;  // NOLINT(google-build-using-namespace)
  arrow::util::InitializeUTF8();
  const std::string_view text = fuzz::TextOf(data, size);
  const spec::ParseOptions options{
      .overrides = fuzz::OverridesIn(text),
      .environment = {{"HOME", "/home/fuzz"}, {"SPILLWAY_PROCESSING_MAX_ATTEMPTS", "2"}}};
  const auto spec = spec::ParsePipelineText(text, "silver.yaml", options);
  if (spec.ok()) {
    fuzz::ExpectSound(*spec);
  } else {
    fuzz::ExpectPlace(spec.status());
  }
  return 0;
}
