#include "upstream/resolver.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::api_gateway {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::AnyOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using Bytes = std::vector<std::uint8_t>;
using Endpoints = std::vector<boost::asio::ip::tcp::endpoint>;

constexpr auto kDeadline = 10s;  ///< for what has to happen; seldom used up
constexpr std::uint16_t kA = 1, kCname = 5, kAaaa = 28;

void put16(Bytes& out, std::uint32_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8U));
  out.push_back(static_cast<std::uint8_t>(value));
}
void put32(Bytes& out, std::uint32_t value) {
  put16(out, value >> 16U);
  put16(out, value & 0xFFFFU);
}
void put_name(Bytes& out, std::string_view name) {
  while (!name.empty()) {
    const auto label = name.substr(0, name.find('.'));
    out.push_back(static_cast<std::uint8_t>(label.size()));
    out.insert(out.end(), label.begin(), label.end());
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  out.push_back(0);
}

/// What the server says about a name. A name that it has not been told of does not exist.
struct Zone {
  std::vector<std::string> v4{}, v6{};
  std::uint32_t ttl = 300;
  std::string cname{};  ///< the addresses are this one's
  std::uint32_t cname_ttl = 300;
  bool silent = false, silent_aaaa = false;
  bool rotate = false;  ///< another order each time
  bool forge = false;   ///< before the answer: garbage, an empty datagram, a wrong id, a wrong question
  bool servfail = false;
  bool cut = false;  ///< says "ask by TCP", where each connection is cut
};

/// A name server on loopback.
class FakeDns final {
 public:
  FakeDns() {
    // A port that is free for one protocol may be taken for the other.
    for (int tries = 0; !bind_both(); ++tries) {
      if (tries == 100) throw std::runtime_error("no port is free for both UDP and TCP");
      close_both();
    }
    thread_ = std::thread(&FakeDns::run, this);
  }
  ~FakeDns() {
    ::eventfd_write(stop_, 1);
    thread_.join();
    close_both();
    ::close(stop_);
  }

  std::string server() const { return "127.0.0.1:" + std::to_string(port_); }
  void set(const std::string& name, Zone zone) {
    const std::scoped_lock lock(mutex_);
    zones_[name] = std::move(zone);
  }
  /// When the A record was asked for.
  std::vector<steady_clock::time_point> queries(const std::string& name) {
    const std::scoped_lock lock(mutex_);
    return queries_[name];
  }
  bool wait_queries(const std::string& name, std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kDeadline, [&] { return queries_[name].size() >= count; });
  }
  bool wait_connections(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kDeadline, [&] { return connections_ >= count; });
  }
  std::size_t total() {
    const std::scoped_lock lock(mutex_);
    std::size_t sum = 0;
    for (const auto& [name, times] : queries_) sum += times.size();
    return sum;
  }

 private:
  bool bind_both() {
    udp_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    tcp_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(udp_, generic, size) != 0 || ::getsockname(udp_, generic, &size) != 0) return false;
    port_ = ntohs(address.sin_port);
    return ::bind(tcp_, generic, size) == 0 && ::listen(tcp_, 16) == 0;
  }
  void close_both() const {
    ::close(udp_);
    ::close(tcp_);
  }

  void run() {
    for (;;) {
      pollfd fds[] = {{stop_, POLLIN, 0}, {udp_, POLLIN, 0}, {tcp_, POLLIN, 0}};
      ::poll(fds, 3, -1);
      if (fds[0].revents != 0) return;
      if (fds[1].revents != 0) answer_udp();
      if (fds[2].revents != 0) answer_tcp();
    }
  }

  struct Query {
    Bytes bytes;  ///< head and question
    std::string name;
    std::uint16_t type = 0;
  };

  static Query parse(Bytes bytes) {
    Query query;
    std::size_t at = 12;
    for (; bytes.at(at) != 0; at += bytes[at] + 1U) {
      if (!query.name.empty()) query.name += '.';
      const auto label = std::span(bytes).subspan(at + 1, bytes[at]);
      query.name.append(label.begin(), label.end());
    }
    query.type = static_cast<std::uint16_t>(bytes.at(at + 1) << 8U | bytes.at(at + 2));
    bytes.resize(at + 5);
    query.bytes = std::move(bytes);
    return query;
  }

  void answer_udp() {
    Bytes bytes(512);
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    auto* to = reinterpret_cast<sockaddr*>(&peer);
    const auto got = ::recvfrom(udp_, bytes.data(), bytes.size(), 0, to, &size);
    if (got < 17) return;
    bytes.resize(static_cast<std::size_t>(got));
    const Query query = parse(std::move(bytes));
    const auto send = [&](const Bytes& data) { ::sendto(udp_, data.data(), data.size(), 0, to, size); };

    const std::scoped_lock lock(mutex_);
    if (query.type == kA) queries_[query.name].push_back(steady_clock::now());
    changed_.notify_all();
    const auto entry = zones_.find(query.name);
    if (entry == zones_.end()) return send(head(query.bytes, 3, 0));
    Zone& zone = entry->second;
    if (zone.silent || (zone.silent_aaaa && query.type == kAaaa)) return;
    if (zone.servfail) return send(head(query.bytes, 2, 0));
    if (zone.rotate && zone.v4.size() > 1) std::ranges::rotate(zone.v4, zone.v4.begin() + 1);
    if (zone.forge) forge(query.bytes, query.type, send);
    Bytes out = reply(query.bytes, query.type, zone);
    if (zone.cut || out.size() > 512) {
      out = head(query.bytes, 0, 0);
      out[2] |= 2U;  // TC
    }
    send(out);
  }

  void answer_tcp() {
    const int fd = ::accept(tcp_, nullptr, nullptr);
    {
      const std::scoped_lock lock(mutex_);
      ++connections_;
      changed_.notify_all();
    }
    const timeval limit{.tv_sec = 1, .tv_usec = 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    std::uint8_t length[2];
    while (!cutting() && ::recv(fd, length, 2, MSG_WAITALL) == 2) {
      Bytes bytes(static_cast<std::size_t>(length[0] << 8U | length[1]));
      if (::recv(fd, bytes.data(), bytes.size(), MSG_WAITALL) != static_cast<ssize_t>(bytes.size())) break;
      const Query query = parse(std::move(bytes));
      const std::scoped_lock lock(mutex_);
      const Bytes answer = reply(query.bytes, query.type, zones_[query.name]);
      Bytes out;
      put16(out, static_cast<std::uint32_t>(answer.size()));
      out.insert(out.end(), answer.begin(), answer.end());
      ::send(fd, out.data(), out.size(), MSG_NOSIGNAL);
    }
    if (cutting()) ::shutdown(fd, SHUT_WR);  // an end and a reset: the next write to it raises SIGPIPE
    ::close(fd);
  }
  bool cutting() {
    const std::scoped_lock lock(mutex_);
    return std::ranges::any_of(zones_, [](const auto& zone) { return zone.second.cut; });
  }

  static void forge(const Bytes& query, std::uint16_t type, const auto& send) {
    const Zone lie{.v4 = {"203.0.113.66"}, .v6 = {"2001:db8::66"}};
    send(Bytes{});
    send(Bytes(11, 0xFF));
    send(Bytes(200, 0xC0));
    Bytes wrong_id = query;
    wrong_id[1] ^= 1U;
    send(reply(wrong_id, type, lie));
    Bytes wrong_question = query;
    wrong_question[13] ^= 3U;
    send(reply(wrong_question, type, lie));
  }

  static Bytes head(const Bytes& query, unsigned rcode, std::size_t answers) {
    Bytes out(query.begin(), query.begin() + 2);
    put16(out, 0x8180U | rcode);
    put16(out, 1);
    put16(out, static_cast<std::uint32_t>(answers));
    put32(out, 0);
    out.insert(out.end(), query.begin() + 12, query.end());
    return out;
  }

  static Bytes reply(const Bytes& query, std::uint16_t type, const Zone& zone) {
    const auto& addresses = type == kA ? zone.v4 : zone.v6;
    Bytes out = head(query, 0, addresses.size() + (zone.cname.empty() ? 0U : 1U));
    std::uint32_t owner = 0xC00C;  // the question's name
    if (!zone.cname.empty()) {
      Bytes target;
      put_name(target, zone.cname);
      put_record(out, owner, kCname, zone.cname_ttl, target);
      owner = 0xC000U | static_cast<std::uint32_t>(out.size() - target.size());
    }
    for (const std::string& address : addresses) {
      Bytes data(type == kA ? 4 : 16);
      ::inet_pton(type == kA ? AF_INET : AF_INET6, address.c_str(), data.data());
      put_record(out, owner, type, zone.ttl, data);
    }
    return out;
  }

  static void put_record(Bytes& out, std::uint32_t owner, std::uint16_t type, std::uint32_t ttl, const Bytes& data) {
    put16(out, owner);
    put16(out, type);
    put16(out, 1);
    put32(out, ttl);
    put16(out, static_cast<std::uint32_t>(data.size()));
    out.insert(out.end(), data.begin(), data.end());
  }

  int udp_ = -1, tcp_ = -1;
  const int stop_ = ::eventfd(0, EFD_CLOEXEC);
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Zone> zones_;
  std::map<std::string, std::vector<steady_clock::time_point>> queries_;
  int connections_ = 0;
  std::thread thread_;
};

/// Remembers every publication.
class Published final {
 public:
  void operator()(std::size_t upstream, const Endpoints& endpoints) {
    const std::scoped_lock lock(mutex_);
    auto& list = lists_[upstream].emplace_back();
    for (const auto& endpoint : endpoints) {
      const auto address = endpoint.address().to_string();
      list.push_back((endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" +
                     std::to_string(endpoint.port()));
    }
    threads_[upstream] = std::this_thread::get_id();
    changed_.notify_all();
  }
  std::vector<std::vector<std::string>> of(std::size_t upstream) {
    const std::scoped_lock lock(mutex_);
    return lists_[upstream];
  }
  std::thread::id thread_of(std::size_t upstream) {
    const std::scoped_lock lock(mutex_);
    return threads_[upstream];
  }
  bool wait(std::size_t upstream, std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kDeadline, [&] { return lists_[upstream].size() >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::size_t, std::vector<std::vector<std::string>>> lists_;
  std::map<std::size_t, std::thread::id> threads_;
};

UpstreamConfig upstream(std::string name, std::vector<HostPort> hosts) {
  UpstreamConfig config;
  config.name = std::move(name);
  config.hosts = std::move(hosts);
  return config;
}

struct MemoryFile {
  MemoryFile() : fd(::memfd_create("log", MFD_CLOEXEC)) {}
  ~MemoryFile() { ::close(fd); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  const int fd;
};

class UpstreamResolverTest : public ::testing::Test {
 protected:
  UpstreamResolver::Options options() {
    return {.server = dns_.server(),
            .ttl_min = 40ms,
            .retry_min = 20ms,
            .retry_max = 60ms,
            .start_wait = kDeadline,
            .query_timeout = 100ms};
  }
  UpstreamResolver resolver(const std::vector<UpstreamConfig>& upstreams, UpstreamResolver::Options options) {
    return {upstreams, std::move(options), logger_, std::ref(published_)};
  }
  std::int64_t logged(std::string_view event) {
    EXPECT_TRUE(logger_.flush(kDeadline));
    std::string text(1U << 16U, '\0');
    const auto size = ::pread(log_.fd, text.data(), text.size(), 0);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    std::int64_t count = 0;
    for (auto at = text.find(event); at != std::string::npos; at = text.find(event, at + 1)) ++count;
    return count;
  }

  const MemoryFile log_;
  log::Logger logger_{{.fd = log_.fd}, {}};
  FakeDns dns_;
  Published published_;
};

TEST_F(UpstreamResolverTest, PublishesLiteralsFromTheCallerAndAsksForNone) {
  auto subject = resolver({upstream("v4", {{"10.0.0.1", 80}, {"::1", 81}, {"10.0.0.1", 80}, {"10.0.0.1", 82}}),
                           upstream("mapped", {{"::ffff:10.0.0.2", 80}, {"10.0.0.2", 80}})},
                          options());
  subject.start();
  EXPECT_THAT(published_.of(0), ElementsAre(ElementsAre("10.0.0.1:80", "[::1]:81", "10.0.0.1:82")));
  EXPECT_THAT(published_.of(1), ElementsAre(ElementsAre("10.0.0.2:80")));
  EXPECT_EQ(published_.thread_of(0), std::this_thread::get_id());
  EXPECT_EQ(dns_.total(), 0U);
}

TEST_F(UpstreamResolverTest, FindsLocalhostWithoutAsking) {
  auto subject = resolver({upstream("local", {{"localhost", 8080}})}, options());
  subject.start();
  const auto lists = published_.of(0);
  ASSERT_THAT(lists, SizeIs(1));
  EXPECT_THAT(lists[0], Not(IsEmpty()));
  EXPECT_THAT(lists[0], Each(AnyOf("127.0.0.1:8080", "[::1]:8080")));
  EXPECT_EQ(dns_.total(), 0U);
}

TEST_F(UpstreamResolverTest, UnitesHostsInOrderAndAsksOnceForASharedName) {
  dns_.set("a.test", {.v4 = {"10.0.0.2", "10.0.0.1"}, .v6 = {"fd00::1", "::ffff:10.0.0.1"}});
  dns_.set("b.test", {.v4 = {"10.0.0.1", "10.0.0.9"}});
  auto subject = resolver(
      {upstream("one", {{"192.0.2.1", 80}, {"b.test", 80}, {"A.test", 80}}), upstream("two", {{"a.test", 81}})},
      options());
  subject.start();
  ASSERT_FALSE(published_.of(0).empty());
  EXPECT_THAT(published_.of(0).front(), ElementsAre("192.0.2.1:80"));
  EXPECT_THAT(published_.of(0).back(),
              ElementsAre("192.0.2.1:80", "10.0.0.1:80", "10.0.0.9:80", "10.0.0.2:80", "[fd00::1]:80"));
  EXPECT_THAT(published_.of(1), ElementsAre(ElementsAre("10.0.0.1:81", "10.0.0.2:81", "[fd00::1]:81")));
  EXPECT_THAT(dns_.queries("a.test"), SizeIs(1));
}

TEST_F(UpstreamResolverTest, AsksAgainWhenTheTtlHasRunOutAndNotBefore) {
  dns_.set("a.test", {.v4 = {"10.0.0.1"}, .ttl = 1});
  dns_.set("alias.test", {.v4 = {"10.0.0.1"}, .ttl = 300, .cname = "real.test", .cname_ttl = 1});
  dns_.set("long.test", {.v4 = {"10.0.0.1"}, .ttl = 300});
  auto subject = resolver(
      {upstream("a", {{"a.test", 80}}), upstream("alias", {{"alias.test", 80}}), upstream("long", {{"long.test", 80}})},
      options());
  subject.start();
  dns_.set("a.test", {.v4 = {"10.0.0.2"}, .ttl = 1});
  dns_.set("alias.test", {.v4 = {"10.0.0.3"}, .ttl = 1});
  ASSERT_TRUE(published_.wait(0, 2));
  ASSERT_TRUE(published_.wait(1, 2));
  EXPECT_THAT(published_.of(0), ElementsAre(ElementsAre("10.0.0.1:80"), ElementsAre("10.0.0.2:80")));
  EXPECT_THAT(published_.of(1), ElementsAre(ElementsAre("10.0.0.1:80"), ElementsAre("10.0.0.3:80")));
  for (const auto* name : {"a.test", "alias.test"}) {
    const auto times = dns_.queries(name);
    for (std::size_t i = 1; i < times.size(); ++i) EXPECT_GE(times[i] - times[i - 1], 1s) << name;
  }
  EXPECT_THAT(dns_.queries("long.test"), SizeIs(1));
}

TEST_F(UpstreamResolverTest, BoundsHostileTtls) {
  dns_.set("zero.test", {.v4 = {"10.0.0.1"}, .ttl = 0});
  dns_.set("negative.test", {.v4 = {"10.0.0.1"}, .ttl = 0xFFFFFFFF});
  dns_.set("huge.test", {.v4 = {"10.0.0.1"}, .ttl = 0x7FFFFFFF});
  auto bounded = options();
  bounded.ttl_min = 100ms;
  bounded.ttl_max = 250ms;
  bounded.query_timeout = 5s;  // no query is repeated for want of an answer
  auto subject = resolver({upstream("all", {{"zero.test", 1}, {"negative.test", 2}, {"huge.test", 3}})}, bounded);
  subject.start();
  const std::map<std::string, milliseconds> least{{"zero.test", 100ms}, {"negative.test", 100ms}, {"huge.test", 250ms}};
  for (const auto& [name, gap] : least) {
    ASSERT_TRUE(dns_.wait_queries(name, 3)) << name;
    const auto times = dns_.queries(name);
    for (std::size_t i = 1; i < times.size(); ++i) EXPECT_GE(times[i] - times[i - 1], gap) << name;
  }
}

TEST_F(UpstreamResolverTest, PublishesOnlyWhatChanged) {
  dns_.set("a.test", {.v4 = {"10.0.0.1", "10.0.0.2", "10.0.0.3"}, .ttl = 0, .rotate = true});
  auto subject = resolver({upstream("a", {{"a.test", 80}})}, options());
  subject.start();
  ASSERT_TRUE(dns_.wait_queries("a.test", 4));
  EXPECT_THAT(published_.of(0), SizeIs(1));
  dns_.set("a.test", {.v4 = {"10.0.0.3", "10.0.0.2"}, .ttl = 0, .rotate = true});
  ASSERT_TRUE(published_.wait(0, 2));
  EXPECT_THAT(published_.of(0).back(), ElementsAre("10.0.0.2:80", "10.0.0.3:80"));
}

TEST_F(UpstreamResolverTest, KeepsTheLastAddressesWhileTheServerFails) {
  const auto failures =
      std::to_array<std::pair<const char*, Zone>>({{"silent.test", {.silent = true}},
                                                   {"servfail.test", {.servfail = true}},
                                                   {"empty.test", {}},
                                                   {"blocked.test", {.v4 = {"0.0.0.0"}, .v6 = {"::"}}}});
  std::vector<UpstreamConfig> upstreams;
  for (const auto& [name, zone] : failures) {
    dns_.set(name, {.v4 = {"10.0.0.1"}, .ttl = 0});
    upstreams.push_back(upstream(name, {{name, 80}}));
  }
  auto subject = resolver(upstreams, options());
  subject.start();
  for (const auto& [name, zone] : failures) dns_.set(name, zone);
  for (const auto& [name, zone] : failures) {
    // Each look-up asks twice at the most: these are three that failed, at the least.
    ASSERT_TRUE(dns_.wait_queries(name, dns_.queries(name).size() + 7)) << name;
  }
  for (std::size_t i = 0; i < failures.size(); ++i) EXPECT_THAT(published_.of(i), SizeIs(1)) << failures[i].first;
  EXPECT_EQ(logged("upstream_unresolved"), 4);
  for (const auto& [name, zone] : failures) dns_.set(name, {.v4 = {"10.0.0.2"}});
  for (std::size_t i = 0; i < failures.size(); ++i) {
    ASSERT_TRUE(published_.wait(i, 2)) << failures[i].first;
    EXPECT_THAT(published_.of(i).back(), ElementsAre("10.0.0.2:80"));
  }
  EXPECT_EQ(logged("upstream_unresolved"), 4);
  EXPECT_EQ(logged("upstream_resolved"), 8);
}

TEST_F(UpstreamResolverTest, StartsWithoutAnAddressAndGoesOnTrying) {
  auto subject = resolver({upstream("absent", {{"absent.test", 80}, {"absent-too.test", 80}}),
                           upstream("half", {{"absent.test", 80}, {"10.0.0.1", 80}})},
                          options());
  subject.start();
  EXPECT_THAT(published_.of(0), ElementsAre(IsEmpty()));
  EXPECT_THAT(published_.of(1), ElementsAre(ElementsAre("10.0.0.1:80")));
  dns_.set("absent.test", {.v6 = {"fd00::1"}});
  ASSERT_TRUE(published_.wait(0, 2));
  ASSERT_TRUE(published_.wait(1, 2));
  EXPECT_THAT(published_.of(0).back(), ElementsAre("[fd00::1]:80"));
  EXPECT_THAT(published_.of(1).back(), ElementsAre("[fd00::1]:80", "10.0.0.1:80"));
}

TEST_F(UpstreamResolverTest, BacksOffWhileANameFails) {
  auto patient = options();
  patient.retry_min = 40ms;
  patient.retry_max = 320ms;
  patient.query_timeout = 5s;
  auto subject = resolver({upstream("absent", {{"absent.test", 80}})}, patient);
  subject.start();
  ASSERT_TRUE(dns_.wait_queries("absent.test", 6));
  const auto times = dns_.queries("absent.test");
  const milliseconds least[] = {20ms, 40ms, 80ms, 160ms, 160ms};
  for (std::size_t i = 0; i < 5; ++i) EXPECT_GE(times[i + 1] - times[i], least[i]) << i;
}

TEST_F(UpstreamResolverTest, TakesTheFamilyThatIsAnswered) {
  dns_.set("a.test", {.v4 = {"10.0.0.1"}, .silent_aaaa = true});
  auto subject = resolver({upstream("a", {{"a.test", 80}})}, options());
  subject.start();
  EXPECT_THAT(published_.of(0), ElementsAre(ElementsAre("10.0.0.1:80")));
}

TEST_F(UpstreamResolverTest, BoundsTheAddressesAndTakesTheSameOnesEachTime) {
  Zone zone{.ttl = 0, .rotate = true};
  for (int i = 0; i < 200; ++i) zone.v4.push_back("10.0.1." + std::to_string(i));
  dns_.set("many.test", zone);
  auto subject = resolver({upstream("many", {{"many.test", 80}})}, options());
  subject.start();
  ASSERT_TRUE(dns_.wait_queries("many.test", 4));
  ASSERT_THAT(published_.of(0), SizeIs(1));
  EXPECT_THAT(published_.of(0)[0], SizeIs(kAddressesPerNameMax));
  EXPECT_EQ(logged("\"left_out\":136"), 1);
}

TEST_F(UpstreamResolverTest, TakesNoAddressThatIsNoHost) {
  dns_.set("odd.test", {.v4 = {"0.0.0.0", "255.255.255.255", "224.0.0.1", "10.0.0.1"}, .v6 = {"::", "ff02::1"}});
  auto subject = resolver({upstream("odd", {{"odd.test", 80}})}, options());
  subject.start();
  EXPECT_THAT(published_.of(0), ElementsAre(ElementsAre("10.0.0.1:80")));
}

TEST_F(UpstreamResolverTest, IgnoresForgedAndBrokenAnswers) {
  dns_.set("a.test", {.v4 = {"10.0.0.1"}, .v6 = {"fd00::1"}, .ttl = 0, .forge = true});
  auto subject = resolver({upstream("a", {{"a.test", 80}})}, options());
  subject.start();
  ASSERT_TRUE(dns_.wait_queries("a.test", 3));
  EXPECT_THAT(published_.of(0), ElementsAre(ElementsAre("10.0.0.1:80", "[fd00::1]:80")));
}

TEST_F(UpstreamResolverTest, OutlivesAServerThatCutsItsConnections) {
  dns_.set("cut.test", {.cut = true});
  auto subject = resolver({upstream("cut", {{"cut.test", 80}})}, options());
  subject.start();
  ASSERT_TRUE(dns_.wait_connections(6));
  EXPECT_THAT(published_.of(0), ElementsAre(IsEmpty()));
  dns_.set("cut.test", {.v4 = {"10.0.0.1"}});
  ASSERT_TRUE(published_.wait(0, 2));
  EXPECT_THAT(published_.of(0).back(), ElementsAre("10.0.0.1:80"));
}

TEST_F(UpstreamResolverTest, AsksForManyNamesAFewAtATime) {
  const std::size_t names = 3 * kLookupsMax;
  std::vector<UpstreamConfig> upstreams;
  for (std::size_t i = 0; i < names; ++i) {
    const std::string name = "n" + std::to_string(i) + ".test";
    dns_.set(name, {.silent = true});
    upstreams.push_back(upstream(name, {{name, 80}}));
  }
  auto slow = options();
  slow.query_timeout = 8s;
  slow.start_wait = 50ms;
  {
    auto subject = resolver(upstreams, slow);
    subject.start();
    ASSERT_TRUE(dns_.wait_queries("n" + std::to_string(kLookupsMax - 1) + ".test", 1));
    EXPECT_EQ(dns_.total(), kLookupsMax);
  }
  for (const auto& config : upstreams) dns_.set(config.name, {.v4 = {"10.0.0.1"}});
  auto subject = resolver(upstreams, options());
  subject.start();
  for (std::size_t i = 0; i < names; ++i) EXPECT_THAT(published_.of(i), SizeIs(1)) << i;
}

TEST_F(UpstreamResolverTest, GivesUpAtOnceOnNamesThatCannotBeAskedFor) {
  std::vector<UpstreamConfig> upstreams;
  for (std::size_t i = 0; i < kLookupsMax + 8; ++i) {
    upstreams.push_back(upstream("u", {{std::string(64, 'x') + std::to_string(i) + ".test", 80}}));
  }
  upstreams.push_back(upstream("good", {{"good.test", 80}}));
  dns_.set("good.test", {.v4 = {"10.0.0.1"}, .ttl = 0});
  auto subject = resolver(upstreams, options());
  subject.start();
  ASSERT_TRUE(dns_.wait_queries("good.test", 3));
  EXPECT_THAT(published_.of(kLookupsMax + 7), ElementsAre(IsEmpty()));
  EXPECT_THAT(published_.of(kLookupsMax + 8), ElementsAre(ElementsAre("10.0.0.1:80")));
}

TEST_F(UpstreamResolverTest, NeitherStartNorTheEndWaitsForASilentServer) {
  dns_.set("silent.test", {.silent = true});
  auto slow = options();
  slow.query_timeout = 8s;
  slow.start_wait = 50ms;
  const auto begin = steady_clock::now();
  {
    auto subject = resolver({upstream("silent", {{"silent.test", 80}})}, slow);
    subject.start();
    ASSERT_TRUE(dns_.wait_queries("silent.test", 1));
  }
  EXPECT_LT(steady_clock::now() - begin, 2s);
  EXPECT_THAT(published_.of(0), IsEmpty());
  EXPECT_EQ(logged("upstream_unresolved"), 0);
}

TEST_F(UpstreamResolverTest, EndsWithoutHavingStarted) {
  {
    auto subject = resolver({upstream("a", {{"a.test", 80}})}, options());
  }
  EXPECT_THAT(published_.of(0), IsEmpty());
  EXPECT_EQ(dns_.total(), 0U);
}

TEST_F(UpstreamResolverTest, RefusesAServerThatIsNoAddressAndPort) {
  for (const auto* server : {"127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:5x", "dns.test:53",
                             "::1:53", "[127.0.0.1]:53", "[::1]", ":53", "1.1.1.1:53,2.2.2.2:53"}) {
    auto bad = options();
    bad.server = server;
    EXPECT_THROW(resolver({}, bad), std::invalid_argument) << server;
  }
  auto good = options();
  good.server = "[::1]:53";
  EXPECT_NO_THROW(resolver({}, good));
}

}  // namespace
}  // namespace sallyport::api_gateway
