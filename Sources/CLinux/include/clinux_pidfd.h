// Processes that are not our children, by pidfd: glibc's headers for it, and that of epoll, are in no module map.
#ifndef CLINUX_PIDFD_H
#define CLINUX_PIDFD_H

/// pidfd_open(2) and pidfd_send_signal(2). Return a descriptor (close-on-exec) or 0, else a negative errno.
int clinux_pidfd_open(int pid);
int clinux_pidfd_signal(int pidfd, int signal);

/// epoll over pidfds: create one; add a pidfd, which is reported once; wait for and take those whose process has exited.
/// Each returns a descriptor, 0 or a count, else a negative errno.
int clinux_exits_create(void);
int clinux_exits_add(int exits, int pidfd);
int clinux_exits_wait(int exits, int *pidfds, int capacity);

#endif
