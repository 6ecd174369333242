// The few Linux calls that Swift can't make by itself. Each function says why it is here.
#ifndef CLINUX_H
#define CLINUX_H

#include "clinux_netlink.h"
#include "clinux_process.h"
#include "clinux_pidfd.h"

#endif
