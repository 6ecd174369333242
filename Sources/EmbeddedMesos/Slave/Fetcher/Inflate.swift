import ClusterCore

/// Decompresses a DEFLATE stream (RFC 1951), as zip archives hold them.
struct Inflate {
    private let input: ArraySlice<UInt8>
    private var position: Int
    private var bits: UInt32 = 0
    private var bitCount = 0
    private var window = [UInt8](repeating: 0, count: 32768)
    private var written = 0
    private var pending: [UInt8] = []
    private let limit: Int64
    private let emit: ([UInt8]) throws(ClusterError) -> Void

    /// - Parameters:
    ///   - limit: more bytes of output than this are an error.
    ///   - emit: takes the output piece by piece.
    init(_ input: ArraySlice<UInt8>, limit: Int64, emit: @escaping ([UInt8]) throws(ClusterError) -> Void) {
        self.input = input
        self.limit = limit
        self.emit = emit
        position = input.startIndex
    }

    /// Decompresses everything and returns how many bytes it became.
    mutating func run() throws(ClusterError) -> Int {
        var isLast = false
        while !isLast {
            isLast = try take(1) == 1
            switch try take(2) {
            case 0: try stored()
            case 1: try codes(Self.fixedLiterals, Self.fixedDistances)
            case 2:
                let (literals, distances) = try tables()
                try codes(literals, distances)
            default: throw damaged
            }
        }
        if !pending.isEmpty { try emit(pending) }
        return written
    }

    private var damaged: ClusterError { ClusterError(.invalid, "compressed data are damaged") }

    private mutating func take(_ count: Int) throws(ClusterError) -> Int {
        while bitCount < count {
            guard position < input.endIndex else { throw damaged }
            bits |= UInt32(input[position]) << bitCount
            position += 1
            bitCount += 8
        }
        let value = bits & ((1 << count) - 1)
        bits >>= count
        bitCount -= count
        return Int(value)
    }

    private mutating func put(_ byte: UInt8) throws(ClusterError) {
        window[written & 32767] = byte
        written += 1
        pending.append(byte)
        if pending.count == 65536 {
            guard Int64(written) <= limit else { throw ClusterError(.invalid, "compressed data become larger than they say") }
            try emit(pending)
            pending.removeAll(keepingCapacity: true)
        }
    }

    private mutating func stored() throws(ClusterError) {
        (bits, bitCount) = (0, 0)
        guard position + 4 <= input.endIndex else { throw damaged }
        let length = Int(input[position]) | Int(input[position + 1]) << 8
        let complement = Int(input[position + 2]) | Int(input[position + 3]) << 8
        position += 4
        guard length == ~complement & 0xFFFF, position + length <= input.endIndex else { throw damaged }
        for byte in input[position..<position + length] { try put(byte) }
        position += length
    }

    private struct Codes {
        var counts = [Int](repeating: 0, count: 16)
        var symbols: [Int] = []

        init(lengths: [Int]) {
            for length in lengths { counts[length] += 1 }
            counts[0] = 0
            for length in 1...15 { for (symbol, its) in lengths.enumerated() where its == length { symbols.append(symbol) } }
        }
    }

    private static let fixedLiterals = Codes(
        lengths: (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 })
    private static let fixedDistances = Codes(lengths: [Int](repeating: 5, count: 30))

    // Canonical Huffman: a code of n bits is told from longer ones by counting, without a table of codes.
    private mutating func symbol(_ codes: Codes) throws(ClusterError) -> Int {
        var code = 0
        var first = 0
        var index = 0
        for length in 1...15 {
            code |= try take(1)
            let count = codes.counts[length]
            if code - count < first { return codes.symbols[index + code - first] }
            index += count
            first = (first + count) << 1
            code <<= 1
        }
        throw damaged
    }

    private mutating func tables() throws(ClusterError) -> (Codes, Codes) {
        let literalCount = try take(5) + 257
        let distanceCount = try take(5) + 1
        let lengthCount = try take(4) + 4
        guard literalCount <= 286, distanceCount <= 30 else { throw damaged }
        var lengths = [Int](repeating: 0, count: 19)
        for place in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15].prefix(lengthCount) {
            lengths[place] = try take(3)
        }
        let lengthCodes = Codes(lengths: lengths)
        var all: [Int] = []
        while all.count < literalCount + distanceCount {
            switch try symbol(lengthCodes) {
            case let length where length < 16: all.append(length)
            case 16:
                guard let last = all.last else { throw damaged }
                all += [Int](repeating: last, count: try take(2) + 3)
            case 17: all += [Int](repeating: 0, count: try take(3) + 3)
            default: all += [Int](repeating: 0, count: try take(7) + 11)
            }
        }
        guard all.count == literalCount + distanceCount, all[256] != 0 else { throw damaged }
        return (Codes(lengths: Array(all[..<literalCount])), Codes(lengths: Array(all[literalCount...])))
    }

    private static let lengthBase = [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
    ]
    private static let lengthExtra = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
    private static let distanceBase = [
        1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289,
        16385, 24577,
    ]
    private static let distanceExtra = [
        0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
    ]

    private mutating func codes(_ literals: Codes, _ distances: Codes) throws(ClusterError) {
        while true {
            let value = try symbol(literals)
            if value < 256 {
                try put(UInt8(value))
                continue
            }
            if value == 256 { return }
            guard value - 257 < 29 else { throw damaged }
            let length = Self.lengthBase[value - 257] + (try take(Self.lengthExtra[value - 257]))
            let place = try symbol(distances)
            guard place < 30 else { throw damaged }
            let distance = Self.distanceBase[place] + (try take(Self.distanceExtra[place]))
            guard distance <= written else { throw damaged }
            for _ in 0..<length { try put(window[(written - distance) & 32767]) }
        }
    }
}
