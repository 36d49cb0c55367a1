#include "sallyport/service/application.hpp"

namespace sallyport::service {

runtime::Task<Result<void>> Application::prepare(Deadline) {
  co_return Result<void>{};
}

runtime::Task<> Application::stop() {
  co_return;
}

}  // namespace sallyport::service
