#define _GNU_SOURCE
#include "clinux_process.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

static atomic_int wake_descriptor = -1;
static atomic_ullong pending;

// A set and a counter instead of a pipe of numbers: neither can fill up, so no signal is lost however many come.
static void on_signal(int number) {
    int saved = errno;
    atomic_fetch_or(&pending, 1ULL << number);
    uint64_t one = 1;
    ssize_t ignored = write(atomic_load(&wake_descriptor), &one, sizeof one);
    (void)ignored;
    errno = saved;
}

int clinux_signals_descriptor(void) {
    int existing = atomic_load(&wake_descriptor);
    if (existing >= 0) return existing;
    int made = eventfd(0, EFD_CLOEXEC);
    if (made < 0) return -1;
    if (atomic_compare_exchange_strong(&wake_descriptor, &existing, made)) return made;
    close(made);
    return existing;
}

int clinux_signals_catch(int number) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART | SA_NOCLDSTOP};
    sigemptyset(&action.sa_mask);
    return sigaction(number, &action, NULL) == 0 ? 0 : errno;
}

uint64_t clinux_signals_take(void) { return atomic_exchange(&pending, 0); }
