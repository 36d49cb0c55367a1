#include "sallyport/testing/certificates.hpp"

#include "sallyport/testing/child_process.hpp"

namespace sallyport::testing {

Certificates::Certificates(const std::string& names, Validity validity) {
  run_program({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
               "2", "-subj", "/CN=Sallyport test CA", "-keyout", folder_.file("ca-key.pem"), "-out", ca_file()});
  run_program({"openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
               "/CN=Sallyport test", "-addext", "subjectAltName=" + names, "-keyout", private_key_file(), "-out",
               folder_.file("request.pem")});
  run_program({"openssl", "x509", "-req", "-in", folder_.file("request.pem"), "-CA", ca_file(), "-CAkey",
               folder_.file("ca-key.pem"), "-CAcreateserial", "-days", validity == Validity::Now ? "2" : "-1",
               "-copy_extensions", "copy", "-out", certificate_file()});
}

}  // namespace sallyport::testing
