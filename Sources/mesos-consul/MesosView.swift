/// Mesos as the bridge believes it: a snapshot, and the events after it. Pure.
struct MesosView: Sendable {
    /// A task's id is unique within its framework only.
    struct TaskKey: Sendable, Hashable {
        let frameworkID: String
        let id: String
    }

    private(set) var slaves: [String: MesosState.Slave] = [:]
    private(set) var recovered: Set<String>?
    private(set) var frameworks: [String: String] = [:]
    private(set) var tasks: [TaskKey: MesosState.Task] = [:]
    /// Slaves that were registered in this term and are not any more.
    private(set) var removed: Set<String> = []
    private var tasksOfSlave: [String: Set<TaskKey>] = [:]
    /// True once there was a snapshot.
    private(set) var isKnown = false
    /// True where an event told of something that only another snapshot tells in full: a task that is not known, or the name of a
    /// task's framework.
    private(set) var isIncomplete = false

    /// The tasks of a slave, in a stable order.
    func tasks(of slave: String) -> [MesosState.Task] { (tasksOfSlave[slave] ?? []).compactMap { tasks[$0] }.sorted { $0.id < $1.id } }

    /// Takes a snapshot in.
    mutating func take(_ state: MesosState) {
        let before = Set(slaves.keys)
        slaves = Dictionary(state.slaves.map { ($0.id, $0) }) { $1 }
        removed = removed.union(before).subtracting(slaves.keys)
        recovered = state.recovered
        frameworks = state.frameworks
        tasks = [:]
        tasksOfSlave = [:]
        for task in state.tasks { add(task) }
        isIncomplete = false
        isKnown = true
    }

    /// Takes an event in.
    /// - Returns: the slaves whose services may differ now.
    mutating func take(_ event: OperatorEvent) -> Set<String> {
        switch event {
        case .subscribed(let state):
            let before = Set(slaves.keys)
            take(state)
            return before.union(slaves.keys)
        case .taskAdded(let task):
            add(task)
            if frameworks[task.frameworkID] == nil { isIncomplete = true }
            return [task.slaveID]
        case .taskUpdated(let id, let framework, let state, let status):
            let key = TaskKey(frameworkID: framework, id: id)
            guard var task = tasks[key] else {
                if !Self.isOver(state) { isIncomplete = true }
                return []
            }
            if Self.isOver(state) {
                remove(key)
            } else {
                task.state = state
                task.note(status: status)
                guard task != tasks[key] else { return [] }
                tasks[key] = task
            }
            return [task.slaveID]
        case .slaveAdded(let slave):
            slaves[slave.id] = slave
            recovered?.remove(slave.id)
            removed.remove(slave.id)
            return [slave.id]
        case .slaveRemoved(let id):
            for key in tasksOfSlave[id] ?? [] { tasks[key] = nil }
            tasksOfSlave[id] = nil
            recovered?.remove(id)
            removed.insert(id)
            return slaves.removeValue(forKey: id) == nil ? [] : [id]
        case .frameworkNamed(let id, let name):
            frameworks[id] = name
            return Set(tasks.values.lazy.filter { $0.frameworkID == id }.map(\.slaveID))
        case .frameworkRemoved(let id):
            let gone = tasks.filter { $0.key.frameworkID == id }
            for key in gone.keys { remove(key) }
            return Set(gone.values.map(\.slaveID))
        case .heartbeat: return []
        }
    }

    private mutating func add(_ task: MesosState.Task) {
        guard !Self.isOver(task.state) else { return }
        let key = TaskKey(frameworkID: task.frameworkID, id: task.id)
        remove(key)
        tasks[key] = task
        tasksOfSlave[task.slaveID, default: []].insert(key)
    }

    private mutating func remove(_ key: TaskKey) {
        guard let task = tasks.removeValue(forKey: key) else { return }
        tasksOfSlave[task.slaveID]?.remove(key)
    }

    /// True for states that a task does not leave; an unreachable one may come back, and is told anew then.
    private static func isOver(_ state: String) -> Bool {
        !["TASK_STAGING", "TASK_STARTING", "TASK_RUNNING", "TASK_KILLING"].contains(state)
    }
}
