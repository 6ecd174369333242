import HTTPClient
import Testing

@Suite(.timeLimit(.minutes(1))) struct HTTPStreamTests {
    let server: TestServer
    let client = HTTPClient()

    init() throws { server = try TestServer() }

    @Test func headersComeBeforeTheFirstEventAndLettingGoEndsTheTransfer() async throws {
        do {
            let stream = try await client.stream(HTTPRequest("GET", server.url + "/events", timeout: nil))
            #expect(stream.status == 200)
            _ = try await client.send(HTTPRequest("POST", server.url + "/fire"))
            var decoder = ServerSentEventsDecoder()
            var iterator = stream.makeAsyncIterator()
            var events: [ServerSentEvent] = []
            while events.isEmpty, let chunk = try await iterator.next() { events = decoder.feed(chunk) }
            #expect(events.map(\.data) == ["fired"])
        }
        #expect(try await client.send(HTTPRequest("GET", server.url + "/wait-closed?1")).text == "1")
    }

    @Test func aSlowReaderSlowsTheServer() async throws {
        let total = 64 << 20
        let stream = try await client.stream(HTTPRequest("GET", server.url + "/flood?\(total)", timeout: nil))
        var iterator = stream.makeAsyncIterator()
        var received = try await iterator.next()?.count ?? 0
        // Nothing is read now: what the server could send is bounded by our buffer and those of the kernel.
        var sent = -1
        var latest = 0
        while sent != latest {
            sent = latest
            for _ in 0..<20 { latest = Int(try await client.send(HTTPRequest("GET", server.url + "/state?sent")).text) ?? 0 }
        }
        #expect(sent < 16 << 20)
        while let chunk = try await iterator.next() { received += chunk.count }
        #expect(received == total)
    }

    @Test func aStreamThatBreaksSaysSo() async throws {
        let stream = try await client.stream(HTTPRequest("GET", server.url + "/cut"))
        await #expect(throws: HTTPClientError.self) { try await stream.collect(upTo: 1000) }
        let silent = try await client.stream(HTTPRequest("GET", server.url + "/events", timeout: nil, idleTimeout: .milliseconds(100)))
        do {
            _ = try await silent.collect(upTo: 1000)
            Issue.record("a silent stream must end")
        } catch {
            #expect(error.kind == .timeout)
        }
    }

    @Test func cancellingTheReaderEndsTheStream() async throws {
        let stream = try await client.stream(HTTPRequest("GET", server.url + "/events", timeout: nil))
        let reader = Task { () -> HTTPClientError.Kind? in
            do throws(HTTPClientError) {
                _ = try await stream.collect(upTo: 1000)
                return nil
            } catch {
                return error.kind
            }
        }
        reader.cancel()
        #expect(await reader.value == .aborted)
        _ = try await client.send(HTTPRequest("POST", server.url + "/fire"))
    }

    @Test func aStreamOutlivesTheNameOfItsClient() async throws {
        let stream = try await HTTPClient().stream(HTTPRequest("GET", server.url + "/flood?1000000"))
        #expect(try await stream.collect(upTo: 2_000_000).count >= 1_000_000)
    }
}
