import ClusterCore
import EngineSupport
import HTTPClient
import JSON
import Logging
import Mesos
import ZooKeeper

/// A master that speaks the v1 scheduler API as `facts/samples/mesos-1.11` recorded it, whose one agent runs every task at once without
/// starting anything. It shows what a real master won't do on demand: a thousand instant tasks, silence, and what it was asked.
actor FakeMaster {
    private(set) var tasks: [String: (info: TaskInfo, state: TaskState)] = [:]
    private(set) var calls: [SchedulerCall] = []
    private(set) var launches = 0
    private(set) var subscriptions: [String?] = []
    private(set) var port = 0
    private var free: Resources
    private var stream: ByteStream?
    private var frameworkID: String?
    private var offers: [String: Resources] = [:]
    private var counter = 0
    private var isSuppressed = false
    private var isFiltered = false
    private var server: Task<Void, any Error>?
    private var announcement: ZooKeeperClient?
    /// Whether killed tasks end.
    var kills = true
    let hostname: String

    init(
        free: Resources = Resources(cpus: 4000, mem: 4_000_000, disk: 4_000_000, ports: ValueRanges([31000...60000])),
        hostname: String = "127.0.0.1"
    ) {
        self.free = free
        self.hostname = hostname
    }

    func start(zooKeeper: ZooKeeperURL) async throws {
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        let server = EngineServer(host: "127.0.0.1", port: 0, logger: Logger(label: "fake-master")) { request in await self.answer(request)
        }
        self.server = Task { try await server.run { listening.yield($0) } }
        for await port in ports {
            self.port = port
            break
        }
        let client = ZooKeeperClient(url: zooKeeper)
        try await client.connect()
        try await client.createRecursively("/mesos")
        let info = MasterInfo(id: "fake", ip: "127.0.0.1", port: port, hostname: "127.0.0.1", version: "1.11.0")
        _ = try await client.create("/mesos/json.info_", data: info.nodeJSON.bytes(), mode: .ephemeralSequential)
        announcement = client
    }

    func stop() async {
        server?.cancel()
        stream?.finish()
        await announcement?.close()
    }

    func set(kills: Bool) { self.kills = kills }
    func running(_ name: String) -> [String] {
        tasks.filter { $0.value.info.name == name && $0.value.state == .running }.map(\.key).sorted()
    }
    func info(_ task: String) -> TaskInfo? { tasks[task]?.info }
    func taskCount() -> Int { tasks.count }

    /// A task ends by itself.
    func end(_ task: String, _ state: TaskState, message: String = "") {
        guard let known = tasks.removeValue(forKey: task) else { return }
        free += known.info.resources
        update(task, state, agent: "agent-1", message: message, uuid: true)
        isFiltered = false
        offer()
    }

    private func answer(_ request: EngineRequest) async -> EngineResponse {
        guard request.path == "/api/v1/scheduler", let json = try? request.json(), let call = try? SchedulerCall(json: json) else {
            return .text("bad", status: 400)
        }
        calls.append(call)
        if case .subscribe(let info, _) = call.kind { return subscribe(info) }
        guard call.frameworkID == frameworkID else { return .text("Framework is not subscribed", status: 403) }
        take(call.kind)
        return .empty(status: 202)
    }

    private func subscribe(_ info: FrameworkInfo) -> EngineResponse {
        subscriptions.append(info.id)
        frameworkID = info.id ?? "framework-0001"
        stream?.finish()
        let stream = ByteStream()
        self.stream = stream
        isSuppressed = false
        isFiltered = false
        for resources in offers.values { free += resources }
        offers = [:]
        send(.subscribed(frameworkID: frameworkID ?? "", heartbeatInterval: 15, master: nil))
        offer()
        return .stream(stream, type: "application/json", headers: ["Mesos-Stream-Id": "stream-\(subscriptions.count)"])
    }

    private func send(_ event: SchedulerEvent) { stream?.send(record: event.json) }

    private func offer() {
        guard !isSuppressed, !isFiltered, offers.isEmpty, let frameworkID, !free.isEmpty else { return }
        counter += 1
        let offer = Offer(
            id: "offer-\(counter)", frameworkID: frameworkID, agentID: "agent-1", hostname: hostname, resources: free.allocated(to: "*"),
            attributes: [])
        offers[offer.id] = free
        free = Resources()
        send(.offers([offer]))
    }

    private func take(_ kind: SchedulerCall.Kind) {
        switch kind {
        case .accept(let ids, let operations, let filters):
            var resources = ids.compactMap { offers.removeValue(forKey: $0) }.reduce(Resources(), +)
            for case .launch(let infos) in operations {
                for info in infos {
                    launches += 1
                    resources -= info.resources.allocated(to: nil)
                    tasks[info.taskID] = (info, .running)
                    update(info.taskID, .running, agent: info.agentID, uuid: true)
                }
            }
            free += resources
            isFiltered = filters.refuseSeconds > 0
            offer()
        case .decline(let ids, let filters):
            for id in ids { if let resources = offers.removeValue(forKey: id) { free += resources } }
            isFiltered = filters.refuseSeconds > 0
            offer()
        case .revive:
            isSuppressed = false
            isFiltered = false
            offer()
        case .suppress: isSuppressed = true
        case .kill(let task, _, _):
            guard kills else { return }
            if tasks[task] != nil { end(task, .killed) } else { update(task, .lost, agent: "agent-1", uuid: false) }
        case .reconcile(let references):
            if references.isEmpty {
                for (id, task) in tasks { update(id, task.state, agent: "agent-1", reason: "REASON_RECONCILIATION", uuid: false) }
            }
            for reference in references {
                update(
                    reference.taskID, tasks[reference.taskID]?.state ?? .unknown, agent: "agent-1", reason: "REASON_RECONCILIATION",
                    uuid: false)
            }
        default: break
        }
    }

    private func update(
        _ task: String, _ state: TaskState, agent: String, message: String? = nil, reason: String? = nil, uuid: Bool
    ) {
        send(
            .update(
                TaskStatus(
                    taskID: task, state: state, message: message, source: "SOURCE_EXECUTOR", reason: reason, agentID: agent,
                    timestamp: 1, uuid: uuid ? Base64.encode(RandomID.bytes()) : nil)))
    }
}
