#pragma once

#include <string>
#include <vector>

#include "sallyport/core/clock.hpp"
#include "sallyport/core/secret.hpp"

namespace sallyport::secrets {

struct FreshVariable {
  std::string name;
  Secret<std::string> value;
};

/// 32 fresh bytes in the form that SALLYPORT_LOOKUP_PEPPER takes.
Secret<std::string> fresh_hmac_secret();

/// Fresh values for every variable that holds a secret of our own making: the rings (of one key each; access tokens are
/// signed with EdDSA) and the pepper. The processor's key and the addresses come from elsewhere. Key ids carry the day
/// (UTC) and six random hex digits, 20260131-5f09c2, so that a ring tells how old its keys are.
std::vector<FreshVariable> fresh_variables(const Clock& clock);

/// Those as NAME=value lines, ready for an env file; EnvironmentText reads them back.
Secret<std::string> fresh_environment_text(const Clock& clock);

}  // namespace sallyport::secrets
