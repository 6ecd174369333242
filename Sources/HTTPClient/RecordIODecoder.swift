/// Takes Mesos' RecordIO framing apart: each record is its length in decimal digits, a line feed, and that many bytes
/// (Mesos documentation, "RecordIO response format").
public struct RecordIODecoder: Sendable {
    /// What makes a stream unreadable.
    public enum Failure: Error, Sendable, Hashable {
        /// A length that isn't a decimal number.
        case malformedLength
        /// A record that is longer than allowed, and the length.
        case tooLong(Int)
    }

    private let maxRecord: Int
    private var buffer: [UInt8] = []
    private var start = 0

    /// A decoder that takes records of at most `maxRecord` bytes.
    public init(maxRecord: Int = 64 << 20) { self.maxRecord = maxRecord }

    /// Takes bytes as they come, and returns the records that are now complete.
    public mutating func feed(_ bytes: some Sequence<UInt8>) throws(Failure) -> [[UInt8]] {
        buffer.append(contentsOf: bytes)
        var records: [[UInt8]] = []
        while let (length, bodyStart) = try header(), buffer.count - bodyStart >= length {
            records.append(Array(buffer[bodyStart..<bodyStart + length]))
            start = bodyStart + length
        }
        if start > 0 {
            buffer.removeFirst(start)
            start = 0
        }
        return records
    }

    /// True where a record has begun and not ended.
    public var isInsideRecord: Bool { !buffer.isEmpty }

    private func header() throws(Failure) -> (length: Int, bodyStart: Int)? {
        var length = 0
        var index = start
        while index < buffer.count {
            let byte = buffer[index]
            if byte == UInt8(ascii: "\n"), index > start { return (length, index + 1) }
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { throw .malformedLength }
            length = length * 10 + Int(byte - UInt8(ascii: "0"))
            guard length <= maxRecord else { throw .tooLong(length) }
            index += 1
        }
        return nil
    }

    /// Frames a record.
    public static func encode(_ record: [UInt8]) -> [UInt8] { Array("\(record.count)\n".utf8) + record }
}
