/* SPDX-License-Identifier: MIT */
/*
 * receive_socket.c - opens the UDP sockets that exporters send to
 */
#define _GNU_SOURCE
#include "receive_socket.h"

#include "port_owner.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif

enum { HOST_BYTES = 256, PRIVILEGED_PORTS = 1024 };

static struct sockaddr_in *as_four(struct receive_address *address)
{
    return (struct sockaddr_in *)&address->address;
}

static struct sockaddr_in6 *as_six(struct receive_address *address)
{
    return (struct sockaddr_in6 *)&address->address;
}

/* ------------------------------------------------------------------------------------------- finding addresses */

static bool has_ipv6(void)
{
    const int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static void all_addresses(const struct receive_spec *spec, struct receive_address *address)
{
    address->dual = has_ipv6();
    if (address->dual) {
        *as_six(address) = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(spec->port)};
        address->length = sizeof(struct sockaddr_in6);
    } else {
        *as_four(address) = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(spec->port)};
        address->length = sizeof(struct sockaddr_in);
    }
}

/* Takes "[ADDRESS%DEVICE]", "[ADDRESS]%DEVICE" or "ADDRESS%DEVICE" apart. -1 when it is too long or crooked. */
static int split_host(const char *text, char host[HOST_BYTES], char device[IFNAMSIZ])
{
    const char *percent = strchr(text, '%');
    size_t length = percent == NULL ? strlen(text) : (size_t)(percent - text);
    size_t device_length = percent == NULL ? 0 : strlen(percent + 1);
    if (text[0] == '[') {
        const bool inside = percent != NULL && device_length > 0 && percent[device_length] == ']';
        if (!inside && (length < 2 || text[length - 1] != ']'))
            return -1;
        device_length -= inside ? 1 : 0;
        text++;
        length -= inside ? 1 : 2;
    }
    if (length >= HOST_BYTES || device_length >= IFNAMSIZ || (percent != NULL && device_length == 0))
        return -1;
    memcpy(host, text, length);
    host[length] = '\0';
    memcpy(device, percent == NULL ? "" : percent + 1, device_length);
    device[device_length] = '\0';
    return 0;
}

static bool is_multicast(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET6
               ? IN6_IS_ADDR_MULTICAST(&((const struct sockaddr_in6 *)address)->sin6_addr)
               : IN_MULTICAST(ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr));
}

/* Fills in what the address itself tells. */
static void classify(const struct receive_spec *spec, struct receive_address *address)
{
    address->multicast = is_multicast(&address->address);
    if (address->address.ss_family == AF_INET)
        return;
    struct sockaddr_in6 *six = as_six(address);
    address->dual = IN6_IS_ADDR_UNSPECIFIED(&six->sin6_addr) && !spec->ipv6_only;
    if ((IN6_IS_ADDR_LINKLOCAL(&six->sin6_addr) || address->multicast) && address->device[0] != '\0')
        six->sin6_scope_id = if_nametoindex(address->device);
}

static int no_address(const char *host, const char *why, struct sink_error *error)
{
    snprintf(error->text, sizeof error->text,
             "cannot listen on '%.100s': %s; give an address of this machine or a name that stands for one", host, why);
    return -1;
}

static int look_up(const struct receive_spec *spec, const char *host, const char *device,
                   struct receive_address *ret_addresses, size_t room, struct sink_error *error)
{
    char service[8];
    snprintf(service, sizeof service, "%u", spec->port);
    const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found;
    const int code = getaddrinfo(host, service, &hints, &found);
    if (code != 0)
        return no_address(spec->host, code == EAI_SYSTEM ? strerror(errno) : gai_strerror(code), error);
    size_t count = 0, taken = 0;
    for (const struct addrinfo *info = found; info != NULL; info = info->ai_next, count++) {
        if (count >= room || info->ai_addrlen > sizeof ret_addresses->address)
            continue;
        struct receive_address *address = &ret_addresses[taken++];
        *address = (struct receive_address){.length = info->ai_addrlen};
        memcpy(&address->address, info->ai_addr, info->ai_addrlen);
        memcpy(address->device, device, strlen(device) + 1);
        classify(spec, address);
    }
    freeaddrinfo(found);
    return taken == count ? (int)taken : no_address(spec->host, "it stands for too many addresses", error);
}

int receive_socket_resolve(const struct receive_spec *spec, struct receive_address *ret_addresses, size_t room,
                           struct sink_error *error)
{
    assert(room > 0);
    char host[HOST_BYTES] = "*", device[IFNAMSIZ] = "";
    if (spec->host != NULL && split_host(spec->host, host, device) != 0)
        return no_address(spec->host, "this is no address", error);
    if (device[0] == '\0' && spec->device != NULL) {
        if (strlen(spec->device) >= IFNAMSIZ)
            return no_address(spec->device, "no network device has so long a name", error);
        memcpy(device, spec->device, strlen(spec->device) + 1);
    }
    if (strcmp(host, "*") != 0)
        return look_up(spec, host, device, ret_addresses, room, error);
    ret_addresses[0] = (struct receive_address){0};
    memcpy(ret_addresses[0].device, device, sizeof device);
    all_addresses(spec, &ret_addresses[0]);
    return 1;
}

/* ------------------------------------------------------------------------------------------------ what went wrong */

/* "lo, eth0": the devices that there are. */
static void list_devices(char *text, size_t text_bytes)
{
    struct if_nameindex *all = if_nameindex();
    size_t used = 0;
    text[0] = '\0';
    for (const struct if_nameindex *one = all; one != NULL && one->if_name != NULL && used < text_bytes; one++)
        used += (size_t)snprintf(text + used, text_bytes - used, "%s%s", used > 0 ? ", " : "", one->if_name);
    if (all != NULL)
        if_freenameindex(all);
}

static int fail(const struct receive_socket *taken, const struct receive_address *address, int code,
                struct sink_error *error)
{
    char advice[256] = "", who[PORT_OWNER_TEXT_BYTES];
    const pid_t owner = code == EADDRINUSE ? port_owner(taken->port, who) : 0;
    if (owner == getpid())
        snprintf(advice, sizeof advice, "; another of the addresses that are listened on has this port for this one "
                                        "too: leave one of them out, or choose another port with -p");
    else if (owner > 0)
        snprintf(advice, sizeof advice, "; %s, has this port: end it, or choose another port with -p", who);
    else if (code == EADDRINUSE)
        snprintf(advice, sizeof advice, "; another program has this port: 'ss -ulpn', as root, shows which, or choose "
                                        "another with -p");
    else if (code == EACCES && taken->port < PRIVILEGED_PORTS)
        snprintf(advice, sizeof advice, "; ports below 1024 are for root: choose a higher one with -p, or have systemd "
                                        "open it and pass it on");
    else if (code == EADDRNOTAVAIL)
        snprintf(advice, sizeof advice, "; this machine has no such address: 'ip address' shows those it has");
    else if (code == EAFNOSUPPORT)
        snprintf(advice, sizeof advice, "; this machine has no IPv6: listen on addresses of IPv4");
    else if (code == EMFILE || code == ENFILE)
        snprintf(advice, sizeof advice, "; 'ulimit -n' bounds the sockets and files of a program");
    else if (code == EINVAL && address->address.ss_family == AF_INET6 && address->device[0] == '\0')
        snprintf(advice, sizeof advice, "; name the network device behind the address, as in fe80::1%%eth0");
    snprintf(error->text, sizeof error->text, "cannot listen on %s: %s%s", taken->text, strerror(code), advice);
    return -1;
}

static int fail_device(const struct receive_socket *taken, const struct receive_address *address, int code,
                       struct sink_error *error)
{
    char devices[160] = "";
    list_devices(devices, sizeof devices);
    if (code == ENODEV)
        snprintf(error->text, sizeof error->text,
                 "cannot listen on %s: this machine has no network device '%s'; it has %s", taken->text,
                 address->device, devices);
    else
        snprintf(error->text, sizeof error->text, "cannot listen on %s by the network device '%s': %s%s", taken->text,
                 address->device, strerror(code),
                 code == EPERM ? "; only root may choose a device in kernels before 5.7" : "");
    return -1;
}

static int fail_join(const struct receive_socket *taken, const struct receive_address *address, int code,
                     struct sink_error *error)
{
    snprintf(error->text, sizeof error->text, "cannot join the multicast group %s: %s%s", taken->text, strerror(code),
             code == ENODEV && address->device[0] == '\0'
                 ? "; no route tells by which network device: name it with --device"
             : code == ENOBUFS ? "; net.ipv4.igmp_max_memberships bounds them"
                               : "");
    return -1;
}

/* ------------------------------------------------------------------------------------------------------- opening */

static void describe(struct receive_socket *taken, const struct sockaddr_storage *address, socklen_t length, bool dual,
                     const char *device)
{
    char host[INET6_ADDRSTRLEN + IFNAMSIZ + 1] = "?", port[8] = "?";
    getnameinfo((const struct sockaddr *)address, length, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    const bool scoped = strchr(host, '%') != NULL;
    snprintf(taken->text, sizeof taken->text, address->ss_family == AF_INET6 ? "[%s%s%s]:%s%s" : "%s%s%s:%s%s", host,
             device[0] != '\0' && !scoped ? "%" : "", scoped ? "" : device, port, dual ? ", IPv4 and IPv6" : "");
    taken->multicast = is_multicast(address);
    taken->port = ntohs(address->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)address)->sin6_port
                                                       : ((const struct sockaddr_in *)address)->sin_port);
}

static int set_option(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value);
}

/* Options without which receiving still works. */
static void set_options(const struct receive_spec *spec, struct receive_socket *taken)
{
    const int fd = taken->fd;
    set_option(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
    set_option(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
    taken->busy_poll_refused =
        spec->busy_poll_us > 0 && set_option(fd, SOL_SOCKET, SO_BUSY_POLL, (int)spec->busy_poll_us) != 0;
    taken->buffer_wanted_bytes = spec->buffer_bytes > 0 ? spec->buffer_bytes : RECEIVE_BUFFER_DEFAULT_BYTES;
    if (set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, taken->buffer_wanted_bytes) != 0)
        set_option(fd, SOL_SOCKET, SO_RCVBUF, taken->buffer_wanted_bytes);
    int got_bytes = 0;
    socklen_t length = sizeof got_bytes;
    if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &got_bytes, &length) == 0)
        taken->buffer_bytes = got_bytes / 2;
}

/* A socket that is bound to a group gets what comes for it by the devices where it was joined, by this socket. */
static int join(int fd, const struct receive_address *address)
{
    const unsigned device = address->device[0] == '\0' ? 0 : if_nametoindex(address->device);
    if (address->address.ss_family == AF_INET) {
        const struct ip_mreqn group = {.imr_multiaddr = ((const struct sockaddr_in *)&address->address)->sin_addr,
                                       .imr_ifindex = (int)device};
        set_option(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
        return setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group);
    }
    const struct ipv6_mreq group = {.ipv6mr_multiaddr = ((const struct sockaddr_in6 *)&address->address)->sin6_addr,
                                    .ipv6mr_interface = device};
    set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
    return setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &group, sizeof group);
}

static int prepare(const struct receive_spec *spec, const struct receive_address *address,
                   struct receive_socket *taken, struct sink_error *error)
{
    const int fd = taken->fd;
    if (address->address.ss_family == AF_INET6)
        set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, !address->dual);
    if (spec->reuse_port && set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1) != 0)
        return fail(taken, address, errno, error);
    if (address->device[0] != '\0' &&
        setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, address->device, (socklen_t)strlen(address->device)) != 0)
        return fail_device(taken, address, errno, error);
    set_options(spec, taken);
    return 0;
}

static int bind_and_join(const struct receive_address *address, struct receive_socket *taken, struct sink_error *error)
{
    struct sockaddr_storage bound;
    socklen_t length = sizeof bound;
    if (bind(taken->fd, (const struct sockaddr *)&address->address, address->length) != 0)
        return fail(taken, address, errno, error);
    if (getsockname(taken->fd, (struct sockaddr *)&bound, &length) == 0)
        describe(taken, &bound, length, address->dual, address->device); /* with the port, where it was 0 */
    if (address->multicast && join(taken->fd, address) != 0)
        return fail_join(taken, address, errno, error);
    return 0;
}

int receive_socket_open(const struct receive_spec *spec, const struct receive_address *address,
                        int (*before_bind)(int fd, void *context, struct sink_error *error), void *context,
                        struct receive_socket *ret_socket, struct sink_error *error)
{
    struct receive_socket taken = {.fd = -1};
    describe(&taken, &address->address, address->length, address->dual, address->device);
    taken.fd = socket(address->address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (taken.fd < 0)
        return fail(&taken, address, errno, error);
    if (prepare(spec, address, &taken, error) != 0 ||
        (before_bind != NULL && before_bind(taken.fd, context, error) != 0) ||
        bind_and_join(address, &taken, error) != 0) {
        close(taken.fd);
        return -1;
    }
    *ret_socket = taken;
    return 0;
}

static int option_of(int fd, int level, int name)
{
    int value = 0;
    socklen_t length = sizeof value;
    return getsockopt(fd, level, name, &value, &length) == 0 ? value : -1;
}

int receive_socket_dropped(int fd, uint32_t *ret_dropped)
{
    uint32_t figures[SK_MEMINFO_VARS];
    socklen_t length = sizeof figures;
    if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, figures, &length) != 0 ||
        length < (SK_MEMINFO_DROPS + 1) * sizeof *figures)
        return -1;
    *ret_dropped = figures[SK_MEMINFO_DROPS];
    return 0;
}

uint64_t receive_socket_cookie(int fd)
{
    uint64_t cookie = 0;
    socklen_t length = sizeof cookie;
    return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length) == 0 ? cookie : 0;
}

int receive_socket_adopt(int fd, const struct receive_spec *spec, struct receive_socket *ret_socket,
                         struct sink_error *error)
{
    struct receive_socket taken = {.fd = fd};
    struct sockaddr_storage bound = {0};
    socklen_t length = sizeof bound;
    const int family = option_of(fd, SOL_SOCKET, SO_DOMAIN);
    if ((family != AF_INET && family != AF_INET6) || option_of(fd, SOL_SOCKET, SO_PROTOCOL) != IPPROTO_UDP ||
        getsockname(fd, (struct sockaddr *)&bound, &length) != 0) {
        snprintf(error->text, sizeof error->text,
                 "cannot receive by file descriptor %d, which was passed on: it is no UDP socket; the socket unit of "
                 "systemd needs ListenDatagram=", fd);
        return -1;
    }
    char device[IFNAMSIZ] = "";
    socklen_t device_length = sizeof device;
    if (getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, &device_length) != 0)
        device[0] = '\0';
    describe(&taken, &bound, length,
             family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&((struct sockaddr_in6 *)&bound)->sin6_addr) &&
                 option_of(fd, IPPROTO_IPV6, IPV6_V6ONLY) == 0,
             device);
    if (taken.port == 0) {
        snprintf(error->text, sizeof error->text,
                 "cannot receive by file descriptor %d, which was passed on: it is not bound to a port", fd);
        return -1;
    }
    const int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
        snprintf(error->text, sizeof error->text, "cannot receive on %s, which was passed on: %s", taken.text,
                 strerror(errno));
        return -1;
    }
    set_options(spec, &taken);
    receive_socket_dropped(fd, &taken.dropped);
    *ret_socket = taken;
    return 0;
}
