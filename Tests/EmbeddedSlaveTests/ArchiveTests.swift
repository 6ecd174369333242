import ClusterCore
import ClusterTestKit
import Glibc
import HTTPClient
import Mesos
import Supervision
import Testing

@testable import EmbeddedMesos

@Suite struct ArchiveTests {
    private func run(_ argv: [String], in directory: String) async throws {
        var command = Command(argv)
        command.spec.workingDirectory = directory
        let result = try await command.run()
        #expect(result.termination.isSuccess, "\(argv): \(result.complaint)")
    }

    private func fetcher(_ sandbox: String) -> Fetcher {
        Fetcher(
            http: HTTPClient(), sandbox: sandbox, user: nil, stall: .seconds(5), frameworksHome: "",
            environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"])
    }

    @Test(arguments: [
        "tar cf a.tar", "tar czf a.tgz", "tar czf a.tar.gz", "tar cjf a.tar.bz2", "tar cJf a.txz", "tar --format=pax -czf a.tar.gz",
        "tar --format=ustar -cf a.tar",
    ])
    func `an archive is unpacked into the sandbox`(command: String) async throws {
        try await TemporaryDirectory.with { root in
            let long = String(repeating: "long-name-", count: command.contains("ustar") ? 8 : 15)
            try Files.makeDirectory("\(root)/in/dir/\(long)")
            try Files.makeDirectory("\(root)/box")
            try Files.write("\(root)/in/dir/\(long)/file", Array("content".utf8), mode: 0o755)
            symlink("../dir/\(long)", "\(root)/in/dir/inner")
            let words = command.split(separator: " ").map(String.init)
            try await run(words + ["dir"], in: "\(root)/in")
            let archive = "\(root)/in/\(words[words.count - 1])"
            try await fetcher("\(root)/box").fetch([CommandInfo.URI("file://\(archive)")])
            #expect(try Files.text("\(root)/box/dir/\(long)/file") == "content")
            #expect(try Files.text("\(root)/box/dir/inner/file") == "content")
            #expect(FileStatus("\(root)/box/dir/\(long)/file")?.permissions == 0o755)
        }
    }

    @Test func `a zip archive is unpacked`() async throws {
        try await TemporaryDirectory.with { root in
            try Files.makeDirectory("\(root)/box")
            try await run(
                [
                    "python3", "-c",
                    "import zipfile; z = zipfile.ZipFile('a.zip', 'w', zipfile.ZIP_DEFLATED); z.writestr('d/big', 'xyz' * 100000); z.writestr('stored', 'a', zipfile.ZIP_STORED)",
                ],
                in: root)
            try await fetcher("\(root)/box").fetch([CommandInfo.URI("\(root)/a.zip")])
            #expect(try Files.text("\(root)/box/d/big") == String(repeating: "xyz", count: 100_000))
            #expect(try Files.text("\(root)/box/stored") == "a")
        }
    }

    @Test(arguments: [
        ("t.addfile(i('../evil'), f)", "outside the sandbox"), ("t.addfile(i('/tmp/evil'), f)", "outside the sandbox"),
        ("l = i('link'); l.type = tarfile.SYMTYPE; l.linkname = '/etc'; l.size = 0; t.addfile(l)", "outside the sandbox"),
        ("l = i('a/link'); l.type = tarfile.SYMTYPE; l.linkname = '../../x'; l.size = 0; t.addfile(l)", "outside the sandbox"),
        ("l = i('d/link'); l.type = tarfile.SYMTYPE; l.linkname = 'x/../../..'; l.size = 0; t.addfile(l)", "outside the sandbox"),
        ("l = i('hard'); l.type = tarfile.LNKTYPE; l.linkname = '../../etc/passwd'; l.size = 0; t.addfile(l)", "outside the sandbox"),
        ("l = i('dev'); l.type = tarfile.CHRTYPE; l.size = 0; t.addfile(l)", "device"),
        ("l = i('in'); l.type = tarfile.SYMTYPE; l.linkname = 'd'; l.size = 0; t.addfile(l); t.addfile(i('in/x'), f)", "can't enter 'in'"),
    ])
    func `an archive that leads out of the sandbox fails the fetch`(line: String, reason: String) async throws {
        try await TemporaryDirectory.with { root in
            try Files.makeDirectory("\(root)/box")
            let script = """
                import io, tarfile
                def i(name):
                    info = tarfile.TarInfo(name); info.size = 4; return info
                f = io.BytesIO(b'evil')
                t = tarfile.open('a.tar', 'w')
                \(line)
                t.close()
                """
            try await run(["python3", "-c", script], in: root)
            do throws(ClusterError) {
                try await fetcher("\(root)/box").fetch([CommandInfo.URI("\(root)/a.tar")])
                Issue.record("the archive was accepted")
            } catch {
                #expect(error.message.hasPrefix("Failed to fetch \(root)/a.tar") && error.message.contains(reason), "\(error)")
            }
            #expect(!Files.exists("\(root)/evil") && !Files.exists("/tmp/evil"))
        }
    }

    @Test(arguments: [
        ("z.writestr('../evil', 'x')", "outside the sandbox"),
        ("l = zipfile.ZipInfo('l'); l.create_system = 3; l.external_attr = 0o120777 << 16; z.writestr(l, '/etc')", "outside the sandbox"),
    ])
    func `a zip archive that leads out of the sandbox fails the fetch`(line: String, reason: String) async throws {
        try await TemporaryDirectory.with { root in
            try Files.makeDirectory("\(root)/box")
            try await run(["python3", "-c", "import zipfile; z = zipfile.ZipFile('a.zip', 'w'); \(line)"], in: root)
            await #expect(throws: ClusterError.self) { try await fetcher("\(root)/box").fetch([CommandInfo.URI("\(root)/a.zip")]) }
            #expect(!Files.exists("\(root)/evil"))
        }
    }

    @Test func `names, modes and flags of a URI are honoured`() async throws {
        try await TemporaryDirectory.with { root in
            try Files.makeDirectory("\(root)/box")
            try Files.write("\(root)/script.sh", Array("#!/bin/sh\n".utf8))
            try await run(["tar", "cf", "a.tar", "script.sh"], in: root)
            try await fetcher("\(root)/box").fetch([
                CommandInfo.URI("\(root)/script.sh", executable: true),
                CommandInfo.URI("\(root)/a.tar", extract: false, outputFile: "sub/b.tar"),
            ])
            #expect(Files.isExecutable("\(root)/box/script.sh"))
            #expect(try Files.list("\(root)/box/sub") == ["b.tar"])
        }
    }

    @Test(arguments: ["hdfs://n/x", "/nonexistent/file", "relative/path", "http://127.0.0.1:1/x"])
    func `a URI that can't be fetched says why`(uri: String) async throws {
        try await TemporaryDirectory.with { root in
            do throws(ClusterError) {
                try await fetcher(root).fetch([CommandInfo.URI(uri)])
                Issue.record("\(uri) was fetched")
            } catch {
                #expect(error.message.hasPrefix("Failed to fetch \(uri): "), "\(error)")
            }
        }
    }

    @Test(arguments: ["../x", "/x", "a/../../x"]) func `an output file outside the sandbox is refused`(name: String) async throws {
        try await TemporaryDirectory.with { root in
            await #expect(throws: ClusterError.self) {
                try await fetcher(root).fetch([CommandInfo.URI("/etc/hostname", outputFile: name)])
            }
        }
    }
}
