import ClusterCore
import ClusterTestKit
import Glibc
import JSON
import Synchronization

/// A Consul agent that keeps what it is told, for tests of many.
final class AgentDouble: Sendable {
    let address: String
    private let server: TestHTTPBackend
    private let content: Content

    private final class Content: Sendable {
        let services = Mutex<[String: JSON]>([:])
    }

    /// - Parameter nodes: what it answers as the catalog.
    init(_ address: String, port: Int, nodes: @escaping @Sendable () -> JSON = { [] }) throws {
        self.address = address
        let content = Content()
        self.content = content
        server = try TestHTTPBackend(port: port, on: address) { request in
            let path = String(request.target.split(separator: "?")[0])
            switch path {
            case "/v1/agent/services":
                return .init(
                    200, content.services.withLock { services in JSON.object(JSONObject(services.map { ($0.key, $0.value) })).text() })
            case "/v1/agent/service/register":
                guard let json = try? JSON(parsing: request.body), var object = json.object, let id = json["ID"]?.string else {
                    return .init(400)
                }
                object["Service"] = object["Name"]
                content.services.withLock { $0[id] = .object(object) }
                return .init(200)
            case "/v1/internal/ui/nodes": return .init(200, nodes().text(), headers: ["X-Consul-KnownLeader": "true"])
            default:
                guard path.hasPrefix("/v1/agent/service/deregister/") else { return .init(200) }
                let id = String(path.dropFirst("/v1/agent/service/deregister/".count)).replacing("%3A", with: ":")
                content.services.withLock { _ = $0.removeValue(forKey: id) }
                return .init(200)
            }
        }
    }

    var services: [String: JSON] { content.services.withLock { $0 } }
    func clear() { content.services.withLock { $0 = [:] } }
    var ids: Set<String> { Set(services.keys) }
    var writes: Int { server.requests.count { $0.method == "PUT" } }

    /// As the catalog lists it.
    var node: JSON {
        let list = services.sorted { $0.key < $1.key }.map(\.value)
        return ["Node": .string("node-\(address)"), "Address": .string(address), "Services": .array(list), "Checks": []]
    }
}

/// A port where connections are accepted and nothing ever answers.
final class BlackHole: Sendable {
    private let listener: Int32

    init(_ address: String, port: Int) throws { listener = try listeningSocket(address, port) }
    deinit { close(listener) }
}

func listeningSocket(_ address: String, _ port: Int) throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = in_port_t(port).bigEndian
    inet_pton(AF_INET, address, &name.sin_addr)
    let code = withUnsafePointer(to: &name) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    guard code == 0, listen(descriptor, 64) == 0 else { throw ClusterError(.unavailable, "\(address):\(port) is in use") }
    return descriptor
}

/// A master's operator event stream, told by a test.
final class OperatorDouble: Sendable {
    let port: Int
    private let listener: Int32
    private let streams: Streams

    private final class Streams: Sendable {
        struct State {
            var open: [Int32] = []
            var first: [UInt8] = []
        }
        let value = Mutex(State())
    }

    /// Each stream begins with this.
    init(on address: String = "127.0.0.1", _ subscribed: JSON) throws {
        let port = try freePort(on: address)
        let descriptor = try listeningSocket(address, port)
        let streams = Streams()
        self.port = port
        listener = descriptor
        self.streams = streams
        streams.value.withLock { $0.first = Self.record(subscribed) }
        startThread {
            while case let connection = accept(descriptor, nil, nil), connection >= 0 {
                startThread {
                    var buffer = [UInt8](repeating: 0, count: 16384)
                    guard recv(connection, &buffer, buffer.count, 0) > 0 else {
                        close(connection)
                        return
                    }
                    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
                    streams.value.withLock { state in
                        Self.write(Array(head.utf8) + state.first, to: connection)
                        state.open.append(connection)
                    }
                    while recv(connection, &buffer, buffer.count, 0) > 0 {}
                    streams.value.withLock { $0.open.removeAll { $0 == connection } }
                    close(connection)
                }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    var isFollowed: Bool { streams.value.withLock { !$0.open.isEmpty } }
    func send(_ event: JSON) {
        streams.value.withLock { state in for descriptor in state.open { Self.write(Self.record(event), to: descriptor) } }
    }
    /// What streams that are opened from now on begin with.
    func begin(with subscribed: JSON) { streams.value.withLock { $0.first = Self.record(subscribed) } }

    private static func record(_ json: JSON) -> [UInt8] {
        let bytes = json.bytes()
        return Array("\(bytes.count)\n".utf8) + bytes
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard sent > 0 else { return }
            rest = rest.dropFirst(sent)
        }
    }
}

private func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
    var id = pthread_t()
    pthread_create(
        &id, nil,
        {
            Unmanaged<Box>.fromOpaque($0!).takeRetainedValue().run()
            return nil
        }, Unmanaged.passRetained(Box(body)).toOpaque())
    pthread_detach(id)
}

// MARK: the operator API's words

func operatorAgent(_ id: String, _ address: String) -> JSON {
    ["agent_info": ["id": ["value": .string(id)], "hostname": .string(address)], "pid": .string("slave(1)@\(address):5051")]
}

func operatorTask(_ id: String, slave: String, name: String = "web", state: String = "TASK_RUNNING", port: Int = 31000) -> JSON {
    [
        "name": .string(name), "task_id": ["value": .string(id)], "framework_id": ["value": "F"], "agent_id": ["value": .string(slave)],
        "state": .string(state),
        "resources": [["name": "ports", "type": "RANGES", "ranges": ["range": [["begin": .number(port), "end": .number(port)]]]]],
    ]
}

func subscribed(_ agents: [JSON], _ tasks: [JSON], recovered: [String] = []) -> JSON {
    [
        "type": "SUBSCRIBED",
        "subscribed": [
            "get_state": [
                "get_agents": [
                    "agents": .array(agents), "recovered_agents": .array(recovered.map { ["id": ["value": .string($0)]] }),
                ], "get_tasks": ["tasks": .array(tasks)],
                "get_frameworks": ["frameworks": [["framework_info": ["id": ["value": "F"], "name": "marathon"]]]],
            ]
        ],
    ]
}

func updated(_ id: String, _ state: String) -> JSON {
    [
        "type": "TASK_UPDATED",
        "task_updated": [
            "framework_id": ["value": "F"], "state": .string(state),
            "status": ["task_id": ["value": .string(id)], "state": .string(state)],
        ],
    ]
}
