// Reads a stream in a thread of its own, a batch ahead of whoever takes the batches.
//
// Thread rule: Next by one thread; the input is used by the stage's thread alone until the stage is
// destroyed, which waits for that.
#pragma once

#include "pipeline/stages.h"

namespace spillway::pipeline {

ReaderPointer ReadAhead(ReaderPointer input);

}  // namespace spillway::pipeline
