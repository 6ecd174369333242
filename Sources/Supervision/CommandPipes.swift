import CLinux
import ClusterCore
import Glibc

/// The pipes of a command, and the loop that serves them on a thread of its own.
struct CommandPipes: Sendable {
    struct Pipe: Sendable {
        let ours: Int32
        let theirs: Int32
    }

    struct Collected: Sendable {
        var output: [UInt8] = []
        var error: [UInt8] = []
        var isTruncated = false
        /// False where the time was over before both outputs were closed.
        var isComplete = false
    }

    let input: Pipe?
    let output: Pipe
    let error: Pipe

    init(hasInput: Bool) throws(ClusterError) {
        output = try Self.pipe(oursReads: true)
        do throws(ClusterError) {
            error = try Self.pipe(oursReads: true)
        } catch {
            Self.close(output)
            throw error
        }
        guard hasInput else {
            input = nil
            return
        }
        do throws(ClusterError) {
            input = try Self.pipe(oursReads: false)
        } catch {
            Self.close(output)
            Self.close(self.error)
            throw error
        }
    }

    private static func pipe(oursReads: Bool) throws(ClusterError) -> Pipe {
        var ends: [Int32] = [-1, -1]
        guard clinux_pipe(&ends) == 0 else {
            throw ClusterError(.io, "can't make a pipe: \(String(cString: strerror(errno)))")
        }
        let pipe = oursReads ? Pipe(ours: ends[0], theirs: ends[1]) : Pipe(ours: ends[1], theirs: ends[0])
        _ = fcntl(pipe.ours, F_SETFL, O_NONBLOCK)
        return pipe
    }

    private static func close(_ pipe: Pipe) {
        Glibc.close(pipe.ours)
        Glibc.close(pipe.theirs)
    }

    private var all: [Pipe] { [output, error] + (input.map { [$0] } ?? []) }
    func closeAll() { for pipe in all { Self.close(pipe) } }
    func closeTheirs() { for pipe in all { Glibc.close(pipe.theirs) } }
    /// The input's own end is closed by `pump`, where that has run.
    func closeOurs() { for pipe in [output, error] { Glibc.close(pipe.ours) } }

    /// Feeds the input and collects the outputs until both are closed, or the time is over.
    /// - Parameter hasEnded: true once the command itself has ended; what it left behind may hold its outputs open, so they are
    ///   drained then for a moment more and not waited for.
    func pump(_ bytes: [UInt8], limit: Int, until end: ContinuousClock.Instant, hasEnded: () -> Bool) -> Collected {
        var collected = Collected()
        var rest = bytes[...]
        var openInput = input?.ours ?? -1
        var openOutput = output.ours
        var openError = error.ours
        defer { if openInput >= 0 { Glibc.close(openInput) } }
        var endedBefore = false
        while openOutput >= 0 || openError >= 0 {
            let left = (end - .now).milliseconds
            guard left > 0 else { return collected }
            var watched = [
                pollfd(fd: openInput, events: Int16(POLLOUT), revents: 0), pollfd(fd: openOutput, events: Int16(POLLIN), revents: 0),
                pollfd(fd: openError, events: Int16(POLLIN), revents: 0),
            ]
            let ready = poll(&watched, 3, Int32(min(left, endedBefore ? 100 : 1000)))
            if ready == 0 {
                if endedBefore { break }
                endedBefore = hasEnded()
            }
            if watched[0].revents != 0 { Self.feed(&rest, &openInput) }
            if watched[1].revents != 0 { Self.collect(&openOutput, into: &collected.output, limit, &collected.isTruncated) }
            if watched[2].revents != 0 { Self.collect(&openError, into: &collected.error, limit, &collected.isTruncated) }
        }
        collected.isComplete = true
        return collected
    }

    private static func feed(_ rest: inout ArraySlice<UInt8>, _ descriptor: inout Int32) {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if count >= 0 { rest = rest.dropFirst(count) }
        let isBroken = count < 0 && errno != EAGAIN && errno != EINTR
        guard rest.isEmpty || isBroken else { return }
        Glibc.close(descriptor)
        descriptor = -1
    }

    private static func collect(_ descriptor: inout Int32, into bytes: inout [UInt8], _ limit: Int, _ isTruncated: inout Bool) {
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        let count = read(descriptor, &chunk, chunk.count)
        if count < 0 && (errno == EAGAIN || errno == EINTR) { return }
        guard count > 0 else {
            descriptor = -1
            return
        }
        let room = max(0, limit - bytes.count)
        if count > room { isTruncated = true }
        bytes += chunk[..<min(count, room)]
    }
}
