import ClusterCore
import Glibc
import Supervision

/// Ends what a task's main process left in its session: children that moved to a process group of their own.
///
/// To find a session's members all of `/proc` must be read. A thousand tasks may end at once, so the calls that come while one
/// pass runs share the next.
actor SessionSweeper {
    private var waiting: [(session: Int32, done: CheckedContinuation<Void, Never>)] = []
    private var isSweeping = false

    /// Sends KILL to each process of the session.
    func end(_ session: Int32) async {
        await withCheckedContinuation { done in
            waiting.append((session, done))
            if !isSweeping { Task { await sweep() } }
            isSweeping = true
        }
    }

    private func sweep() async {
        while !waiting.isEmpty {
            let batch = waiting
            waiting = []
            let sessions = Set(batch.map(\.session))
            await OwnThread.run("files") {
                // A member may fork between the reading and the signal: look again until a pass finds none.
                for _ in 0..<20 {
                    let members = HostProcesses.all().filter { sessions.contains($0.value.session) && $0.value.state != "Z" }
                    if members.isEmpty { break }
                    for pid in members.keys { kill(pid, SIGKILL) }
                }
            }
            for entry in batch { entry.done.resume() }
        }
        isSweeping = false
    }
}
