// Network addresses by rtnetlink: its message macros have no Swift form.
#ifndef CLINUX_NETLINK_H
#define CLINUX_NETLINK_H

#endif
