import ClusterCore
import HTTPClient
import JSON

/// Supervises all tasks of one slave, and outlives it.
///
/// One process for all, not one a task: measured, an idle executor takes about as much memory as a few dozen tasks' bookkeeping in it,
/// so that a thousand tasks cost megabytes, not gigabytes, and a launch is a vfork, not the start of a Swift program. What it
/// loses, should it be killed itself, is exit statuses: a new executor takes the running tasks over by pid and start time.
actor Executor {
    private let http = HTTPClient()
    private let sweeper = SessionSweeper()
    private var runs: [String: TaskRun] = [:]
    private var isConnected = false
    private var isEnding = false
    private let send: @Sendable (JSON) -> Void
    private let exit: @Sendable () -> Void

    /// - Parameters:
    ///   - send: sends a message to the slave, if one is connected.
    ///   - exit: ends the process.
    init(send: @escaping @Sendable (JSON) -> Void, exit: @escaping @Sendable () -> Void) {
        self.send = send
        self.exit = exit
    }

    /// A slave has connected: it is told what runs here.
    func connected() {
        isConnected = true
        send(ExecutorMessage.hello(containers: runs.keys.sorted()).json)
    }

    /// The slave is gone.
    func disconnected() {
        isConnected = false
        exitIfIdle()
    }

    /// Does what the slave says.
    func handle(_ command: ExecutorCommand) async {
        switch command {
        case .launch(let directory): await take(RunFiles(directory: directory), adopting: false)
        case .adopt(let directory): await take(RunFiles(directory: directory), adopting: true)
        case .kill(let container, let grace, let reportsKilling): await runs[container]?.kill(grace: grace, reportsKilling: reportsKilling)
        case .endAll: await endAll()
        }
    }

    /// Ends all tasks, and this process when they have ended and the slave is gone.
    func endAll() async {
        for run in runs.values { await run.kill(grace: nil, reportsKilling: false) }
    }

    /// Ends all tasks, and this process behind them.
    func terminate() async {
        isEnding = true
        await endAll()
        exitIfIdle()
    }

    private func exitIfIdle() {
        if runs.isEmpty && (!isConnected || isEnding) { exit() }
    }

    private func take(_ files: RunFiles, adopting: Bool) async {
        do throws(ClusterError) {
            let record = try files.record()
            guard runs[record.containerID] == nil else { return }
            // A launch that comes twice, because the slave was restarted in the middle of it, counts once.
            if !adopting && Files.exists(files.accepted) { return }
            try QuickFile.replace(files.accepted, [])
            let task = try TaskSpec(task: record.task)
            let runtime: any TaskRuntime =
                if let docker = task.docker {
                    DockerRuntime(record: record, task: task, docker: docker, files: files, http: http)
                } else {
                    ProcessRuntime(record: record, task: task, files: files, http: http, sweeper: sweeper)
                }
            let container = record.containerID
            let run = TaskRun(
                record: record, task: task, files: files, runtime: runtime, http: http,
                tell: { [send] event in send(ExecutorMessage.event(container: container, event).json) },
                ended: { [weak self] in Task { await self?.ended(container) } })
            runs[container] = run
            if adopting { await run.adopt() } else { await run.launch() }
        } catch {
            // The slave has checked the task before; it will find no event and say that the launch failed.
            ExecutorLog.write("can't take on \(files.directory): \(error)")
        }
    }

    private func ended(_ container: String) {
        runs[container] = nil
        exitIfIdle()
    }
}
