import ClusterTestKit
import JSON
import Mesos
import Testing

@testable import EmbeddedMesos

/// Replays a conversation that was recorded between a framework and a real Mesos 1.11 master: what the framework sends, and what the
/// agent reports, is fed in; what the master says must be the same.
@Suite struct ConversationTests {
    /// Members that are this master's own choice, or a clock's.
    private func comparable(_ event: JSON) -> JSON {
        guard var object = event.object else { return event }
        if var body = object["subscribed"]?.object, var info = body["master_info"]?.object {
            info["capabilities"] = nil
            body["master_info"] = .object(info)
            object["subscribed"] = .object(body)
        }
        if var update = object["update"]?.object, var status = update["status"]?.object, status["source"] == "SOURCE_MASTER" {
            status["timestamp"] = nil
            update["status"] = .object(status)
            object["update"] = .object(update)
        }
        return .object(object)
    }

    private func lines() throws -> [(isSent: Bool, rest: Substring)] {
        let text = try #require(readText(GoldenFile("conversation.txt").path))
        return text.split(separator: "\n").map { ($0.hasPrefix(">> "), $0.dropFirst(3)) }
    }

    @Test func `the master says what a real one said`() throws {
        var bench = Bench()
        _ = try bench.agent("ports:[31000-32000];cpus:2;mem:2048;disk:4096", port: 25051)
        let agentID = try #require(bench.state.agents.keys.first)
        bench.state.agents[agentID]?.info.attributes = try Attribute.list(text: "rack:r1;os:debian")
        bench.state.agents[agentID]?.info.hostname = "127.0.0.1"
        var read = 0
        var compared = 0
        for (isSent, rest) in try lines() {
            if isSent {
                guard let brace = rest.firstIndex(of: "{") else { continue }
                try send(try JSON(parsing: String(rest[brace...])), to: &bench)
                continue
            }
            guard rest.hasPrefix("event ") else { continue }
            let expected = try JSON(parsing: String(rest.dropFirst(6)))
            if expected["type"] == "HEARTBEAT" { continue }
            if let status = expected["update"]?["status"], status["source"] == "SOURCE_EXECUTOR" {
                let update = try TaskStatus(json: status)
                let frameworkID = try #require(bench.state.frameworks.keys.first)
                bench.change { state, now in
                    _ = state.update(.init(frameworkID: frameworkID, status: update, latestState: update.state), from: agentID, now)
                }
            }
            // Offers come when the filters have ended.
            if expected["type"] == "OFFERS" { for _ in 0..<100 where next(bench, read) == nil { bench.wait(0.1) } }
            let event = try #require(next(bench, read), "no event in place of \(expected.text())")
            #expect(comparable(event.json).text() == comparable(expected).text())
            read = position(bench, read) + 1
            compared += 1
        }
        #expect(compared == 20)
        #expect(bench.state.frameworks.isEmpty && bench.state.completedFrameworks.count == 1)
    }

    private func events(_ bench: Bench) -> [SchedulerEvent] { bench.told["stream"] ?? [] }

    private func position(_ bench: Bench, _ read: Int) -> Int {
        events(bench).indices.dropFirst(read).first { events(bench)[$0] != .heartbeat } ?? events(bench).count
    }

    private func next(_ bench: Bench, _ read: Int) -> SchedulerEvent? {
        let index = position(bench, read)
        return index < events(bench).count ? events(bench)[index] : nil
    }

    private func send(_ json: JSON, to bench: inout Bench) throws {
        if json["type"] == "BOGUS" {
            #expect { try SchedulerCall(json: json) } throws: {
                "\($0)" == "Failed to validate scheduler::Call: Expecting 'type' to be present"
            }
            return
        }
        let call = try SchedulerCall(json: json)
        bench.change { state, now in
            if case .subscribe(let info, let suppressed) = call.kind {
                state.subscribe(info, suppressedRoles: suppressed, streamID: "stream", principal: nil, now)
            } else if let framework = call.frameworkID.flatMap({ state.frameworks[$0] }) {
                SchedulerEndpoint.carryOut(call, framework, &state, now)
            }
        }
    }
}
