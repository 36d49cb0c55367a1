#pragma once

namespace sallyport::app {

/// `sallyport keys new`: writes fresh values for every variable that holds a secret of ours to standard output, as
/// NAME=value lines and nothing else, ready for an env file. A hint on how to keep them goes to standard error.
/// Returns 0, or 1 when they could not be written.
int run_keys_new();

}  // namespace sallyport::app
