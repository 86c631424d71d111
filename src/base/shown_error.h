// What of an error is shown, as text or in another form.
//
// Thread rule: a free function without state.
#pragma once

#include "base/error.h"

namespace spillway {

// What a person is shown of a failed `status`: an error without a cure of its own has that of its
// code, and an uncoded failure is kInternal.
ErrorInfo ShownError(const Status& status);

}  // namespace spillway
