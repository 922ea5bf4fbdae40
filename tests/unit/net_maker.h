/* SPDX-License-Identifier: MIT */
/*
 * net_maker.h - for tests of sockets: a network of their own, and senders
 */
#ifndef TESTS_NET_MAKER_H
#define TESTS_NET_MAKER_H

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Gives the process a network that has the loopback device alone, in which it may do all. False where the system does
 * not permit it: containers often do not. */
static inline bool net_own(void)
{
    if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return false;
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING | IFF_MULTICAST};
    const bool good = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

/* As <linux/ipv6.h> has it, which <netinet/in.h> cannot stand beside. */
struct net_in6_ifreq {
    struct in6_addr address;
    uint32_t prefix_bits;
    int device;
};

/* Adds an address of IPv6 to the loopback device, and waits until it can be used. */
static inline bool net_add_ipv6(const char *text)
{
    const int fd = socket(AF_INET6, SOCK_DGRAM, 0);
    union {
        struct net_in6_ifreq six;
        struct ifreq usual; /* so long is what sanitizers look at */
    } request = {.usual = {.ifr_flags = 0}};
    request.six = (struct net_in6_ifreq){.prefix_bits = 128, .device = (int)if_nametoindex("lo")};
    struct sockaddr_in6 address = {.sin6_family = AF_INET6};
    bool good = fd >= 0 && inet_pton(AF_INET6, text, &address.sin6_addr) == 1;
    request.six.address = address.sin6_addr;
    good = good && ioctl(fd, SIOCSIFADDR, &request) == 0;
    for (int i = 0; good && bind(fd, (struct sockaddr *)&address, sizeof address) != 0; i++) {
        good = i < 10000;
        usleep(1000);
    }
    if (fd >= 0)
        close(fd);
    return good;
}

/* An address with a port. Returns its length. */
static inline socklen_t net_address(const char *host, uint16_t port, struct sockaddr_storage *ret_address)
{
    memset(ret_address, 0, sizeof *ret_address);
    if (strchr(host, ':') != NULL) {
        struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret_address;
        *six = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
        return inet_pton(AF_INET6, host, &six->sin6_addr) == 1 ? sizeof *six : 0;
    }
    struct sockaddr_in *four = (struct sockaddr_in *)ret_address;
    *four = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
    return inet_pton(AF_INET, host, &four->sin_addr) == 1 ? sizeof *four : 0;
}

/* Sends a datagram from an address (NULL: any) and port (0: any), to a multicast group by the loopback device. */
static inline bool net_send(const char *from, uint16_t from_port, const char *to, uint16_t to_port, const char *text)
{
    struct sockaddr_storage source, target;
    const socklen_t target_length = net_address(to, to_port, &target);
    const int fd = socket(target.ss_family, SOCK_DGRAM, 0);
    const int device = (int)if_nametoindex("lo");
    const struct ip_mreqn by = {.imr_ifindex = device};
    if (target.ss_family == AF_INET)
        setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &by, sizeof by);
    else
        setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &device, sizeof device);
    bool good = fd >= 0 && target_length > 0;
    if (good && from != NULL) {
        const socklen_t length = net_address(from, from_port, &source);
        good = bind(fd, (struct sockaddr *)&source, length) == 0;
    }
    const ssize_t length = (ssize_t)strlen(text);
    good = good && sendto(fd, text, (size_t)length, 0, (struct sockaddr *)&target, target_length) == length;
    if (fd >= 0)
        close(fd);
    return good;
}

/* Takes a datagram that is there (loopback hands it over before send() returns). False when there is none. */
static inline bool net_take(int fd, char text[64])
{
    const ssize_t length = recv(fd, text, 63, MSG_DONTWAIT);
    text[length > 0 ? length : 0] = '\0';
    return length >= 0;
}

#endif
