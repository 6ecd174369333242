#include "clinux_netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int open_route_socket(void) {
    int socket_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (socket_fd < 0) return -1;
    // The kernel answers at once; the limit only guards against a lost answer.
    struct timeval limit = {.tv_sec = 2};
    setsockopt(socket_fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return socket_fd;
}

static int send_request(int socket_fd, void *request, size_t length) {
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    ssize_t sent;
    do {
        sent = sendto(socket_fd, request, length, 0, (struct sockaddr *)&kernel, sizeof kernel);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? errno : 0;
}

static ssize_t receive(int socket_fd, void *buffer, size_t capacity) {
    ssize_t received;
    struct sockaddr_nl sender;
    do {
        socklen_t length = sizeof sender;
        received = recvfrom(socket_fd, buffer, capacity, MSG_TRUNC, (struct sockaddr *)&sender, &length);
        // Any process may send to this socket; only the kernel is believed.
    } while ((received < 0 && errno == EINTR) || (received >= 0 && sender.nl_pid != 0));
    return received;
}

static int read_address(struct nlmsghdr *header, struct clinux_address *out) {
    struct ifaddrmsg *message = NLMSG_DATA(header);
    if (message->ifa_family != AF_INET && message->ifa_family != AF_INET6) return 0;
    memset(out, 0, sizeof *out);
    out->family = message->ifa_family;
    out->prefix_length = message->ifa_prefixlen;
    out->scope = message->ifa_scope;
    out->interface = message->ifa_index;
    out->flags = message->ifa_flags;
    size_t width = message->ifa_family == AF_INET ? 4 : 16;
    int has_local = 0, has_any = 0;
    int rest = (int)IFA_PAYLOAD(header);
    for (struct rtattr *attribute = IFA_RTA(message); RTA_OK(attribute, rest); attribute = RTA_NEXT(attribute, rest)) {
        if (attribute->rta_type == IFA_FLAGS && RTA_PAYLOAD(attribute) >= sizeof(uint32_t)) {
            memcpy(&out->flags, RTA_DATA(attribute), sizeof(uint32_t));
        }
        // On a point-to-point link IFA_ADDRESS is the peer's; IFA_LOCAL is ours wherever it is given.
        int is_local = attribute->rta_type == IFA_LOCAL;
        if ((is_local || (attribute->rta_type == IFA_ADDRESS && !has_local)) && RTA_PAYLOAD(attribute) >= width) {
            memcpy(out->bytes, RTA_DATA(attribute), width);
            has_local |= is_local;
            has_any = 1;
        }
    }
    if (if_indextoname(message->ifa_index, out->name) == NULL) out->name[0] = 0;
    return has_any;
}

static int dump_addresses(int socket_fd, struct clinux_address *out, size_t capacity, size_t *count) {
    struct {
        struct nlmsghdr header;
        struct ifaddrmsg message;
    } request = {
        .header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifaddrmsg)), .nlmsg_type = RTM_GETADDR,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP, .nlmsg_seq = 1},
        .message = {.ifa_family = AF_UNSPEC},
    };
    int problem = send_request(socket_fd, &request, request.header.nlmsg_len);
    if (problem != 0) return problem;
    *count = 0;
    int interrupted = 0;
    for (;;) {
        _Alignas(struct nlmsghdr) char buffer[32768];
        ssize_t received = receive(socket_fd, buffer, sizeof buffer);
        if (received < 0) return errno;
        if ((size_t)received > sizeof buffer) return EMSGSIZE;
        int rest = (int)received;
        for (struct nlmsghdr *header = (struct nlmsghdr *)buffer; NLMSG_OK(header, rest); header = NLMSG_NEXT(header, rest)) {
            if (header->nlmsg_flags & NLM_F_DUMP_INTR) interrupted = 1;
            if (header->nlmsg_type == NLMSG_DONE) return interrupted ? EINTR : 0;
            if (header->nlmsg_type == NLMSG_ERROR) {
                struct nlmsgerr *error = NLMSG_DATA(header);
                return error->error != 0 ? -error->error : EPROTO;
            }
            struct clinux_address address;
            if (header->nlmsg_type != RTM_NEWADDR || !read_address(header, &address)) continue;
            if (*count < capacity) out[*count] = address;
            *count += 1;
        }
    }
}

int clinux_list_addresses(struct clinux_address *out, size_t capacity, size_t *count) {
    // A list that changed while it was read may lack an address: read it anew.
    for (int attempt = 0; attempt < 8; attempt++) {
        int socket_fd = open_route_socket();
        if (socket_fd < 0) return errno;
        int problem = dump_addresses(socket_fd, out, capacity, count);
        close(socket_fd);
        if (problem != EINTR) return problem;
    }
    return EAGAIN;
}

struct address_request {
    struct nlmsghdr header;
    struct ifaddrmsg message;
    char attributes[128];
};

static void add_attribute(struct address_request *request, unsigned short type, const void *value, size_t length) {
    struct rtattr *attribute = (struct rtattr *)((char *)request + NLMSG_ALIGN(request->header.nlmsg_len));
    attribute->rta_type = type;
    attribute->rta_len = (unsigned short)RTA_LENGTH(length);
    memcpy(RTA_DATA(attribute), value, length);
    request->header.nlmsg_len = NLMSG_ALIGN(request->header.nlmsg_len) + RTA_ALIGN(attribute->rta_len);
}

static struct address_request request_about(const struct clinux_address *address, unsigned short type, unsigned short flags) {
    struct address_request request = {
        .header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifaddrmsg)), .nlmsg_type = type,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags, .nlmsg_seq = 1},
        .message = {.ifa_family = address->family, .ifa_prefixlen = address->prefix_length, .ifa_scope = address->scope,
                    .ifa_index = address->interface},
    };
    add_attribute(&request, IFA_LOCAL, address->bytes, address->family == AF_INET ? 4 : 16);
    return request;
}

static int ask_kernel(struct address_request *request) {
    int socket_fd = open_route_socket();
    if (socket_fd < 0) return errno;
    int problem = send_request(socket_fd, request, request->header.nlmsg_len);
    if (problem == 0) {
        _Alignas(struct nlmsghdr) char buffer[4096];
        ssize_t received = receive(socket_fd, buffer, sizeof buffer);
        struct nlmsghdr *header = (struct nlmsghdr *)buffer;
        if (received < 0) problem = errno;
        else if (!NLMSG_OK(header, (size_t)received) || header->nlmsg_type != NLMSG_ERROR) problem = EPROTO;
        else problem = -((struct nlmsgerr *)NLMSG_DATA(header))->error;
    }
    close(socket_fd);
    return problem;
}

int clinux_delete_address(const struct clinux_address *address) {
    struct address_request request = request_about(address, RTM_DELADDR, 0);
    return ask_kernel(&request);
}

int clinux_set_address_lifetime(const struct clinux_address *address, uint32_t seconds) {
    struct address_request request = request_about(address, RTM_NEWADDR, NLM_F_REPLACE);
    uint32_t valid = seconds == 0 ? UINT32_MAX : seconds;
    // keepalived makes a single IPv6 address deprecated, so that it is not chosen as a source: it stays so.
    struct ifa_cacheinfo lifetime = {.ifa_valid = valid, .ifa_prefered = address->flags & IFA_F_DEPRECATED ? 0 : valid};
    add_attribute(&request, IFA_CACHEINFO, &lifetime, sizeof lifetime);
    uint32_t flags = address->flags & (IFA_F_NODAD | IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN | IFA_F_HOMEADDRESS);
    add_attribute(&request, IFA_FLAGS, &flags, sizeof flags);
    return ask_kernel(&request);
}

int clinux_watch_addresses(void) {
    int socket_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (socket_fd < 0) return -errno;
    struct sockaddr_nl groups = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR};
    if (bind(socket_fd, (struct sockaddr *)&groups, sizeof groups) != 0) {
        int problem = errno;
        close(socket_fd);
        return -problem;
    }
    return socket_fd;
}

int clinux_next_address_change(int watch, struct clinux_address *out) {
    for (;;) {
        // The kernel puts one change into one datagram.
        _Alignas(struct nlmsghdr) char buffer[8192];
        ssize_t received = receive(watch, buffer, sizeof buffer);
        if (received < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
        if ((size_t)received > sizeof buffer) return -ENOBUFS;
        struct nlmsghdr *header = (struct nlmsghdr *)buffer;
        if (!NLMSG_OK(header, (size_t)received)) continue;
        int is_added = header->nlmsg_type == RTM_NEWADDR;
        if ((is_added || header->nlmsg_type == RTM_DELADDR) && read_address(header, out)) return is_added ? 1 : 2;
    }
}
