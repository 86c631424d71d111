// Where in the pipeline file an expression went wrong. The engine knows the place in the
// expression's text alone.
//
// Thread rule: a free function.
#pragma once

#include "base/status.h"
#include "spec/located_text.h"

namespace spillway::pipeline {

// A failed Bind or Evaluate of `text`, with its place in the pipeline file. The text itself is
// shown only where no value of a string variable stands in it, which may be a secret. A status
// without a coded error is returned unchanged.
Status PlaceInFile(const Status& status, const spec::LocatedText& text);

}  // namespace spillway::pipeline
