#include "common_passwords.hpp"

// #embed would do, but ccache does not see that its file has changed; .incbin it knows not to cache.
asm(R"(
  .pushsection .rodata.common_passwords, "a", @progbits
  .hidden sallyport_common_passwords_begin
  .hidden sallyport_common_passwords_end
  .globl sallyport_common_passwords_begin
  .globl sallyport_common_passwords_end
sallyport_common_passwords_begin:
  .incbin ")" SALLYPORT_COMMON_PASSWORDS_FILE R"("
sallyport_common_passwords_end:
  .popsection
)");

extern "C" const char sallyport_common_passwords_begin[];
extern "C" const char sallyport_common_passwords_end[];

namespace sallyport::passwords {

std::string_view common_passwords_text() noexcept {
  return {sallyport_common_passwords_begin, sallyport_common_passwords_end};
}

}  // namespace sallyport::passwords
