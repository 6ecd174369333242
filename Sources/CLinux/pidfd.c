#define _GNU_SOURCE
#include "clinux_pidfd.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

int clinux_pidfd_open(int pid) {
    int descriptor = (int)syscall(SYS_pidfd_open, pid, 0);
    return descriptor < 0 ? -errno : descriptor;
}

int clinux_pidfd_signal(int pidfd, int signal) { return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 ? -errno : 0; }

int clinux_exits_create(void) {
    int exits = epoll_create1(EPOLL_CLOEXEC);
    return exits < 0 ? -errno : exits;
}

int clinux_exits_add(int exits, int pidfd) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.fd = pidfd};
    return epoll_ctl(exits, EPOLL_CTL_ADD, pidfd, &event) < 0 ? -errno : 0;
}

int clinux_exits_wait(int exits, int *pidfds, int capacity) {
    struct epoll_event events[256];
    int count = epoll_wait(exits, events, capacity < 256 ? capacity : 256, -1);
    if (count < 0) return -errno;
    for (int index = 0; index < count; index++) {
        pidfds[index] = events[index].data.fd;
        epoll_ctl(exits, EPOLL_CTL_DEL, pidfds[index], NULL);
    }
    return count;
}
