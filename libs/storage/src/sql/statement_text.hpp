#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sallyport::storage::sql {

/// What a statement's text says without knowing SQL: only quotes and comments are understood.
struct StatementText {
  std::string numbered;        ///< the text with every $N outside of quotes and comments written ?N, as SQLite wants it
  std::size_t parameters = 0;  ///< the highest N
  bool single = true;          ///< nothing but spaces and comments follows the first ';'
};

StatementText read_statement(std::string_view sql);

}  // namespace sallyport::storage::sql
