import ClusterCore
import EngineSupport
import HTTPClient
import JSON
import Mesos

/// `POST /api/v1/scheduler` (Mesos documentation, "Scheduler HTTP API"); error texts as a real master sends them.
struct SchedulerEndpoint: Sendable {
    let master: Master

    /// Answers a call.
    func respond(to request: EngineRequest) async throws(ClusterError) -> EngineResponse {
        if let refusal = APIRequest.refusal(of: request) { return refusal }
        let call: SchedulerCall
        do {
            call = try SchedulerCall(json: try APIRequest.json(request))
        } catch {
            return .text(error.message, status: 400)
        }
        if case .subscribe(let info, let suppressed) = call.kind { return try await subscribe(call, info, suppressed, request) }
        guard let frameworkID = call.frameworkID else {
            return .text("Failed to validate scheduler::Call: Expecting 'framework_id' to be present", status: 400)
        }
        guard let framework = await master.state.frameworks[frameworkID] else {
            return .text("Framework cannot be found", status: 400)
        }
        guard framework.isConnected else { return .text("Framework is not subscribed", status: 403) }
        guard let streamID = request.headers["Mesos-Stream-Id"] else {
            return .text("All non-subscribe calls should include the 'Mesos-Stream-Id' header", status: 400)
        }
        guard streamID == framework.streamID else {
            return .text(
                "The stream ID '\(streamID)' included in this request didn't match the stream ID currently associated with framework ID "
                    + frameworkID, status: 400)
        }
        if let unsupported = Self.unsupported(call) {
            return .text("\(unsupported) is not supported by the embedded Mesos master", status: 501)
        }
        try await master.change { state, now in
            // What was looked up above may have changed meanwhile.
            guard let current = state.frameworks[frameworkID], current.streamID == streamID else { return }
            Self.carryOut(call, current, &state, now)
        }
        return .empty(status: 202)
    }

    private func subscribe(
        _ call: SchedulerCall, _ info: FrameworkInfo, _ suppressed: [String], _ request: EngineRequest
    ) async throws(ClusterError) -> EngineResponse {
        if request.headers["Mesos-Stream-Id"] != nil {
            return .text("Subscribe calls should not include the 'Mesos-Stream-Id' header", status: 400)
        }
        if let outer = call.frameworkID, outer != info.id {
            return .text(
                "Failed to validate scheduler::Call: 'framework_id' differs from 'subscribe.framework_info.id'", status: 400)
        }
        let (id, stream) = try await master.subscribe(info, suppressedRoles: suppressed, principal: request.principal)
        return .stream(stream, type: "application/json", headers: ["Mesos-Stream-Id": id])
    }

    /// The name of what the call asks for and this master hasn't.
    private static func unsupported(_ call: SchedulerCall) -> String? {
        switch call.kind {
        case .other(let type, _): return "Call \(type)"
        case .message, .shutdown: return "Call \(call.type) (custom executors)"
        case .accept(_, let operations, _):
            for case .other(let type, _) in operations { return "Operation \(type)" }
            return nil
        default: return nil
        }
    }

    static func carryOut(_ call: SchedulerCall, _ framework: MasterFramework, _ state: inout MasterState, _ now: MasterTime) {
        switch call.kind {
        case .teardown: state.removeFramework(framework.id, now)
        case .accept(let offers, let operations, let filters): state.accept(framework, offers, operations, filters, now)
        case .decline(let offers, let filters): state.decline(framework, offers, filters, now)
        case .revive(let roles): state.revive(framework, roles, now)
        case .suppress(let roles): state.suppress(framework, roles)
        case .kill(let task, let agent, let policy): state.kill(framework, taskID: task, agentID: agent, policy: policy, now)
        case .acknowledge(let agent, let task, let uuid):
            state.acknowledge(framework, agentID: agent, taskID: task, uuid: uuid, now)
        case .reconcile(let tasks): state.reconcile(framework, tasks, now)
        case .subscribe, .shutdown, .message, .other: break
        }
    }
}

/// What the two v1 APIs check of every request.
enum APIRequest {
    /// nil where method and headers are fine.
    static func refusal(of request: EngineRequest) -> EngineResponse? {
        guard request.method == "POST" else {
            var response = EngineResponse.text("Expecting one of { 'POST' }, but received '\(request.method)'", status: 405)
            response.headers["Allow"] = "POST"
            return response
        }
        guard let type = request.headers["Content-Type"] else { return .text("Expecting 'Content-Type' to be present", status: 400) }
        guard mediaType(type) == "application/json" else {
            return .text(
                "Expecting 'Content-Type' of application/json (the embedded Mesos master does not read application/x-protobuf)",
                status: 415)
        }
        let accepted = request.headers.all("Accept").flatMap { $0.split(separator: ",") }.map { mediaType($0) }
        guard accepted.isEmpty || accepted.contains(where: { ["application/json", "*/*", "application/*"].contains($0) }) else {
            return .text("Expecting 'Accept' to allow application/json", status: 406)
        }
        return nil
    }

    /// The body.
    static func json(_ request: EngineRequest) throws(ClusterError) -> JSON {
        do {
            return try request.json()
        } catch {
            throw ClusterError(.invalid, "Failed to parse body into JSON: \(error)")
        }
    }

    private static func mediaType(_ text: some StringProtocol) -> String {
        String(text.prefix { $0 != ";" }.filter { !$0.isWhitespace }).lowercased()
    }
}
