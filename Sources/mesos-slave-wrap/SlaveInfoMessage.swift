import Mesos

/// Reads upstream's checkpoint of the agent: a length of 4 bytes in the host's order, then a `SlaveInfo` message (mesos.proto; Mesos
/// source, `stout/protobuf.hpp`). Only the fields that must not change between two starts.
enum SlaveInfoMessage {
    /// Reads a file's content; nil where it has another form.
    static func read(_ bytes: [UInt8]) -> AgentInfo? {
        guard bytes.count > 4 else { return nil }
        let length = bytes[..<4].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length == bytes.count - 4, let fields = fields(bytes[4...]) else { return nil }
        guard let hostname = fields.text(1) else { return nil }
        var resources = Resources()
        for field in fields.messages(3) { if let resource = resource(field) { resources.add(resource) } }
        return AgentInfo(
            hostname: hostname, port: fields.number(8).map { Int($0) } ?? 5051, resources: resources,
            attributes: fields.messages(5).compactMap(attribute), id: fields.messages(6).first?.text(1))
    }

    /// The fields of one message, in their order.
    private struct Fields {
        var list: [(number: Int, value: Value)] = []

        enum Value {
            case number(UInt64)
            case bytes(ArraySlice<UInt8>)
        }

        func text(_ number: Int) -> String? {
            for field in list where field.number == number {
                if case .bytes(let bytes) = field.value { return String(decoding: bytes, as: UTF8.self) }
            }
            return nil
        }

        func number(_ number: Int) -> UInt64? {
            for field in list where field.number == number { if case .number(let value) = field.value { return value } }
            return nil
        }

        func messages(_ number: Int) -> [Fields] {
            list.compactMap { field in
                guard field.number == number, case .bytes(let bytes) = field.value else { return nil }
                return SlaveInfoMessage.fields(bytes)
            }
        }

        func texts(_ number: Int) -> [String] {
            list.compactMap { field in
                guard field.number == number, case .bytes(let bytes) = field.value else { return nil }
                return String(decoding: bytes, as: UTF8.self)
            }
        }
    }

    private static func resource(_ fields: Fields) -> Resource? {
        guard let name = fields.text(1) else { return nil }
        let role = fields.text(6) ?? "*"
        switch fields.number(2) {
        case 0: return Resource(name, .scalar(scalar(fields.messages(3).first)), role: role)
        case 1: return Resource(name, .ranges(ranges(fields.messages(4).first)), role: role)
        case 2: return Resource(name, .set(Set(fields.messages(5).first?.texts(1) ?? [])), role: role)
        default: return nil
        }
    }

    private static func attribute(_ fields: Fields) -> Attribute? {
        guard let name = fields.text(1) else { return nil }
        switch fields.number(2) {
        case 0: return Attribute(name, .scalar(scalar(fields.messages(3).first)))
        case 1: return Attribute(name, .ranges(ranges(fields.messages(4).first)))
        case 2: return Attribute(name, .set(fields.messages(6).first?.texts(1) ?? []))
        case 3: return Attribute(name, .text(fields.messages(5).first?.text(1) ?? ""))
        default: return nil
        }
    }

    private static func scalar(_ fields: Fields?) -> Scalar { Scalar(Double(bitPattern: fields?.number(1) ?? 0)) }

    private static func ranges(_ fields: Fields?) -> ValueRanges {
        ValueRanges(
            (fields?.messages(1) ?? []).compactMap { range in
                guard let begin = range.number(1), let end = range.number(2), begin <= end else { return nil }
                return begin...end
            })
    }

    private static func fields(_ bytes: ArraySlice<UInt8>) -> Fields? {
        var fields = Fields()
        var rest = bytes
        while !rest.isEmpty {
            guard let key = varint(&rest) else { return nil }
            let number = Int(truncatingIfNeeded: key >> 3)
            switch key & 7 {
            case 0:
                guard let value = varint(&rest) else { return nil }
                fields.list.append((number, .number(value)))
            case 1, 5:
                let width = key & 7 == 1 ? 8 : 4
                guard rest.count >= width else { return nil }
                fields.list.append((number, .number(rest.prefix(width).reversed().reduce(0) { $0 << 8 | UInt64($1) })))
                rest = rest.dropFirst(width)
            case 2:
                guard let length = varint(&rest), length <= UInt64(rest.count) else { return nil }
                fields.list.append((number, .bytes(rest.prefix(Int(length)))))
                rest = rest.dropFirst(Int(length))
            default: return nil
            }
        }
        return fields
    }

    private static func varint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = bytes.popFirst() else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
        }
        return nil
    }
}
