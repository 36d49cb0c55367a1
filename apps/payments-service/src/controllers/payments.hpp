#pragma once

#include "sallyport/cursors/cursors.hpp"
#include "sallyport/payments/service.hpp"
#include "sallyport/service/application.hpp"
#include "sallyport/service/contract.hpp"

namespace sallyport::payments_service {

/// The routes below /payments, each for the user whose access token came with the request. One for each event loop; all
/// outlive it.
class Payments final {
 public:
  Payments(payments::PaymentService& service, const service::Contract& contract,
           const cursors::Cursors& cursors) noexcept
      : service_(service), contract_(contract), cursors_(cursors) {}

  service::Answer create(service::Exchange& exchange);
  service::Answer list(service::Exchange& exchange);
  service::Answer show(service::Exchange& exchange);
  service::Answer capture(service::Exchange& exchange);
  service::Answer cancel(service::Exchange& exchange);
  service::Answer refund(service::Exchange& exchange);

 private:
  payments::PaymentService& service_;
  const service::Contract& contract_;
  const cursors::Cursors& cursors_;
};

}  // namespace sallyport::payments_service
