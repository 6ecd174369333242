// Processes and signals: what wait4 needs beside the calls that Swift imports.
#ifndef CLINUX_PROCESS_H
#define CLINUX_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

/// Makes this process the reaper of its orphaned descendants (prctl is variadic, so Swift can't import it).
/// Returns 0, or an errno.
int clinux_set_child_subreaper(void);

/// This process's environment (Swift 6 refuses the mutable global `environ`). NULL-terminated; may be NULL.
char *const *clinux_environment(void);

/// pipe2 with O_CLOEXEC, which Glibc's Swift module lacks. Returns 0, or -1 with errno.
int clinux_pipe(int ends[2]);

/// Names the calling thread, as `ps -T` shows it; 15 bytes count.
void clinux_name_thread(const char *name);

/// What a new process is like.
struct clinux_spawn {
    const char *path;          ///< Program, with its directory: there is no search.
    char *const *argv;         ///< NULL-terminated.
    char *const *envp;         ///< NULL-terminated.
    const char *directory;     ///< Working directory, or NULL to keep the caller's.
    int descriptors[3];        ///< What becomes 0, 1 and 2: the same number, or one above 2.
    int group;                 ///< 0: the caller's process group, 1: a group of its own, 2: a session of its own.
    int death_signal;          ///< Sent to it when the calling *thread* ends (PR_SET_PDEATHSIG), or 0.
    int has_identity;          ///< 1: take on the three following.
    uid_t uid;                 ///< User.
    gid_t gid;                 ///< Main group.
    const gid_t *groups;       ///< Further groups.
    int group_count;           ///< How many.
};

/// Which step of a spawn failed.
enum clinux_spawn_step {
    CLINUX_SPAWN_FORK,
    CLINUX_SPAWN_GROUP,
    CLINUX_SPAWN_IDENTITY,
    CLINUX_SPAWN_STREAMS,
    CLINUX_SPAWN_DIRECTORY,
    CLINUX_SPAWN_EXEC,
};

/// Starts a process with default signal dispositions, an empty signal mask and no descriptor but 0–2.
/// Not posix_spawn, because that can set neither a parent-death signal nor an identity.
/// Returns 0 and the process id, or an errno and the step that failed; no process is left then.
int clinux_spawn(const struct clinux_spawn *what, pid_t *pid, int *failed_step);

/// Makes the descriptor that turns readable when a caught signal has come. Returns it (always the same), or -1 with errno.
/// Handlers and not a blocked mask with sigwaitinfo: libdispatch parks the main thread in sigsuspend with an empty mask,
/// which would have TERM end the process and SIGCHLD be discarded.
int clinux_signals_descriptor(void);

/// Catches a signal. Returns 0, or an errno.
int clinux_signals_catch(int signal_number);

/// Takes the set of signals that have come since the last call: bit n for signal n.
uint64_t clinux_signals_take(void);

#endif
