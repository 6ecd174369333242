#define _GNU_SOURCE
#include "clinux_process.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int clinux_set_child_subreaper(void) {
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 ? 0 : errno;
}

char *const *clinux_environment(void) { return environ; }

int clinux_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

void clinux_name_thread(const char *name) { prctl(PR_SET_NAME, (unsigned long)name, 0, 0, 0); }

static void close_from(unsigned first) {
    if (syscall(SYS_close_range, first, ~0U, 0) == 0) return;
    // A kernel before 5.9, or a sandbox that lacks the call.
    struct rlimit limit;
    unsigned end = 65536;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < end) end = (unsigned)limit.rlim_cur;
    for (unsigned descriptor = first; descriptor < end; descriptor++) close((int)descriptor);
}

// Runs in the new process, which shares the caller's memory until it executes: system calls only. glibc's setuid family would
// change the identity of all threads, so the raw calls are used.
static int become(const struct clinux_spawn *what, pid_t parent, int *step) {
    struct sigaction action = {.sa_handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++) sigaction(number, &action, NULL);

    *step = CLINUX_SPAWN_GROUP;
    if (what->group == 1 && setpgid(0, 0) != 0) return errno;
    if (what->group == 2 && setsid() < 0) return errno;

    *step = CLINUX_SPAWN_IDENTITY;
    if (what->has_identity) {
        if (syscall(SYS_setgroups, (size_t)what->group_count, what->groups) != 0) return errno;
        if (syscall(SYS_setresgid, what->gid, what->gid, what->gid) != 0) return errno;
        if (syscall(SYS_setresuid, what->uid, what->uid, what->uid) != 0) return errno;
    }
    if (what->death_signal != 0) {
        if (prctl(PR_SET_PDEATHSIG, (unsigned long)what->death_signal, 0, 0, 0) != 0) return errno;
        if (syscall(SYS_getppid) != parent) return ECHILD;
    }

    *step = CLINUX_SPAWN_STREAMS;
    for (int target = 0; target < 3; target++) {
        int source = what->descriptors[target];
        if (source == target) {
            if (fcntl(target, F_SETFD, 0) != 0 && errno != EBADF) return errno;
        } else if (dup2(source, target) < 0) {
            return errno;
        }
    }
    close_from(3);

    *step = CLINUX_SPAWN_DIRECTORY;
    if (what->directory && chdir(what->directory) != 0) return errno;

    *step = CLINUX_SPAWN_EXEC;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(what->path, what->argv, what->envp);
    return errno;
}

int clinux_spawn(const struct clinux_spawn *what, pid_t *pid, int *failed_step) {
    // Signals stay blocked over the fork: a handler must not run in the new process while it shares this memory.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    volatile int failure = 0;
    volatile int step = CLINUX_SPAWN_FORK;
    pid_t parent = getpid();
    pid_t child = vfork();
    if (child == 0) {
        int at = CLINUX_SPAWN_FORK;
        int error = become(what, parent, &at);
        step = at;
        failure = error;
        _exit(127);
    }
    int fork_error = child < 0 ? errno : 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    *failed_step = step;
    if (fork_error) return fork_error;
    if (failure) {
        // The one child that the reaper never hears of: it has executed nothing.
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
        return failure;
    }
    *pid = child;
    return 0;
}
