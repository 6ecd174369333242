public import ClusterCore
public import HTTPClient

/// Passes a request that only the leader can answer on to it.
public struct LeaderProxy: Sendable {
    /// Headers that belong to one connection only (RFC 9110, section 7.6.1), and those that the client sets by itself.
    private static let hopHeaders: Set<String> = [
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade",
        "content-length", "host", "expect",
    ]

    private let client: HTTPClient
    private let viaHeader: String
    private let own: HostPort

    /// Makes a proxy.
    /// - Parameters:
    ///   - viaHeader: names the header that lists who has passed the request on: `X-Marathon-Via`.
    ///   - own: this server's own address; a request that names it already goes in a circle and is answered with 502.
    public init(client: HTTPClient, viaHeader: String, own: HostPort) {
        self.client = client
        self.viaHeader = viaHeader
        self.own = own
    }

    /// Sends the request to the leader and gives back what it answers; streams are passed on as streams.
    public func forward(_ request: EngineRequest, to leader: HostPort, scheme: String = "http") async -> EngineResponse {
        let via = request.headers.all(viaHeader).flatMap { $0.split(separator: ",") }.map { String($0.filter { !$0.isWhitespace }) }
        guard !via.contains(own.description), leader != own else {
            return .text("Detected proxying loop.\n", status: 502)
        }
        var headers = HTTPHeaders()
        for field in request.headers.fields where !Self.hopHeaders.contains(field.name.lowercased()) {
            headers.add(field.name, field.value)
        }
        headers[viaHeader] = (via + [own.description]).joined(separator: ", ")
        let hasBody = !request.body.isEmpty || request.method == "POST" || request.method == "PUT"
        let message = HTTPRequest(
            request.method, "\(scheme)://\(leader)\(request.target)", headers: headers, body: hasBody ? request.body : nil, timeout: nil)
        do {
            let answer = try await client.stream(message)
            var kept = HTTPHeaders()
            for field in answer.headers.fields where !Self.hopHeaders.contains(field.name.lowercased()) {
                kept.add(field.name, field.value)
            }
            if kept["Content-Type"]?.hasPrefix("text/event-stream") ?? false {
                return EngineResponse(status: answer.status, headers: kept, body: .stream(relay(answer)))
            }
            return EngineResponse(status: answer.status, headers: kept, body: .bytes(try await answer.collect(upTo: 256 << 20)))
        } catch {
            return .text("The leader \(leader) does not answer: \(error.detail)\n", status: error.kind == .timeout ? 504 : 502)
        }
    }

    private func relay(_ answer: HTTPStream) -> ByteStream {
        let (ended, end) = AsyncStream<Void>.makeStream()
        let stream = ByteStream(onClose: { end.finish() })
        Task {
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    var iterator = answer.makeAsyncIterator()
                    while let chunk = try? await iterator.next(isolation: nil), stream.send(chunk) {}
                }
                group.addTask { for await _ in ended {} }
                await group.next()
                stream.finish()
                group.cancelAll()
            }
        }
        return stream
    }
}
