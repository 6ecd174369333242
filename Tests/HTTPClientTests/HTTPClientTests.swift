import HTTPClient
import Testing

/// Each test has a server of its own: some count connections.
@Suite(.timeLimit(.minutes(1))) struct HTTPClientTests {
    let server: TestServer
    let client = HTTPClient()

    init() throws { server = try TestServer() }

    private func get(_ path: String) async throws -> HTTPResponse { try await client.send(HTTPRequest("GET", server.url + path)) }

    private func failure(of request: HTTPRequest) async -> HTTPClientError.Kind? {
        do throws(HTTPClientError) {
            _ = try await client.send(request)
            return nil
        } catch {
            return error.kind
        }
    }

    @Test(arguments: ["GET", "POST", "PUT", "DELETE", "PATCH"]) func methodsArriveWithHeadersAndBody(_ method: String) async throws {
        let body = method == "GET" ? nil : Array("täst\n".utf8)
        let response = try await client.send(
            HTTPRequest(method, server.url + "/echo?q=1", headers: ["X-One": "1", "X-Empty": ""], body: body))
        #expect(response.status == 200)
        #expect(response.text.hasPrefix("\(method) /echo?q=1 length=\(body.map { String($0.count) } ?? "None")\n"))
        #expect(response.text.contains("X-One: 1\n"))
        #expect(response.text.contains("X-Empty: \n"))
        #expect(!response.text.contains("Content-Type"))
        #expect(!response.text.contains("Expect"))
        #expect(response.text.hasSuffix(body == nil ? "\n\n" : "\n\ntäst\n"))
        #expect(response.headers["x-case"] == "kept")
        #expect(response.headers.all("Set-Cookie") == ["a", "b"])
    }

    @Test func bodilessRequestsSayTheirLength() async throws {
        #expect(try await client.send(HTTPRequest("POST", server.url + "/echo")).text.hasPrefix("POST /echo length=0\n"))
        #expect(try await client.send(HTTPRequest("PUT", server.url + "/echo")).text.hasPrefix("PUT /echo length=0\n"))
        #expect(try await client.send(HTTPRequest("DELETE", server.url + "/echo")).text.hasPrefix("DELETE /echo length=None\n"))
        let head = try await client.send(HTTPRequest("HEAD", server.url + "/big?1000"))
        #expect(head.headers["content-length"] == "1000")
        #expect(head.body.isEmpty)
    }

    @Test func statusesAreAnswersNotErrors() async throws {
        let response = try await get("/nowhere")
        #expect(response.status == 404)
        #expect(!response.isSuccess)
        #expect(response.text == "no such path")
    }

    @Test func manyRequestsAreUnderWayAtOnce() async throws {
        // The server answers none before all hundred have come.
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<100 { group.addTask { try await get("/barrier?100").status } }
            for try await status in group { #expect(status == 200) }
        }
    }

    @Test func connectionsAreReused() async throws {
        for _ in 0..<20 { _ = try await get("/echo") }
        #expect(try await get("/state?connections").text == "1")
    }

    @Test func deadlinesHoldAndFreeTheTransfer() async throws {
        var slow = HTTPRequest("GET", server.url + "/hang", timeout: .milliseconds(100))
        #expect(await failure(of: slow) == .timeout)
        slow.timeout = nil
        slow.idleTimeout = .milliseconds(100)
        #expect(await failure(of: slow) == .timeout)
        #expect(try await get("/wait-closed?2").text == "2")
    }

    @Test func failuresAreToldApart() async throws {
        #expect(await failure(of: HTTPRequest("GET", "http://127.0.0.1:1/")) == .refused)
        #expect(await failure(of: HTTPRequest("GET", "http://no-such-host.invalid/")) == .unresolved)
        #expect(await failure(of: HTTPRequest("GET", "ftp://127.0.0.1/")) == .badRequest)
        #expect(await failure(of: HTTPRequest("GET", "http://127.0.0.1:99999/")) == .badRequest)
        #expect(await failure(of: HTTPRequest("GET", server.url + "/cut")) == .disconnected)
        #expect(await failure(of: HTTPRequest("GET", server.url + "/loop", followRedirects: true)) == .badResponse)
        #expect(await failure(of: HTTPRequest("GET", server.url + "/big?5000", maxBody: 4999)) == .tooLarge)
        #expect(await failure(of: HTTPRequest("GET", server.url + "/echo", headers: ["X": "1\r\nY: 2"])) == .badRequest)
        #expect(await failure(of: HTTPRequest("GET", server.url.replacing("http:", with: "https:") + "/echo")) == .tls)
    }

    @Test func redirectsAreFollowedOnlyWhenAsked() async throws {
        let body = Array("again".utf8)
        let plain = try await client.send(HTTPRequest("PUT", server.url + "/redirect?307", body: body))
        #expect(plain.status == 307)
        #expect(plain.text == "moved")
        for status in [307, 308] {
            let followed = try await client.send(HTTPRequest("POST", server.url + "/redirect?\(status)", body: body, followRedirects: true))
            #expect(followed.text.hasPrefix("POST /echo length=5\n"))
            #expect(followed.text.hasSuffix("\n\nagain"))
        }
        let seeOther = try await client.send(HTTPRequest("POST", server.url + "/redirect?303", body: body, followRedirects: true))
        #expect(seeOther.text.hasPrefix("GET /echo length=None\n"))
    }

    @Test func basicCredentialsAreSent() async throws {
        var request = HTTPRequest("GET", server.url + "/auth")
        #expect(try await client.send(request).status == 401)
        request.basicAuth = .init(user: "user", password: "päss:word")
        #expect(try await client.send(request).status == 200)
    }

    @Test func bigBodiesGoBothWays() async throws {
        let big = [UInt8](repeating: 7, count: 20_000_000)
        #expect(try await client.send(HTTPRequest("POST", server.url + "/count", body: big)).text == "20000000")
        #expect(try await get("/big?20000000").body.count == 20_000_000)
    }

    @Test func cancellingATaskEndsItsTransfer() async throws {
        let task = Task { await failure(of: HTTPRequest("GET", server.url + "/hang", timeout: nil)) }
        // It is under way once the server has a second connection.
        while try await get("/state?connections").text != "2" { await Task.yield() }
        task.cancel()
        #expect(await task.value == .aborted)
        #expect(try await get("/wait-closed?1").text == "1")
        let late = Task {
            while !Task.isCancelled { await Task.yield() }
            return await failure(of: HTTPRequest("GET", server.url + "/hang", timeout: nil))
        }
        late.cancel()
        #expect(await late.value == .aborted)
    }

    @Test func aUnixSocketIsAServerToo() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/socket"
        let local = try TestServer(["unix", path])
        let response = try await client.send(HTTPRequest("GET", "http://localhost/echo", unixSocket: path))
        #expect(response.text.contains("Host: localhost\n"))
        #expect(await failure(of: HTTPRequest("GET", "http://localhost/echo", unixSocket: directory.path + "/none")) == .refused)
        withExtendedLifetime(local) {}
    }
}
