import ClusterCore
import ClusterTestKit
import EngineSupport
import Glibc
import JSON
import Testing

@testable import EmbeddedMesos

@Suite struct SandboxFilesTests {
    private func inSandbox(_ body: (SandboxFiles, String) async throws -> Void) async throws {
        try await TemporaryDirectory.with { root in
            let runs = "\(root)/slaves/S0/frameworks/F/executors/t/runs"
            try Files.makeDirectory("\(runs)/c1/sub")
            try Files.write("\(runs)/c1/stdout", Array("hello world".utf8))
            symlink("c1", "\(runs)/latest")
            symlink("/etc/passwd", "\(runs)/c1/leak")
            symlink("/etc", "\(runs)/c1/sub/etc")
            try Files.makeDirectory("\(root)/meta")
            try Files.write("\(root)/meta/secret", Array("secret".utf8))
            try await body(SandboxFiles(workDirectory: root), "\(runs)/c1")
        }
    }

    private func json(_ response: EngineResponse) -> JSON { (try? JSON(parsing: response.bytes ?? [])) ?? .null }

    private func get(_ target: String) -> EngineRequest { EngineRequest(method: "GET", target: target) }

    @Test func `a file is read from an offset`() async throws {
        try await inSandbox { files, sandbox in
            let all = await files.read(get("/files/read?path=\(sandbox)/stdout&offset=0"))
            #expect(json(all) == ["data": "hello world", "offset": 0])
            let part = await files.read(get("/files/read?path=\(sandbox)/stdout&offset=6&length=3"))
            #expect(json(part) == ["data": "wor", "offset": 6])
            let size = await files.read(get("/files/read?path=\(sandbox)/stdout&offset=-1"))
            #expect(json(size) == ["data": "", "offset": 11])
            let behind = await files.read(get("/files/read?path=\(sandbox)/stdout&offset=99"))
            #expect(json(behind) == ["data": "", "offset": 99])
        }
    }

    @Test func `a directory is listed, also by its latest run`() async throws {
        try await inSandbox { files, sandbox in
            let list = json(await files.browse(get("/files/browse?path=\(sandbox)")))
            #expect(list.array?.compactMap { $0["path"]?.string } == ["leak", "stdout", "sub"].map { "\(sandbox)/\($0)" })
            #expect(list[1]?["mode"] == "-rw-r--r--" && list[1]?["size"] == 11 && list[2]?["mode"]?.string?.hasPrefix("d") == true)
            let latest = "\(sandbox.dropLast(2))latest/stdout"
            #expect(await files.download(get("/files/download?path=\(latest)")).bytes == Array("hello world".utf8))
        }
    }

    @Test(arguments: [
        "leak", "sub/etc/passwd", "../../../../../../../../meta/secret", "stdout/../../c1/stdout", "sub/../stdout", "/etc/passwd", "nosuch",
    ])
    func `nothing outside the sandbox can be read`(name: String) async throws {
        try await inSandbox { files, sandbox in
            let path = name.hasPrefix("/") ? name : "\(sandbox)/\(name)"
            #expect(await files.read(get("/files/read?path=\(path)&offset=0")).status == 404)
            #expect(await files.browse(get("/files/browse?path=\(path)")).status == 404)
            #expect(await files.download(get("/files/download?path=\(path)")).status == 404)
        }
    }

    @Test(arguments: ["", "?path=", "?path=/x&offset=abc", "?path=/x&offset=-2", "?path=/x&offset=0&length=-5"])
    func `a malformed request is refused`(query: String) async throws {
        try await inSandbox { files, _ in
            #expect([400, 404].contains(await files.read(get("/files/read\(query)")).status))
        }
    }
}
