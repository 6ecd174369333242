import ClusterCore
import ClusterTestKit
import Glibc
import HTTPClient
import JSON
import Mesos
import Supervision
import Synchronization

@testable import EmbeddedMesos

/// A real ZooKeeper, an embedded master and an embedded slave as processes of their own, and a framework that the test plays.
final class TestCluster: Sendable {
    let directory: TemporaryDirectory
    let zooKeeper: ZooKeeperServer
    let masterPort: Int
    let slavePort: Int
    private let master = Mutex<TestProcess?>(nil)
    private let slaveProcess = Mutex<TestProcess?>(nil)
    let http = HTTPClient()
    /// Nobody listens there, unless a test has an engine.
    let dockerSocket: String

    static var engine: String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let own = String(decoding: buffer[..<max(0, count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return own.split(separator: "/").dropLast().map { "/\($0)" }.joined() + "/embedded-engine"
    }

    /// Runs a body with a cluster; whatever runs is ended behind it.
    static func with(dockerSocket: String? = nil, _ body: (TestCluster) async throws -> Void) async throws {
        let cluster = try await TestCluster(dockerSocket: dockerSocket)
        do {
            try await cluster.start()
            try await body(cluster)
        } catch {
            print(cluster.logs)
            await cluster.end()
            throw error
        }
        await cluster.end()
    }

    private init(dockerSocket: String?) async throws {
        directory = try TemporaryDirectory("slave-cluster")
        zooKeeper = try await ZooKeeperServer.start()
        let ports = try freePorts(2)
        (masterPort, slavePort) = (ports[0], ports[1])
        self.dockerSocket = dockerSocket ?? directory.file("docker.sock")
    }

    var workDirectory: String { directory.file("work") }
    private var url: String { "zk://\(zooKeeper.address)/mesos" }
    var logs: String {
        [directory.read("master.log"), directory.read("slave.log"), directory.read("work/meta/executor.log")].compactMap { $0 }.joined(
            separator: "\n")
    }

    private func start() async throws {
        try await startMaster()
        try await startSlave()
    }

    func startMaster() async throws {
        let process = try await TestProcess(
            [
                Self.engine, "mesos-master", "--zk=\(url)", "--ip=127.0.0.1", "--port=\(masterPort)", "--quorum=1",
                "--work_dir=\(directory.file("master"))",
            ],
            environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"], output: directory.file("master.log"))
        master.withLock { $0 = process }
        try await eventually("the master") {
            try await self.http.send(HTTPRequest("GET", "http://127.0.0.1:\(self.masterPort)/state")).status == 200
        }
    }

    func killMaster() async { await master.withLock { $0 }?.kill() }

    /// Starts the slave (again) and waits until it is registered.
    func startSlave(_ more: [String] = [], resources: String = "cpus:400;mem:400000;disk:10000;ports:[31000-31999]", waits: Bool = true)
        async throws
    {
        let process = try await TestProcess(
            [
                Self.engine, "mesos-slave", "--master=\(url)", "--ip=127.0.0.1", "--port=\(slavePort)", "--work_dir=\(workDirectory)",
                "--resources=\(resources)", "--containerizers=docker,mesos", "--docker_socket=\(dockerSocket)",
            ] + more, environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"], output: directory.file("slave.log"))
        slaveProcess.withLock { $0 = process }
        guard waits else { return }
        try await eventually("the slave's registration") { try await self.slave("/metrics/snapshot")["slave/registered"]?.double == 1 }
    }

    var slave: TestProcess? { slaveProcess.withLock { $0 } }

    func slave(_ path: String) async throws -> JSON {
        try JSON(parsing: try await http.send(HTTPRequest("GET", "http://127.0.0.1:\(slavePort)\(path)")).body)
    }

    func executorPID() -> Int32? {
        HostProcesses.all().first { pid, _ in
            let words = (try? Files.text("/proc/\(pid)/cmdline")) ?? ""
            return words.hasSuffix("embedded-engine\0executor\0")
                && ((try? Files.list("/proc/\(pid)/fd")) ?? []).contains { self.isLog("/proc/\(pid)/fd/\($0)") }
        }?.key
    }

    private func isLog(_ path: String) -> Bool {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink(path, &buffer, buffer.count)
        return String(decoding: buffer[..<max(0, count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            == "\(workDirectory)/meta/executor.log"
    }

    private func end() async {
        slave?.signal(SIGUSR1)
        let patient = ContinuousClock.now + .seconds(15)
        while slave?.isRunning ?? false, ContinuousClock.now < patient { try? await Task.sleep(for: .milliseconds(20)) }
        await slave?.kill()
        if let executor = executorPID() { kill(executor, SIGTERM) }
        await killMaster()
        await zooKeeper.kill()
    }
}

/// A framework on the v1 scheduler API, driven by a test.
actor TestFramework {
    private let cluster: TestCluster
    private var id = ""
    private var streamID = ""
    private(set) var statuses: [TaskStatus] = []
    private var offers: [JSON] = []
    private var reader: Task<Void, Never>?
    var acknowledges = true

    init(_ cluster: TestCluster) { self.cluster = cluster }

    private var url: String { "http://127.0.0.1:\(cluster.masterPort)/api/v1/scheduler" }

    /// Subscribes, again after a master's end.
    func subscribe() async throws {
        reader?.cancel()
        offers = []
        var info: JSONObject = [
            "user": "", "name": "test", "failover_timeout": 600.0, "checkpoint": true, "roles": ["*"],
            "capabilities": [["type": "MULTI_ROLE"], ["type": "PARTITION_AWARE"], ["type": "TASK_KILLING_STATE"]],
        ]
        if !id.isEmpty { info["id"] = ["value": .string(id)] }
        var call: JSONObject = ["type": "SUBSCRIBE", "subscribe": ["framework_info": .object(info)]]
        if !id.isEmpty { call["framework_id"] = ["value": .string(id)] }
        let stream = try await cluster.http.stream(
            HTTPRequest(
                "POST", url, headers: ["Content-Type": "application/json", "Accept": "application/json"], body: JSON.object(call).bytes(),
                timeout: nil))
        streamID = stream.headers["Mesos-Stream-Id"] ?? ""
        reader = Task {
            var decoder = RecordIODecoder()
            do {
                for try await chunk in stream { for record in try decoder.feed(chunk) { await take(try JSON(parsing: record)) } }
            } catch {}
        }
        try await eventually("the subscription") { !self.id.isEmpty }
    }

    private func take(_ event: JSON) async {
        switch event["type"]?.string {
        case "SUBSCRIBED": id = event["subscribed"]?["framework_id"]?["value"]?.string ?? ""
        case "OFFERS": offers += event["offers"]?["offers"]?.array ?? []
        case "UPDATE":
            guard let status = event["update"]?["status"].flatMap({ try? TaskStatus(json: $0) }) else { return }
            statuses.append(status)
            if acknowledges, let uuid = status.uuid { try? await acknowledge(status, uuid) }
        default: break
        }
    }

    func acknowledge(_ status: TaskStatus, _ uuid: String) async throws {
        try await call([
            "type": "ACKNOWLEDGE",
            "acknowledge": [
                "agent_id": ["value": .string(status.agentID ?? "")], "task_id": ["value": .string(status.taskID)], "uuid": .string(uuid),
            ],
        ])
    }

    func set(acknowledges: Bool) { self.acknowledges = acknowledges }

    func call(_ members: JSONObject) async throws {
        var call = members
        call["framework_id"] = ["value": .string(id)]
        let response = try await cluster.http.send(
            HTTPRequest(
                "POST", url, headers: ["Content-Type": "application/json", "Mesos-Stream-Id": streamID], body: JSON.object(call).bytes()))
        guard response.status == 202 else { throw NotAccepted(text: "\(response.status) \(response.text)") }
    }

    struct NotAccepted: Error { let text: String }

    /// Launches tasks on the next offer.
    func launch(_ tasks: [TaskInfo]) async throws {
        try await eventually("an offer") { !self.offers.isEmpty }
        let offer = offers.removeFirst()
        let agent = offer["agent_id"]?["value"]?.string ?? ""
        let infos = tasks.map { task in
            var json = task.json.object ?? [:]
            json["agent_id"] = ["value": .string(agent)]
            return JSON.object(json)
        }
        try await call([
            "type": "ACCEPT",
            "accept": [
                "offer_ids": [offer["id"] ?? .null], "operations": [["type": "LAUNCH", "launch": ["task_infos": .array(infos)]]],
                "filters": ["refuse_seconds": 0.1],
            ],
        ])
    }

    func kill(_ task: String) async throws { try await call(["type": "KILL", "kill": ["task_id": ["value": .string(task)]]]) }

    func states(_ task: String) -> [String] { statuses.filter { $0.taskID == task }.map(\.state.rawValue) }
    func last(_ task: String) -> TaskStatus? { statuses.last { $0.taskID == task } }

    /// Waits for a task's state.
    func wait(_ task: String, _ state: TaskState, within deadline: Duration = .seconds(30)) async throws {
        try await eventually(within: deadline, "\(state.rawValue) of \(task), which has \(states(task))") {
            self.states(task).contains(state.rawValue)
        }
    }
}
