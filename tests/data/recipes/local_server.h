#pragma once
// An HTTP server on a free port of this machine, for one test: it answers each request with a page or with
// 404.
#include <array>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ablate::data::testing {

class LocalServer {
 public:
  /// `pages`: path, such as "/train.en", to body.
  explicit LocalServer(std::map<std::string, std::string> pages) : pages_(std::move(pages)) {
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    const bool listens =
        ::bind(socket_, generic, size) == 0 && ::listen(socket_, 8) == 0 && ::getsockname(socket_, generic, &size) == 0;
    if (!listens) throw std::runtime_error("no local server could be started");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~LocalServer() {
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;

  std::string address(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(port_) + path; }

 private:
  void serve() {
    for (int client = 0; (client = ::accept(socket_, nullptr, nullptr)) >= 0; ::close(client)) answer(client);
  }

  void answer(int client) const {
    std::string request;
    std::array<char, 4096> buffer{};
    while (request.find("\r\n\r\n") == std::string::npos) {
      const ssize_t bytes = ::recv(client, buffer.data(), buffer.size(), 0);
      if (bytes <= 0) return;
      request.append(buffer.data(), static_cast<std::size_t>(bytes));
    }
    const std::size_t path = request.find(' ') + 1;
    const auto page = pages_.find(request.substr(path, request.find(' ', path) - path));
    const std::string body = page == pages_.end() ? "no such page" : page->second;
    const std::string reply = std::string("HTTP/1.1 ") + (page == pages_.end() ? "404 Not Found" : "200 OK") +
                              "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                              body;
    for (std::size_t sent = 0; sent < reply.size();) {
      const ssize_t bytes = ::send(client, reply.data() + sent, reply.size() - sent, MSG_NOSIGNAL);
      if (bytes <= 0) return;
      sent += static_cast<std::size_t>(bytes);
    }
  }

  std::map<std::string, std::string> pages_;
  int socket_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace ablate::data::testing
