import ClusterCore
import HTTPClient
import JSON
import Logging
import Mesos

extension MesosFrameworkClient {
    /// Subscribes and hands out events until the stream ends. `onSuccess` is called once the subscription holds.
    func subscribe(to address: HostPort, generation: Int, onSuccess: () -> Void) async throws {
        var info = configuration.framework
        info.id = try await identity.load()
        let known = info.id
        let body = SchedulerCall(frameworkID: known, .subscribe(info)).json.bytes()
        let (stream, url) = try await open(body, at: "\(configuration.scheme)://\(address)/api/v1/scheduler")
        var decoder = RecordIODecoder()
        for try await chunk in stream {
            for record in try decoder.feed(chunk) {
                guard isCurrent(generation) else { return }
                let event = try SchedulerEvent(json: try JSON(parsing: record))
                if case .subscribed(let frameworkID, _, let master) = event {
                    if known == nil {
                        try await identity.save(frameworkID)
                    } else if frameworkID != known {
                        throw Refusal(message: "it knows the framework as \(frameworkID), not as \(known ?? "")")
                    }
                    guard isCurrent(generation) else { return }
                    onSuccess()
                    let leader = master ?? MasterInfo(id: "", ip: address.host, port: address.port, hostname: address.host)
                    establish(Link(url: url, streamID: stream.headers["Mesos-Stream-Id"], frameworkID: frameworkID), master: leader)
                } else {
                    try handOut(event)
                }
            }
        }
    }

    /// Opens the event stream, following a standby's hint to the leader.
    private func open(_ body: [UInt8], at first: String) async throws -> (HTTPStream, url: String) {
        var url = first
        for _ in 0..<3 {
            var request = request(url, body)
            request.timeout = nil
            request.idleTimeout = configuration.silence
            let stream = try await http.stream(request)
            switch stream.status {
            case 200: return (stream, url)
            case 307, 302:
                guard let target = stream.headers["Location"] else { throw unavailable("redirects without saying whereto", url) }
                url = target.hasPrefix("//") ? "\(configuration.scheme):\(target)" : target
                if !url.hasSuffix("/api/v1/scheduler") { url += "/api/v1/scheduler" }
            case 401: throw unavailable("asks for a principal and secret that it accepts (401)", url)
            default:
                let text = String(decoding: try await stream.collect(upTo: 4096), as: UTF8.self)
                throw unavailable("does not take the subscription: \(stream.status) \(text)", url)
            }
        }
        throw unavailable("redirects in a circle", url)
    }

    private func unavailable(_ what: String, _ url: String) -> ClusterError { ClusterError(.unavailable, "\(url) \(what)") }

    private func request(_ url: String, _ body: [UInt8]) -> HTTPRequest {
        HTTPRequest(
            "POST", url, headers: ["Content-Type": "application/json", "Accept": "application/json"], body: body,
            timeout: configuration.callTimeout, basicAuth: configuration.authentication)
    }

    private func handOut(_ event: SchedulerEvent) throws {
        switch event {
        case .subscribed, .heartbeat: break
        case .offers(let offers): emit(.offers(offers))
        case .rescind(let offer): emit(.rescind(offerID: offer))
        case .update(let status): emit(.update(status))
        case .message(let agent, let executor, let data): emit(.message(agentID: agent, executorID: executor, data: data))
        case .failure(let agent, let executor, let status): emit(.failure(agentID: agent, executorID: executor, status: status))
        case .error(let message): throw Refusal(message: message)
        case .other(let type, _): logger.debug("ignored an event", metadata: ["type": "\(type)"])
        }
    }

    /// Sends one call over a subscription.
    func send(_ kind: SchedulerCall.Kind, over link: Link) async throws {
        let call = SchedulerCall(frameworkID: link.frameworkID, kind)
        var request = request(link.url, call.json.bytes())
        if let streamID = link.streamID { request.headers["Mesos-Stream-Id"] = streamID }
        let response = try await http.send(request)
        switch response.status {
        case 200..<300: return
        case 400..<500: throw ClusterError(.invalid, "the Mesos master refuses \(call.type): \(response.status) \(response.text)")
        default: throw ClusterError(.unavailable, "the Mesos master answers \(call.type) with \(response.status) \(response.text)")
        }
    }
}
