import ClusterCore
import EngineSupport
import Glibc
import HTTPClient
import JSON

/// `/files/browse`, `/files/read`, `/files/download` (Mesos source, `files/files.cpp`): of sandboxes, and of nothing else.
///
/// A path is given as upstream shows it in `directory`: `<work_dir>/slaves/…/runs/<container>/…`. It is opened part by part, from the
/// directory of all sandboxes, without following a link, but for `runs/latest`: neither `..` nor a link that a task has made leads out.
struct SandboxFiles: Sendable {
    let workDirectory: String

    /// Bytes that one `read` returns at most (as upstream: 16 pages).
    private static let longestRead = 16 * 4096

    /// `?path=` → a list of `{gid,mode,mtime,nlink,path,size,uid}`.
    func browse(_ request: EngineRequest) async -> EngineResponse {
        guard let path = request.query("path") else { return Self.bad("Expecting 'path=value' in query.\n") }
        guard let (descriptor, status) = open(path) else { return .empty(status: 404) }
        defer { close(descriptor) }
        guard status.kind == .directory else { return .json([]) }
        let base = path.hasSuffix("/") ? String(path.dropLast()) : path
        let entries = (try? Files.list("/proc/self/fd/\(descriptor)")) ?? []
        return .json(
            .array(
                entries.compactMap { name in
                    FileStatus(name, in: descriptor).map { Self.view($0, path: "\(base)/\(name)") }
                }))
    }

    /// `?path=&offset=&length=` → `{"data":…,"offset":…}`; offset -1 (or none) asks for the size.
    func read(_ request: EngineRequest) async -> EngineResponse {
        guard let path = request.query("path") else { return Self.bad("Expecting 'path=value' in query.\n") }
        var offset: Int64 = -1
        if let text = request.query("offset") {
            guard let value = Int64(text) else { return Self.bad("Failed to parse offset: Failed to convert '\(text)' to number.\n") }
            guard value >= -1 else { return Self.bad("Negative offset provided: \(value).\n") }
            offset = value
        }
        var length = Self.longestRead
        if let text = request.query("length"), !text.isEmpty {
            guard let value = Int(text) else { return Self.bad("Failed to parse length: Failed to convert '\(text)' to number.\n") }
            // -1 is what Mesos' web interface gives for "as much as you like".
            guard value >= -1 else { return Self.bad("Negative length provided: \(value).\n") }
            if value >= 0 { length = min(value, Self.longestRead) }
        }
        guard let (descriptor, status) = open(path) else { return .empty(status: 404) }
        defer { close(descriptor) }
        guard status.kind == .file else { return Self.bad("Cannot read a directory.\n") }
        if offset == -1 { offset = status.size; length = 0 }
        var buffer = [UInt8](repeating: 0, count: length)
        let count = length > 0 && offset < status.size ? pread(descriptor, &buffer, length, off_t(offset)) : 0
        guard count >= 0 else { return .empty(status: 500) }
        return .json(["data": .string(String(decoding: buffer[..<count], as: UTF8.self)), "offset": .int(offset)])
    }

    /// `?path=` → the file.
    func download(_ request: EngineRequest) async -> EngineResponse {
        guard let path = request.query("path") else { return Self.bad("Expecting 'path=value' in query.\n") }
        guard let (descriptor, status) = open(path) else { return .empty(status: 404) }
        guard status.kind == .file else {
            close(descriptor)
            return Self.bad("Cannot download a directory.\n")
        }
        let name = path.split(separator: "/").last.map { String($0.filter { $0 != "\"" && $0 != "\\" && !$0.isNewline }) } ?? "file"
        let headers: HTTPHeaders = ["Content-Type": "application/octet-stream", "Content-Disposition": "attachment; filename=\"\(name)\""]
        if status.size <= 1 << 20 {
            defer { close(descriptor) }
            var buffer = [UInt8](repeating: 0, count: Int(status.size))
            let count = max(0, pread(descriptor, &buffer, buffer.count, 0))
            return EngineResponse(status: 200, headers: headers, body: .bytes(Array(buffer[..<count])))
        }
        return .stream(Self.stream(descriptor, size: status.size), type: "application/octet-stream", headers: headers)
    }

    /// `/files/debug`: what can be browsed.
    func debug(_ request: EngineRequest) async -> EngineResponse {
        .json([("\(workDirectory)/slaves"): .string("\(workDirectory)/slaves")])
    }

    private static func stream(_ descriptor: Int32, size: Int64) -> ByteStream {
        let stream = ByteStream()
        Task {
            defer {
                stream.finish()
                close(descriptor)
            }
            var offset: Int64 = 0
            while offset < size {
                let from = offset
                let chunk = await OwnThread.run("files") {
                    var buffer = [UInt8](repeating: 0, count: 256 << 10)
                    let count = pread(descriptor, &buffer, buffer.count, off_t(from))
                    return Array(buffer[..<max(0, count)])
                }
                guard !chunk.isEmpty, stream.send(chunk) else { return }
                offset += Int64(chunk.count)
            }
        }
        return stream
    }

    /// Opens a file or directory of a sandbox for reading; nil for anything else.
    func open(_ path: String) -> (descriptor: Int32, status: FileStatus)? {
        let base = "\(workDirectory)/slaves/"
        guard path.hasPrefix(base), let parts = SafeName.components(ofRelative: String(path.dropFirst(base.count))), parts.count >= 7 else {
            return nil
        }
        // <agent>/frameworks/<framework>/executors/<task>/runs/<container>/…
        guard parts[1] == "frameworks", parts[3] == "executors", parts[5] == "runs" else { return nil }
        var current = Glibc.open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        for (index, part) in parts.enumerated() {
            guard current >= 0 else { return nil }
            // The one link that the slave makes; it names a sibling.
            let isLatest = index == 6 && part == "latest"
            let next = openat(current, part, O_RDONLY | O_NONBLOCK | O_CLOEXEC | (isLatest ? 0 : O_NOFOLLOW))
            close(current)
            current = next
        }
        guard current >= 0 else { return nil }
        guard let status = FileStatus(descriptor: current), status.kind == .file || status.kind == .directory else {
            close(current)
            return nil
        }
        return (current, status)
    }

    private static func bad(_ text: String) -> EngineResponse { .text(text, status: 400) }

    private static func view(_ status: FileStatus, path: String) -> JSON {
        [
            "gid": .string(AccountName.group(status.gid)), "mode": .string(mode(status)), "mtime": .double(status.modified.rounded(.down)),
            "nlink": .number(status.links), "path": .string(path), "size": .int(status.size), "uid": .string(AccountName.user(status.uid)),
        ]
    }

    private static func mode(_ status: FileStatus) -> String {
        let letters = Array("rwxrwxrwx")
        var text = status.kind == .directory ? "d" : status.kind == .link ? "l" : "-"
        for index in 0..<9 { text.append(status.permissions & (1 << (8 - index)) != 0 ? letters[index] : "-") }
        return text
    }
}
