// Network addresses by rtnetlink: its message macros have no Swift form, and getifaddrs tells neither prefix lengths nor flags well.
#ifndef CLINUX_NETLINK_H
#define CLINUX_NETLINK_H

#include <stddef.h>
#include <stdint.h>

/// One address of one interface.
struct clinux_address {
    uint8_t family;        ///< AF_INET or AF_INET6.
    uint8_t prefix_length; ///< 0–128.
    uint8_t scope;         ///< RT_SCOPE_UNIVERSE …
    uint8_t bytes[16];     ///< In network byte order; the first 4 of IPv4.
    uint32_t interface;    ///< The interface's index.
    uint32_t flags;        ///< IFA_F_TENTATIVE …
    char name[16];         ///< The interface's name; empty where it has gone meanwhile.
};

/// Lists the addresses of all interfaces in this network namespace (RTM_GETADDR). Needs no privilege.
/// At most `capacity` are written to `out`; `*count` says how many there are.
/// Returns 0, or an errno; EAGAIN where the list changed all the while.
int clinux_list_addresses(struct clinux_address *out, size_t capacity, size_t *count);

/// Removes an address from its interface (RTM_DELADDR). Needs CAP_NET_ADMIN.
/// Returns 0, or an errno; EADDRNOTAVAIL where it is not there.
int clinux_delete_address(const struct clinux_address *address);

#endif
