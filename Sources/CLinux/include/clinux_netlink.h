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

/// Bounds how long the kernel keeps an address (RTM_NEWADDR with IFA_CACHEINFO): it removes it by itself after `seconds`, whoever runs or
/// does not. 0 for ever. Adds the address where it is not there. Needs CAP_NET_ADMIN.
/// Returns 0, or an errno.
int clinux_set_address_lifetime(const struct clinux_address *address, uint32_t seconds);

/// Opens a socket, non-blocking, that gets each change of this network namespace's addresses.
/// Returns the descriptor, or a negative errno.
int clinux_watch_addresses(void);

/// Reads the next change.
/// Returns 1 where `out` was added (or changed), 2 where it was removed, 0 where nothing more has come, or a negative errno;
/// -ENOBUFS where changes were lost, so that the addresses must be listed anew.
int clinux_next_address_change(int watch, struct clinux_address *out);

#endif
