// Processes: what posix_spawn and wait4 need beside the calls that Swift imports.
#ifndef CLINUX_PROCESS_H
#define CLINUX_PROCESS_H

/// Makes this process the reaper of its orphaned descendants (prctl is variadic, so Swift can't import it).
/// Returns 0, or an errno.
int clinux_set_child_subreaper(void);

#endif
