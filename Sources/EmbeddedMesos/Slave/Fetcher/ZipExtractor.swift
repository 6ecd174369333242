import ClusterCore
import Glibc

/// Unpacks a zip archive (APPNOTE.TXT 6.3: stored and deflated members, no zip64, no encryption) below one directory.
struct ZipExtractor {
    private let bytes: ArraySlice<UInt8>
    private let writer: SandboxWriter
    private var limits: UnpackLimits

    /// - Parameter bytes: the whole archive.
    init(_ bytes: ArraySlice<UInt8>, writer: SandboxWriter, limits: UnpackLimits = UnpackLimits()) {
        self.bytes = bytes
        self.writer = writer
        self.limits = limits
    }

    private struct Member {
        let name: String
        let isEncrypted: Bool
        let method: Int
        let compressed: Int
        let size: Int
        let mode: mode_t
        let isLink: Bool
        let headerOffset: Int
    }

    private var damaged: ClusterError { ClusterError(.invalid, "it is not a zip archive, or a damaged one") }

    private func number(_ offset: Int, _ count: Int) throws(ClusterError) -> Int {
        let start = bytes.startIndex + offset
        guard offset >= 0, start + count <= bytes.endIndex else { throw damaged }
        return bytes[start..<start + count].enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
    }

    /// Unpacks all members. Blocks.
    mutating func run() throws(ClusterError) {
        for member in try members() { try unpack(member) }
    }

    private func members() throws(ClusterError) -> [Member] {
        // The closing record stands before a comment of at most 65,535 bytes.
        var end = bytes.count - 22
        let lowest = max(0, end - 65535)
        while end >= lowest, try number(end, 4) != 0x0605_4b50 { end -= 1 }
        guard end >= lowest, end >= 0 else { throw damaged }
        let count = try number(end + 10, 2)
        var offset = try number(end + 16, 4)
        guard count != 0xFFFF, offset != 0xFFFF_FFFF else { throw ClusterError(.invalid, "it is a zip64 archive, which is not supported") }
        var members: [Member] = []
        for _ in 0..<count {
            guard try number(offset, 4) == 0x0201_4b50 else { throw damaged }
            let nameLength = try number(offset + 28, 2)
            let isUnix = try number(offset + 5, 1) == 3
            let attributes = try number(offset + 38, 4) >> 16
            let start = bytes.startIndex + offset + 46
            guard start + nameLength <= bytes.endIndex else { throw damaged }
            members.append(
                Member(
                    name: String(decoding: bytes[start..<start + nameLength], as: UTF8.self),
                    isEncrypted: try number(offset + 8, 2) & 1 != 0, method: try number(offset + 10, 2),
                    compressed: try number(offset + 20, 4), size: try number(offset + 24, 4),
                    mode: isUnix && attributes & 0o777 != 0 ? mode_t(attributes & 0o777) : 0o644,
                    isLink: isUnix && attributes & 0o170000 == 0o120000, headerOffset: try number(offset + 42, 4)))
            offset += 46 + nameLength + (try number(offset + 30, 2)) + (try number(offset + 32, 2))
        }
        return members
    }

    private mutating func unpack(_ member: Member) throws(ClusterError) {
        try limits.take(bytes: Int64(member.size), of: member.name)
        guard let parts = SafeName.components(ofRelative: member.name) else {
            throw ClusterError(.invalid, "the member '\(member.name)' lies outside the sandbox")
        }
        if member.name.hasSuffix("/") { return try writer.makeDirectory(parts) }
        guard !member.isEncrypted else { throw ClusterError(.invalid, "the member '\(member.name)' is encrypted") }
        let data = try data(of: member)
        if member.isLink {
            var target: [UInt8] = []
            try expand(member, data) { (piece) throws(ClusterError) in target += piece }
            return try writer.createLink(parts, target: String(decoding: target, as: UTF8.self))
        }
        let file = try writer.createFile(parts, mode: member.mode)
        defer { close(file) }
        try expand(member, data) { (piece) throws(ClusterError) in try SandboxWriter.write(piece, to: file) }
    }

    private func data(of member: Member) throws(ClusterError) -> ArraySlice<UInt8> {
        let header = member.headerOffset
        guard try number(header, 4) == 0x0403_4b50 else { throw damaged }
        let offset = header + 30 + (try number(header + 26, 2)) + (try number(header + 28, 2))
        let start = bytes.startIndex + offset
        guard start + member.compressed <= bytes.endIndex else { throw damaged }
        return bytes[start..<start + member.compressed]
    }

    private func expand(
        _ member: Member, _ data: ArraySlice<UInt8>, emit: @escaping ([UInt8]) throws(ClusterError) -> Void
    ) throws(ClusterError) {
        switch member.method {
        case 0:
            guard data.count == member.size else { throw damaged }
            try emit(Array(data))
        case 8:
            var inflate = Inflate(data, limit: Int64(member.size), emit: emit)
            guard try inflate.run() == member.size else { throw damaged }
        default:
            throw ClusterError(.invalid, "the member '\(member.name)' is compressed by method \(member.method), which is not supported")
        }
    }
}
