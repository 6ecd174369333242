import ClusterCore
import Glibc
import HTTPClient
import Mesos
import Supervision

/// Brings a task's URIs into its sandbox, as upstream's fetcher does: http, https, file and absolute paths; archives are unpacked.
struct Fetcher: Sendable {
    /// Shared by all tasks.
    let http: HTTPClient
    /// The sandbox.
    let sandbox: String
    /// Files of the host are read as this user, so that a task gets no more than it may read.
    let user: ProcessSpec.Identity?
    /// Without a byte for so long, a transfer has failed.
    let stall: Duration
    /// Where relative paths begin; empty: they are refused.
    let frameworksHome: String
    let environment: [String: String]

    /// Fetches all of them, one after the other.
    /// - Throws: `ClusterError`: `Failed to fetch …` and why.
    func fetch(_ uris: [CommandInfo.URI]) async throws(ClusterError) {
        guard !uris.isEmpty else { return }
        let writer = try SandboxWriter(root: sandbox)
        for uri in uris {
            do throws(ClusterError) {
                try await fetch(uri, writer)
            } catch {
                throw ClusterError(error.code, "Failed to fetch \(Self.printable(uri.value)): \(error)")
            }
        }
    }

    private func fetch(_ uri: CommandInfo.URI, _ writer: SandboxWriter) async throws(ClusterError) {
        let name = try Self.fileName(uri)
        let file = try writer.createFile(name, mode: uri.executable ? 0o755 : 0o644)
        let path = "\(sandbox)/\(name.joined(separator: "/"))"
        do throws(ClusterError) {
            try await transfer(uri.value, to: file)
            close(file)
        } catch {
            close(file)
            throw error
        }
        if uri.extract && !uri.executable { try await Archive(path: path, sandbox: sandbox, environment: environment).unpack(writer) }
    }

    private func transfer(_ uri: String, to file: Int32) async throws(ClusterError) {
        let lower = uri.lowercased()
        if lower.hasPrefix("http://") || lower.hasPrefix("https://") { return try await download(uri, to: file) }
        if lower.hasPrefix("file://") {
            let path = uri.dropFirst(7)
            // file://localhost/path names the same file as file:///path.
            let local = path.hasPrefix("localhost/") ? path.dropFirst(9) : path
            guard local.hasPrefix("/") else { throw ClusterError(.invalid, "a file URI needs an absolute path: file:///path") }
            return try await copy(String(local), to: file)
        }
        if uri.hasPrefix("/") { return try await copy(uri, to: file) }
        if let scheme = lower.split(separator: ":").first, lower.dropFirst(scheme.count).hasPrefix("://") {
            throw TaskSpec.unsupported("'\(scheme)' URIs; use http, https or file")
        }
        guard !frameworksHome.isEmpty else {
            throw ClusterError(.invalid, "a relative path needs --frameworks_home")
        }
        try await copy("\(frameworksHome)/\(uri)", to: file)
    }

    private func download(_ url: String, to file: Int32) async throws(ClusterError) {
        var request = HTTPRequest("GET", url, timeout: .seconds(6 * 3600), connectTimeout: .seconds(30), idleTimeout: stall)
        request.followRedirects = true
        request.usesProxyFromEnvironment = true
        do {
            let stream = try await http.stream(request)
            guard (200..<300).contains(stream.status) else { throw ClusterError(.unavailable, "the server answered \(stream.status)") }
            var left = UnpackLimits().bytes
            for try await chunk in stream {
                left -= Int64(chunk.count)
                guard left >= 0 else { throw ClusterError(.invalid, "it is larger than 16 GiB") }
                try SandboxWriter.write(chunk, to: file)
            }
        } catch let error as ClusterError {
            throw error
        } catch let error as HTTPClientError {
            throw ClusterError(.unavailable, error.detail)
        } catch {
            throw ClusterError(.unavailable, "\(error)")
        }
    }

    private func copy(_ path: String, to file: Int32) async throws(ClusterError) {
        guard !Files.isDirectory(path) else { throw ClusterError(.invalid, "it is a directory") }
        var spec = ProcessSpec(["cat", "--", path], environment: environment)
        (spec.input, spec.output, spec.error, spec.identity) = (.null, .descriptor(file), .null, user)
        guard await (try await ProcessReaper.shared.spawn(spec)).wait().isSuccess else {
            throw ClusterError(.notFound, "there is no such file, or the task's user may not read it")
        }
    }

    /// The file's place in the sandbox.
    static func fileName(_ uri: CommandInfo.URI) throws(ClusterError) -> [String] {
        if let output = uri.outputFile {
            guard let parts = SafeName.components(ofRelative: output), !parts.isEmpty else {
                throw ClusterError(.invalid, "output_file '\(output)' lies outside the sandbox")
            }
            return parts
        }
        let path = uri.value.prefix { $0 != "?" && $0 != "#" }
        let name = path.split(separator: "/", omittingEmptySubsequences: false).last.map(String.init) ?? ""
        guard SafeName.isComponent(name), path.utf8.count > name.utf8.count || !path.contains("://") else {
            throw ClusterError(.invalid, "it names no file; give output_file")
        }
        return [name]
    }

    // URIs may carry a password or a token.
    private static func printable(_ uri: String) -> String {
        HTTPRequest("GET", uri).summary.split(separator: " ").dropFirst().joined(separator: " ")
    }
}

/// An archive in the sandbox, told by its name as upstream does.
struct Archive: Sendable {
    let path: String
    let sandbox: String
    let environment: [String: String]

    private enum Form {
        case tar(decompressor: [String]?)
        case zip
        case single(suffix: String, decompressor: [String])
    }

    private static func form(of path: String) -> Form? {
        let forms: [(String, Form)] = [
            (".tar", .tar(decompressor: nil)), (".tgz", .tar(decompressor: ["gzip", "-dc"])),
            (".tar.gz", .tar(decompressor: ["gzip", "-dc"])),
            (".tbz2", .tar(decompressor: ["bzip2", "-dc"])), (".tar.bz2", .tar(decompressor: ["bzip2", "-dc"])),
            (".txz", .tar(decompressor: ["xz", "-dc"])), (".tar.xz", .tar(decompressor: ["xz", "-dc"])), (".zip", .zip),
            (".gz", .single(suffix: ".gz", decompressor: ["gzip", "-dc"])),
        ]
        return forms.first { path.hasSuffix($0.0) }?.1
    }

    /// Unpacks it into the sandbox; what is no archive by its name stays as it is.
    func unpack(_ writer: SandboxWriter) async throws(ClusterError) {
        guard let form = Self.form(of: path) else { return }
        let input = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard input >= 0 else { throw ClusterError(.io, "can't read \(path): \(String(cString: strerror(errno)))") }
        defer { close(input) }
        switch form {
        case .zip:
            let path = path
            try await run { () throws(ClusterError) in
                var extractor = ZipExtractor(try Files.read(path, limit: 2 << 30)[...], writer: writer)
                try extractor.run()
            }
        case .tar(nil):
            try await run { () throws(ClusterError) in
                var extractor = TarExtractor(input: input, writer: writer)
                try extractor.run()
            }
        case .tar(let decompressor?):
            try await decompress(input, decompressor) { output throws(ClusterError) in
                var extractor = TarExtractor(input: output, writer: writer)
                try extractor.run()
            }
        case .single(let suffix, let decompressor):
            let parts = path.dropFirst(sandbox.utf8.count + 1).dropLast(suffix.count).split(separator: "/").map(String.init)
            try await decompress(input, decompressor) { output throws(ClusterError) in
                let file = try writer.createFile(parts, mode: 0o644)
                defer { close(file) }
                var limits = UnpackLimits()
                var buffer = [UInt8](repeating: 0, count: 64 << 10)
                while true {
                    let count = read(output, &buffer, buffer.count)
                    if count < 0 && errno == EINTR { continue }
                    guard count > 0 else { return }
                    try limits.take(bytes: Int64(count), of: suffix)
                    limits.members += 1
                    try SandboxWriter.write(buffer[..<count], to: file)
                }
            }
        }
    }

    private func run(_ work: @escaping @Sendable () throws(ClusterError) -> Void) async throws(ClusterError) {
        try await OwnThread.run("files") { Result { () throws(ClusterError) in try work() } }.get()
    }

    private func decompress(
        _ input: Int32, _ argv: [String], into work: @escaping @Sendable (Int32) throws(ClusterError) -> Void
    ) async throws(ClusterError) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw ClusterError(.io, "can't make a pipe: \(String(cString: strerror(errno)))") }
        let (output, writing) = (ends[0], ends[1])
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let process: Child
        do throws(ClusterError) {
            var spec = ProcessSpec(argv, environment: environment)
            (spec.input, spec.output, spec.error) = (.descriptor(input), .descriptor(writing), .null)
            process = try await ProcessReaper.shared.spawn(spec)
        } catch {
            close(output)
            close(writing)
            throw ClusterError(.io, "it needs the program \(argv[0]) to be unpacked", cause: error)
        }
        close(writing)
        let result = await OwnThread.run("files") { Result { () throws(ClusterError) in try work(output) } }
        close(output)
        let exit = await process.wait()
        try result.get()
        guard exit.isSuccess else { throw ClusterError(.invalid, "\(argv[0]) can't unpack it; is it damaged?") }
    }
}
