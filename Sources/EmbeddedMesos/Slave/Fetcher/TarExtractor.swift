import ClusterCore
import Glibc

/// Unpacks a tar stream (POSIX.1-1988 ustar, pax headers and GNU's long names) below one directory. Members that would land outside,
/// devices, and what it does not know are an error.
struct TarExtractor {
    private let input: Int32
    private let writer: SandboxWriter
    private var limits: UnpackLimits
    private var buffer = [UInt8](repeating: 0, count: 64 << 10)

    /// Reads from a descriptor, which may be a pipe.
    init(input: Int32, writer: SandboxWriter, limits: UnpackLimits = UnpackLimits()) {
        self.input = input
        self.writer = writer
        self.limits = limits
    }

    /// Unpacks all members. Blocks.
    mutating func run() throws(ClusterError) {
        var longName: String?
        var longLink: String?
        var pax: [String: String] = [:]
        while let header = try TarHeader(block: try block()) {
            switch header.type {
            case "L": longName = try text(header.size)
            case "K": longLink = try text(header.size)
            case "x": pax = TarHeader.records(try bytes(header.size))
            case "g": _ = try bytes(header.size)
            default:
                let name = pax["path"] ?? longName ?? header.name
                let link = pax["linkpath"] ?? longLink ?? header.link
                let size =
                    try pax["size"].map { (text) throws(ClusterError) in
                        guard let size = Int64(text), size >= 0 else { throw ClusterError(.invalid, "the size of '\(name)' is malformed") }
                        return size
                    } ?? header.size
                if pax.keys.contains(where: { $0.hasPrefix("GNU.sparse") }) {
                    throw ClusterError(.invalid, "'\(name)' is a sparse file, which is not supported")
                }
                try unpack(header, name: name, link: link, size: size)
                (longName, longLink, pax) = (nil, nil, [:])
            }
        }
        // The writer of a pipe must not die of our leaving before its padding.
        while try fill(buffer.count) > 0 {}
    }

    private mutating func unpack(_ header: TarHeader, name: String, link: String, size: Int64) throws(ClusterError) {
        guard let parts = SafeName.components(ofRelative: name) else {
            throw ClusterError(.invalid, "the member '\(name)' lies outside the sandbox")
        }
        switch header.type {
        case "5":
            try limits.take(bytes: 0, of: name)
            try writer.makeDirectory(parts)
            _ = try bytes(size)
        case "0", "\0", "7":
            try limits.take(bytes: size, of: name)
            // Old archives mark a directory by its name alone.
            if name.hasSuffix("/") { return try writer.makeDirectory(parts) }
            let file = try writer.createFile(parts, mode: header.mode & 0o777)
            defer { close(file) }
            try copy(size, to: file)
        case "2":
            try limits.take(bytes: 0, of: name)
            try writer.createLink(parts, target: link)
        case "1":
            try limits.take(bytes: 0, of: name)
            guard let target = SafeName.components(ofRelative: link) else {
                throw ClusterError(.invalid, "the link '\(name)' leads to '\(link)', outside the sandbox")
            }
            try writer.createHardLink(parts, to: target)
        default:
            throw ClusterError(.invalid, "the member '\(name)' is a device or of an unknown type ('\(header.type)')")
        }
    }

    private mutating func copy(_ size: Int64, to file: Int32) throws(ClusterError) {
        var left = size
        while left > 0 {
            let count = try fill(Int(min(left, Int64(buffer.count))))
            guard count > 0 else { throw ClusterError(.invalid, "the archive ends in the middle of a member") }
            try SandboxWriter.write(buffer[..<count], to: file)
            left -= Int64(count)
        }
        try skip(Self.padding(size))
    }

    private mutating func text(_ size: Int64) throws(ClusterError) -> String {
        String(decoding: try bytes(size).prefix { $0 != 0 }, as: UTF8.self)
    }

    private mutating func bytes(_ size: Int64) throws(ClusterError) -> [UInt8] {
        guard size <= 1 << 20 else { throw ClusterError(.invalid, "the archive has a header of \(size) bytes") }
        var bytes: [UInt8] = []
        while bytes.count < Int(size) {
            let count = try fill(min(Int(size) - bytes.count, buffer.count))
            guard count > 0 else { throw ClusterError(.invalid, "the archive ends in the middle of a header") }
            bytes += buffer[..<count]
        }
        try skip(Self.padding(size))
        return bytes
    }

    private mutating func block() throws(ClusterError) -> [UInt8] {
        var block: [UInt8] = []
        while block.count < 512 {
            let count = try fill(512 - block.count)
            guard count > 0 else {
                // An archive without its closing blocks is complete none the less.
                if block.isEmpty { return [UInt8](repeating: 0, count: 512) }
                throw ClusterError(.invalid, "the archive ends in the middle of a header")
            }
            block += buffer[..<count]
        }
        return block
    }

    private mutating func skip(_ count: Int) throws(ClusterError) {
        var left = count
        while left > 0 {
            let count = try fill(min(left, buffer.count))
            guard count > 0 else { return }
            left -= count
        }
    }

    private mutating func fill(_ count: Int) throws(ClusterError) -> Int {
        while true {
            let got = read(input, &buffer, count)
            if got >= 0 { return got }
            guard errno == EINTR else { throw ClusterError(.io, "can't read the archive: \(String(cString: strerror(errno)))") }
        }
    }

    private static func padding(_ size: Int64) -> Int { Int((512 - size % 512) % 512) }
}

/// One header block of a tar archive.
struct TarHeader: Sendable, Hashable {
    let name: String
    let link: String
    let mode: mode_t
    let size: Int64
    let type: Character

    /// Reads 512 bytes; nil for the closing block of zeros.
    init?(block: [UInt8]) throws(ClusterError) {
        if block.allSatisfy({ $0 == 0 }) { return nil }
        // The checksum counts its own field as spaces.
        let sum = block.enumerated().reduce(0) { $0 + ((148..<156).contains($1.offset) ? 32 : Int($1.element)) }
        guard let stated = Self.number(block[148..<156]), stated == Int64(sum) else {
            throw ClusterError(.invalid, "it is not a tar archive, or a damaged one")
        }
        guard let mode = Self.number(block[100..<108]), let size = Self.number(block[124..<136]), size >= 0 else {
            throw ClusterError(.invalid, "the archive has a malformed header")
        }
        let isUstar = block[257..<262].elementsEqual("ustar".utf8)
        let isGNU = isUstar && block[262] == UInt8(ascii: " ")
        let prefix = isUstar && !isGNU ? Self.text(block[345..<500]) : ""
        let short = Self.text(block[0..<100])
        name = prefix.isEmpty ? short : "\(prefix)/\(short)"
        link = Self.text(block[157..<257])
        self.mode = mode_t(truncatingIfNeeded: mode)
        self.size = size
        type = Character(Unicode.Scalar(block[156]))
    }

    /// The records of a pax header: `<length> <key>=<value>\n`.
    static func records(_ bytes: [UInt8]) -> [String: String] {
        var records: [String: String] = [:]
        var rest = bytes[...]
        while let space = rest.firstIndex(of: UInt8(ascii: " ")),
            let length = Int(String(decoding: rest[..<space], as: UTF8.self)), length > 3, rest.startIndex + length <= rest.endIndex,
            rest.startIndex + length - 1 > space
        {
            let record = rest[(space + 1)..<(rest.startIndex + length - 1)]
            if let equals = record.firstIndex(of: UInt8(ascii: "=")) {
                let key = String(decoding: record[..<equals], as: UTF8.self)
                records[key] = String(decoding: record[(equals + 1)...], as: UTF8.self)
            }
            rest = rest[(rest.startIndex + length)...]
        }
        return records
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }

    // Octal digits, or GNU's base 256 where the first bit is set.
    private static func number(_ bytes: ArraySlice<UInt8>) -> Int64? {
        if let first = bytes.first, first & 0x80 != 0 {
            guard first & 0x40 == 0 else { return nil }
            var value = Int64(first & 0x3F)
            for byte in bytes.dropFirst() {
                guard value < 1 << 54 else { return nil }
                value = value << 8 | Int64(byte)
            }
            return value
        }
        let digits = bytes.drop { $0 == 32 }.prefix { $0 != 0 && $0 != 32 }
        return digits.isEmpty ? 0 : Int64(String(decoding: digits, as: UTF8.self), radix: 8)
    }
}
