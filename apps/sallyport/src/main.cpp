#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include "admin_command.hpp"
#include "auth_command.hpp"
#include "commands.hpp"
#include "dev_home.hpp"
#include "keys_command.hpp"
#include "migrate_command.hpp"
#include "payments_command.hpp"
#include "user_command.hpp"

namespace {

/// Both stop signals are waited for by the command that serves, so no thread may be interrupted by them.
void block_stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

/// Says which word is no command; without that, CLI11 only says that a command is missing.
bool names_unknown_command(CLI::App& app, int argc, char** argv) {
  CLI::App* at = &app;
  for (int i = 1; i < argc; ++i) {
    const auto commands = at->get_subcommands([](const CLI::App*) { return true; });
    if (commands.empty() || argv[i][0] == '-') return false;
    const auto found =
        std::find_if(commands.begin(), commands.end(), [&](const CLI::App* c) { return c->check_name(argv[i]); });
    if (found == commands.end()) {
      std::string known;
      for (const CLI::App* command : commands) known += (known.empty() ? "" : ", ") + command->get_name();
      std::fprintf(stderr, "sallyport: unknown command '%s'; the commands are: %s\nRun with --help for more.\n",
                   argv[i], known.c_str());
      return true;
    }
    at = *found;
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace sallyport::app;
  CLI::App app("Sallyport: a hardened front door for backends.\n", "sallyport");
  app.set_version_flag("--version", "sallyport " SALLYPORT_VERSION);
  app.require_subcommand(1);
  app.footer("\nStart here:  sallyport dev\nDocs:        README.md, docs/configuration.md\n");
  app.failure_message(CLI::FailureMessage::help);

  GatewayArguments gateway;
  auto* const gateway_command = app.add_subcommand("gateway", "Run the API gateway, production rules");
  gateway_command->add_option("--config", gateway.config_file, "YAML file, see docs/configuration.md")
      ->required()
      ->type_name("FILE");
  gateway_command->footer(
      "\nEnvironment:\n"
      "  SALLYPORT_REDIS_URL       redis://, rediss:// or unix://, with user and password if need be (required)\n"
      "  SALLYPORT_REDIS_URL_FILE  a file that holds it instead\n"
      "Signals: SIGTERM and SIGINT drain and stop; a second one stops at once. SIGHUP is ignored.\n");

  DevArguments dev;
  dev.data_folder = kDevFolder;
  auto* const dev_command =
      app.add_subcommand("dev", "Run the gateway and all services on loopback, with nothing to set up");
  dev_command->add_option("--listen", dev.listen, "Address and port; port 0 takes any free one")
      ->type_name("ADDR:PORT")
      ->capture_default_str();
  dev_command
      ->add_option("--upstream", dev.upstreams,
                   "Put the gateway in front of a service: /=http://127.0.0.1:3000 (repeatable)")
      ->type_name("PREFIX=URL");
  dev_command->add_option("--redis", dev.redis, "Count in Redis instead of in this process")->type_name("URL");
  dev_command->add_option("--data", dev.data_folder, "Folder for the database and generated secrets; made when missing")
      ->type_name("DIR")
      ->capture_default_str();
  dev_command
      ->add_option("--database", dev.database,
                   "Another database, postgresql://… or sqlite:PATH; its schema is brought up to date")
      ->type_name("URL");
  dev_command->add_option("--config", dev.config_file, "YAML file laid over the built-in configuration")
      ->type_name("FILE");
  dev_command->add_option("--threads", dev.threads, "Event loops; 0 is one for each core")->check(CLI::Range(0U, 256U));
  dev_command->add_flag("--demo", dev.demo,
                        "Add example users and payments, once; the users' passwords are told when they are made");
  dev_command->add_flag("--insecure-listen", dev.insecure_listen, "Allow an address off loopback, and any Host");
  dev_command->add_flag("--log-sql", dev.log_sql, "Log at debug, SQL statements too (without their parameters)");
  dev_command->footer("\nWithout --upstream a small built-in service echoes what it is sent.\n");

  auto* const config_command = app.add_subcommand("config", "Check a configuration file");
  config_command->require_subcommand(1);
  std::string checked_file;
  auto* const check_command =
      config_command->add_subcommand("check", "Report every mistake in a file with line and column");
  check_command->add_option("FILE", checked_file, "YAML file")->required();
  auto* const reference_command =
      config_command->add_subcommand("reference", "Print the reference of all keys (Markdown)");

  auto* const keys_command = app.add_subcommand("keys", "Make signing keys and secrets");
  keys_command->require_subcommand(1);
  auto* const keys_new_command =
      keys_command->add_subcommand("new", "Print fresh values of all secrets as NAME=value lines, for an env file");

  AuthArguments auth;
  auto* const auth_command = app.add_subcommand("auth", "Run the identity service, production rules");
  auth_command->add_option("--config", auth.config_file, "YAML file, see docs/configuration.md")
      ->required()
      ->type_name("FILE");
  auth_command->footer(
      "\nEnvironment (each also as NAME_FILE, the path of a file with the value):\n"
      "  SALLYPORT_REDIS_URL, SALLYPORT_DATABASE_URL, and the secrets that `sallyport keys new` prints\n"
      "The schema must be up to date: sallyport migrate.\n");

  AdminArguments admin;
  auto* const admin_command = app.add_subcommand("admin", "Run the admin service, production rules");
  admin_command->add_option("--config", admin.config_file, "YAML file, see docs/configuration.md")
      ->required()
      ->type_name("FILE");
  admin_command->footer(
      "\nEnvironment (each also as NAME_FILE, the path of a file with the value):\n"
      "  SALLYPORT_REDIS_URL, SALLYPORT_DATABASE_URL, SALLYPORT_CURSOR_KEYS (required)\n");

  PaymentsArguments payments;
  auto* const payments_command = app.add_subcommand("payments", "Run the payments service, production rules");
  payments_command->add_option("--config", payments.config_file, "YAML file, see docs/configuration.md")
      ->required()
      ->type_name("FILE");
  payments_command->footer(
      "\nEnvironment (each also as NAME_FILE, the path of a file with the value):\n"
      "  SALLYPORT_REDIS_URL, SALLYPORT_DATABASE_URL, SALLYPORT_CURSOR_KEYS, SALLYPORT_PROCESSOR_URL,\n"
      "  SALLYPORT_PROCESSOR_KEY (required)\n");

  MigrateArguments migrate;
  auto* const migrate_command = app.add_subcommand("migrate", "Bring the database schema up to date");
  migrate_command->add_flag("--status", migrate.status, "List all migrations, change nothing");
  migrate_command->add_flag("--dry-run", migrate.dry_run, "List what would be applied, change nothing");
  migrate_command->add_flag("--allow-plaintext", migrate.allow_plaintext,
                            "Talk to a PostgreSQL off this machine without verified TLS");
  migrate_command->footer(
      "\nEnvironment:\n"
      "  SALLYPORT_MIGRATE_DATABASE_URL  postgresql://owner@host/database or sqlite:PATH (required; or …_FILE)\n");

  auto* const user_command = app.add_subcommand("user", "Make users and administrators from the command line");
  user_command->require_subcommand(1);
  UserArguments new_user;
  new_user.role = "user";
  auto* const user_create_command =
      user_command->add_subcommand("create", "Make a user; the password is one line of standard input");
  UserArguments promoted;
  promoted.role = "admin";
  auto* const user_promote_command =
      user_command->add_subcommand("promote", "Give a user another role, which ends the user's sessions");
  for (auto [command, user] : {std::pair(user_create_command, &new_user), std::pair(user_promote_command, &promoted)}) {
    command->add_option("--email", user->email, "Address of the user")->required()->type_name("ADDRESS");
    command->add_option("--role", user->role, "Role of the user")
        ->check(CLI::IsMember({"user", "admin"}))
        ->capture_default_str();
    command->add_flag("--allow-plaintext", user->allow_plaintext,
                      "Talk to a PostgreSQL off this machine without verified TLS");
    command->footer(
        "\nEnvironment:\n"
        "  SALLYPORT_MIGRATE_DATABASE_URL  postgresql://owner@host/database or sqlite:PATH (required; or …_FILE)\n");
  }
  user_create_command->add_option("--name", new_user.name, "What the user is called")->type_name("NAME");

  if (names_unknown_command(app, argc, argv)) return 2;
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  block_stop_signals();
  try {
    if (*gateway_command) {
      std::signal(SIGHUP, SIG_IGN);  // what usually means "reload" must not end a server that has none
      return run_gateway(gateway);
    }
    if (*dev_command) return run_dev(dev);
    if (*auth_command) {
      std::signal(SIGHUP, SIG_IGN);
      return run_auth(auth);
    }
    if (*admin_command) {
      std::signal(SIGHUP, SIG_IGN);
      return run_admin(admin);
    }
    if (*payments_command) {
      std::signal(SIGHUP, SIG_IGN);
      return run_payments(payments);
    }
    if (*migrate_command) return run_migrate(migrate);
    if (*user_create_command) return run_user_create(new_user);
    if (*user_promote_command) return run_user_promote(promoted);
    if (*keys_new_command) return run_keys_new();
    if (*check_command) return check_config(checked_file);
    if (*reference_command) return print_config_reference();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sallyport: %s\n", error.what());
  }
  return 1;
}
